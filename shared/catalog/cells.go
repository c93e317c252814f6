package catalog

import (
	"strings"

	"github.com/strongroom-dev/strongroom/shared/lazyregexp"
)

// gap separates cells: two or more white spaces, or a tab.
var gap = lazyregexp.New(`[\s\p{Zs}]{2,}|\t`)

// cells returns the cells of a line without its comment and without empty cells at
// both ends. indented is true if the first cell is empty.
func cells(line string) (r row, indented bool) {
	if line == "|" || strings.HasPrefix(line, "| ") || strings.HasPrefix(line, "|\t") {
		r = bars(line)
	} else {
		r = gap.Split(strings.TrimRight(line, " \t"), -1)
		if strings.HasPrefix(line, " ") && r[0] != "" {
			r = append(row{""}, r...) // treat one leading space as an empty cell
		}
	}
	for i := range r {
		r[i] = strings.TrimSpace(r[i])
		if strings.HasPrefix(r[i], "#") {
			r = r[:i]
			break
		}
	}
	for len(r) > 0 && r[len(r)-1] == "" {
		r = r[:len(r)-1]
	}
	for len(r) > 0 && r[0] == "" {
		r, indented = r[1:], true
	}
	return r, indented
}

// bars splits a line at pipes that have a space on both sides, or are its last
// character.
func bars(line string) (r row) {
	start := len("|")
	for i := start; i < len(line); i++ {
		if line[i] == '|' && isBlank(line[i-1]) && (i+1 == len(line) || isBlank(line[i+1])) {
			r = append(r, line[start:i])
			start = i + 1
		}
	}
	return append(r, line[start:])
}

func isBlank(c byte) bool { return c == ' ' || c == '\t' }

// escapes are the characters that have a meaning after a backslash. Any other
// character stands for itself.
var escapes = map[byte]byte{'n': '\n', 'r': '\r', 't': '\t'}

// unescape replaces escape sequences, except character codes such as \xff.
func unescape(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' || i == len(s)-1 || strings.IndexByte("xuU", s[i+1]) >= 0 {
			b.WriteByte(s[i])
			continue
		}
		i++
		if c, ok := escapes[s[i]]; ok {
			b.WriteByte(c)
		} else {
			b.WriteByte(s[i])
		}
	}
	return b.String()
}
