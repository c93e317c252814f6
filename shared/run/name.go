package run

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// CanonicalName returns the form in which a name is stored and compared, for
// example that of a task, an SLX, a resource or an SLI. Two names that look the
// same must not become two things, so the form is NFC (Unicode Annex 15) and has
// no invisible characters: see IsInvisible. The result is empty if nothing of the
// name is visible. Invalid UTF-8 stays invalid, so that the checks of names reject it.
func CanonicalName(name string) string {
	if isASCII(name) || !utf8.ValidString(name) {
		return name
	}
	return norm.NFC.String(withoutInvisible(norm.NFC.String(name)))
}

func isASCII(text string) bool {
	for i := range len(text) {
		if text[i] > unicode.MaxASCII {
			return false
		}
	}
	return true
}

func withoutInvisible(name string) string {
	runes := []rune(name)
	var b strings.Builder
	var before, after rune
	for i, r := range runes {
		if after = 0; i+1 < len(runes) {
			after = runes[i+1]
		}
		if !IsInvisible(before, r, after) {
			b.WriteRune(r)
			before = r
		}
	}
	return b.String()
}

// IsInvisible reports whether r has no width and no ink: the zero-width
// characters, the soft hyphen, the controls of text direction, fillers and tags.
// A zero-width joiner and a variation selector are not invisible where they
// change what is visible. before is the character before r that is not invisible,
// and after is the next one; each is 0 if none exists.
func IsInvisible(before, r, after rune) bool {
	switch {
	case r <= unicode.MaxASCII:
		return false
	case isJoiner(r): // between two letters of some scripts, and between two emoji
		return !isShown(before) && !isSelector(before) || !isShown(after)
	case isSelector(r): // after an emoji, and in a keycap such as 1\ufe0f\u20e3
		return !isShown(before) && after != keycap
	}
	return isFormat(r)
}

// DecodeNext returns the first character of text that arrives in pieces, its size in
// bytes, and the character after it, as IsInvisible needs them. after is 0 at the end, and
// where it makes no difference. ok is false if more data must come first: there is no
// complete character, or IsInvisible depends on the next one.
func DecodeNext(data []byte, atEnd bool) (r rune, size int, after rune, ok bool) {
	if !utf8.FullRune(data) {
		return 0, 0, 0, false
	}
	r, size = utf8.DecodeRune(data)
	switch rest := data[size:]; {
	case utf8.FullRune(rest):
		after, _ = utf8.DecodeRune(rest)
	case !atEnd && (isJoiner(r) || isSelector(r)):
		return 0, 0, 0, false
	}
	return r, size, after, true
}

// keycap is the combining character that makes a key of a digit.
const keycap = '\u20e3'

// isShown reports whether r is visible beyond ASCII, so that a joiner or a selector
// can change it. Both do nothing to an ASCII letter.
func isShown(r rune) bool {
	return r > unicode.MaxASCII && !isFormat(r) && !isJoiner(r) && !isSelector(r) && !unicode.IsSpace(r)
}

// isFormat reports whether r is invisible wherever it stands.
func isFormat(r rune) bool {
	switch r {
	case '\u00ad', '\u034f', '\u061c', '\u180e', '\u200b', '\u200e', '\u200f', '\u3164', '\ufeff', '\uffa0':
		return true
	}
	return '\u202a' <= r && r <= '\u202e' || '\u2060' <= r && r <= '\u206f' || '\U000e0000' <= r && r <= '\U000e00ff'
}

func isJoiner(r rune) bool { return r == '\u200c' || r == '\u200d' }

func isSelector(r rune) bool {
	return '\ufe00' <= r && r <= '\ufe0f' || '\U000e0100' <= r && r <= '\U000e01ef'
}
