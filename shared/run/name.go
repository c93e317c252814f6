package run

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// CanonicalName returns the form in which a name is stored and compared, for
// example that of a task, an SLX, a resource or an SLI. Two names that look the
// same must not become two things, so the form is NFC (Unicode Annex 15) and has
// no invisible characters: see invisible. The result is empty if nothing of the
// name is visible.
func CanonicalName(name string) string {
	if isASCII(name) {
		return name
	}
	return norm.NFC.String(withoutInvisible(name))
}

func isASCII(text string) bool {
	for i := range len(text) {
		if text[i] > unicode.MaxASCII {
			return false
		}
	}
	return true
}

// The zero-width joiners. Between two letters of some scripts, and between two
// emoji, they change what is visible.
const (
	zeroWidthNonJoiner = '\u200c'
	zeroWidthJoiner    = '\u200d'
)

func withoutInvisible(name string) string {
	if !strings.ContainsFunc(name, isInvisible) {
		return name
	}
	runes := []rune(name)
	var b strings.Builder
	for i, r := range runes {
		if !isInvisible(r) || isJoiner(r) && joins(runes, i) {
			b.WriteRune(r)
		}
	}
	return b.String()
}

// isInvisible reports whether r has no width and no ink: the zero-width
// characters, the soft hyphen, and the controls of text direction.
func isInvisible(r rune) bool {
	switch r {
	case '\u00ad', '\u034f', '\u061c', '\u180e', '\ufeff', zeroWidthNonJoiner, zeroWidthJoiner:
		return true
	}
	return '\u200b' <= r && r <= '\u200f' || '\u202a' <= r && r <= '\u202e' || '\u2060' <= r && r <= '\u206f'
}

func isJoiner(r rune) bool { return r == zeroWidthNonJoiner || r == zeroWidthJoiner }

// joins reports whether the joiner at an index stands between two characters that
// it can join. No ASCII character is one.
func joins(runes []rune, at int) bool {
	canJoin := func(i int) bool {
		return 0 <= i && i < len(runes) && runes[i] > unicode.MaxASCII && !isInvisible(runes[i]) && !unicode.IsSpace(runes[i])
	}
	return canJoin(at-1) && canJoin(at+1)
}
