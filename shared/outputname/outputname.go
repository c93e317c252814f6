// Package outputname encodes names of files as names of outputs, and back.
//
// A file may have any name. The name of an output is an element of an object's name,
// of a URL and of paths in the audit log, so it has few characters:
//
//	A-Z a-z 0-9 . _ -   stand for themselves; a dot or a hyphen not at the start
//	~XX                 is any other byte, as two upper-case hexadecimal digits
//
// The slash between directories is such a byte too. The form is the only one of its
// name, so two files never become the same output:
//
//	report (1).pdf  report~20~281~29.pdf
//	résumé.txt      r~C3~A9sum~C3~A9.txt
//	logs/.hidden    logs~2F.hidden
//	stdout.log      stdout.log
//
// The decision record is infra/adr/0033-names-of-files-are-encoded.md.
package outputname

import (
	"errors"
	"fmt"
	"path"
	"strings"
	"unicode"

	"github.com/strongroom-dev/strongroom/shared/lazyregexp"
	"github.com/strongroom-dev/strongroom/shared/run"
)

// MaxBytes is the maximum length of an output's name. 1,000 of them, the most that a
// run has, leave more than half of a Firestore document of 1 MiB free:
// cloud.google.com/firestore/quotas
const MaxBytes = 400

// Pattern matches the names of outputs, and also names that are not in the only form.
const Pattern = `^([A-Za-z0-9_]|~[0-9A-F]{2})([A-Za-z0-9._-]|~[0-9A-F]{2})*$`

var form = lazyregexp.New(Pattern)

// Errors of names.
var (
	ErrName = fmt.Errorf("an output name has 1 to %d characters from A-Z, a-z, 0-9, dot, underscore and hyphen, and does not start with a dot or hyphen; write every other byte, and only those, as ~ and two upper-case hexadecimal digits", MaxBytes)
	ErrLong = fmt.Errorf("the name is too long: it needs more than %d characters, because every byte other than A-Z, a-z, 0-9, dot, underscore and hyphen needs three", MaxBytes)
	errNone = errors.New("the name is empty")
)

// Encode returns the name of the output for a file. A path has slashes. Errors: ErrLong
// if the output's name would be too long.
func Encode(file string) (string, error) {
	if file == "" {
		return "", errNone
	}
	var name strings.Builder
	for i := range len(file) {
		if c := file[i]; isPlain(c, i) {
			name.WriteByte(c)
		} else {
			fmt.Fprintf(&name, "~%02X", c)
		}
	}
	if name.Len() > MaxBytes {
		return "", ErrLong
	}
	return name.String(), nil
}

// isPlain reports whether the byte at an index stands for itself.
func isPlain(c byte, index int) bool {
	switch {
	case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '_':
		return true
	}
	return index > 0 && (c == '.' || c == '-')
}

// Check returns ErrName unless name is the name of an output.
func Check(name string) error {
	if len(name) > MaxBytes || !form.MatchString(name) {
		return ErrName
	}
	if again, err := Encode(decode(name)); err != nil || again != name {
		return ErrName
	}
	return nil
}

// Decode returns the name of the file, byte for byte. It may have control characters
// and bytes that are not UTF-8. What is not the name of an output is returned as it is.
func Decode(name string) string {
	if Check(name) != nil {
		return name
	}
	return decode(name)
}

func decode(name string) string {
	file := make([]byte, 0, len(name))
	for i := 0; i < len(name); i++ {
		c := name[i]
		if c == '~' {
			c = digit(name[i+1])<<4 | digit(name[i+2])
			i += 2
		}
		file = append(file, c)
	}
	return string(file)
}

// digit returns the value of an upper-case hexadecimal digit.
func digit(c byte) byte {
	if c >= 'A' {
		return c - 'A' + 10
	}
	return c - '0'
}

// Text returns the name of the file as text: bytes that are not UTF-8 become U+FFFD.
func Text(name string) string { return strings.ToValidUTF8(Decode(name), "\ufffd") }

// Download returns the name under which a browser stores the output: the last element
// of the file's path. Characters that are invisible or that some system forbids in names
// become underscores.
func Download(name string) string {
	base := path.Base(strings.ReplaceAll(Text(name), `\`, "/"))
	if base == ".." || base == "." {
		return "_"
	}
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || run.IsInvisible(0, r, 0) || strings.ContainsRune(`<>:"/|?*`, r) {
			return '_'
		}
		return r
	}, base)
}
