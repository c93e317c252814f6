package view

import (
	"bytes"
	"strings"

	"github.com/strongroom-dev/strongroom/shared/lazyregexp"
)

// sgr matches a sequence that sets colors and styles (Select Graphic Rendition): ECMA-48
// 8.3.117.
var sgr = lazyregexp.New("^\x1b\\[([0-9;:]{0,60})m")

// sgrStart matches the start of such a sequence.
var sgrStart = lazyregexp.New("^\x1b(?:\\[[0-9;:]{0,60})?$")

const (
	resetStyle = "\x1b[0m"
	newLine    = "\r\x1b[K" // starts the line again and erases it
)

// conceal is the style that hides text.
const conceal = "8"

// colors returns the length of the style sequence at the start of data: 0 if none
// exists, or if it would hide text; -1 if the sequence may not be complete.
func colors(data []byte) int {
	if sgrStart.Match(data) {
		return -1
	}
	m := sgr.FindSubmatch(data)
	if m == nil || hidesText(string(m[1])) {
		return 0
	}
	return len(m[0])
}

// hidesText reports whether the parameters of a style sequence include conceal. 38, 48
// and 58 are followed by the parameters of a color.
func hidesText(parameters string) bool {
	all := strings.Split(parameters, ";")
	for i := 0; i < len(all); i++ {
		switch p := strings.TrimLeft(all[i], "0"); {
		case p == conceal:
			return true
		case (p == "38" || p == "48" || p == "58") && i+1 < len(all):
			i += map[string]int{"5": 2, "2": 4}[strings.TrimLeft(all[i+1], "0")]
		}
	}
	return false
}

// appendStyle appends a style sequence to the text.
func (e *Escaper) appendStyle(sequence []byte) {
	e.text = append(e.text, sequence...)
	e.styled = !bytes.Equal(sequence, []byte(resetStyle)) && !bytes.Equal(sequence, []byte("\x1b[m"))
}

// clearLine starts the line on the terminal again. What is incomplete is written first.
func (e *Escaper) clearLine() error {
	styled := e.styled
	if err := e.Flush(); err != nil {
		return err
	}
	e.styled = styled
	_, err := e.out.Write([]byte(newLine))
	return err
}
