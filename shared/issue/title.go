package issue

import (
	"strings"

	"github.com/strongroom-dev/strongroom/shared/lazyregexp"
	"github.com/strongroom-dev/strongroom/shared/run"
)

// Normalize returns what the titles of one issue have in common.
//   - It removes terminal colors and invisible characters, changes white space to
//     single spaces, and letters to lower case and NFC: see [run.CanonicalName].
//   - It replaces what differs from run to run with a placeholder: amounts, ages,
//     dates, addresses, ephemeral ports, IDs, hashes, and the random suffixes of
//     pod names.
//   - It makes singular and plural the same after an amount.
//   - It keeps names, quoted or not, and numbers that identify a kind of thing:
//     status codes, exit codes, SQLSTATEs, versions, service ports, regions.
//
// The result has at most maxNormalized bytes. The rest of a longer title has no
// meaning, so the time that a title takes is bounded.
func Normalize(title string) string { return normalize(title, maybeVariable) }

// normalize is Normalize. maybe is maybeVariable, except in a test of it.
func normalize(title string, maybe func(string) bool) string {
	title = strings.Join(strings.Fields(removeInvisible(title)), " ")
	var b strings.Builder
	end, at := 0, 0
	for ; at < len(title) && b.Len()+at-end < maxScanned; at++ {
		if size, replacement := variablePart(title, at, maybe); size > 0 {
			b.WriteString(title[end:at])
			b.WriteString(replacement)
			end = at + size
			at = end - 1
		}
	}
	b.WriteString(title[end:at])
	return Truncate(singular(strings.ToLower(strings.ToValidUTF8(b.String(), ""))), maxNormalized)
}

const (
	maxNormalized = 1 << 10
	maxScanned    = 2 * maxNormalized // because a plural becomes shorter
)

// escapes are the control sequences of terminals, and what is left of a color if
// its escape character was removed. In "rate(errors[5m])", nothing is a color.
var escapes = lazyregexp.New(`\x1b\[[0-9;:?]*[A-Za-z]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\[(?:0|[0-9;]*[0-9][0-9])m`)

// ageInBrackets is an age that starts like a color, as in "[10m20s elapsed]".
var ageInBrackets = lazyregexp.New(`^\[[0-9]+m(?:[0-9.]+s|\]| elapsed| ago| left)`)

// removeInvisible removes what a reader does not see, and makes texts that look the
// same the same.
func removeInvisible(title string) string {
	if strings.Contains(title, "m") || strings.Contains(title, "\x1b") {
		title = removeColors(title)
	}
	return run.CanonicalName(title)
}

func removeColors(title string) string {
	var b strings.Builder
	end := 0
	for _, m := range escapes.FindAllStringIndex(title, -1) {
		if ageInBrackets.MatchString(title[m[0]:]) {
			continue
		}
		b.WriteString(title[end:m[0]])
		end = m[1]
	}
	b.WriteString(title[end:])
	return b.String()
}

// variablePart returns the size of what varies in title at an index, or 0 if
// nothing does, and its replacement.
func variablePart(title string, at int, maybe func(string) bool) (size int, replacement string) {
	afterWord := at > 0 && isWord(title[at-1])
	switch c := title[at]; {
	case c == '-' || c == '+':
		if afterWord || at > 0 && title[at-1] == ')' {
			return suffixRules.match(title, at)
		}
		return signedAmount(title, at)
	case c == '_':
		return idPart(title, at)
	case c == ':' && at > 0:
		return portPart(title, at)
	case c == '[' && afterWord:
		return rangeOfQuery(title, at)
	case c == '@' && afterWord:
		return objectHash(title, at)
	case !isWord(c) || afterWord || !maybe(title[at:]):
		return 0, ""
	}
	if size := lastNumber(title[at:]); size > 0 {
		return size, "<n>"
	}
	if size := base64Length(title[at:]); size > 0 {
		return size, "<id>"
	}
	if size, replacement = wordRules.match(title, at); size > 0 {
		return size, replacement
	}
	return leadingID(title, at)
}

// lastNumber returns the size of text if it is a number, and 0 otherwise. A number that ends a
// title is an amount by the rules too, which take far longer.
func lastNumber(text string) int {
	if size := runLength(text, isDigit); size == len(text) {
		return size
	}
	return 0
}

// maxMatch bounds what a rule looks at, except for one long word. The cost of a
// match grows with the text that is left, even if nothing matches.
const maxMatch = 96

// match returns the size of the match at an index and its replacement. The first
// rule that matches counts.
func (s ruleSet) match(title string, at int) (size int, replacement string) {
	end := min(len(title), at+maxMatch)
	end += runLength(title[end:], isWord)
	m := s.pattern.FindStringSubmatchIndex(title[at:end])
	if m == nil {
		return 0, ""
	}
	match := title[at : at+m[1]]
	for i, r := range s.rules {
		if m[2*i+2] >= 0 {
			return len(match), r.replace(match)
		}
	}
	return 0, ""
}

// signedAmount matches an amount with its sign, as in "the offset is -12ms". An
// option such as -9 is an amount too.
func signedAmount(title string, at int) (size int, replacement string) {
	if at+1 == len(title) || !isDigit(title[at+1]) || at > 0 && !strings.ContainsRune(" =(:[<>~", rune(title[at-1])) {
		return suffixRules.match(title, at)
	}
	if size, replacement = wordRules.match(title, at+1); replacement == "<n>" {
		return size + 1, replacement
	}
	return suffixRules.match(title, at)
}

// queryRange is the range of time in a query, as in rate(errors[5m]).
var queryRange = lazyregexp.New(`^\[(?:[0-9]+(?:ms|[smhdwy]))+(?::(?:[0-9]+[smhdwy])?)?\]`)

// rangeOfQuery matches a range of time, which identifies the query.
func rangeOfQuery(title string, at int) (size int, replacement string) {
	match := queryRange.FindString(title[at:])
	return len(match), match
}

// objectHash matches the hash of a Java object, as in Connection@1a2b3c.
func objectHash(title string, at int) (size int, replacement string) {
	const minHash, maxHash = 5, 8
	hash := title[at+1:][:runLength(title[at+1:], isAlphanumeric)]
	if len(hash) < minHash || len(hash) > maxHash || !isHexID(hash) || strings.HasPrefix(title[at+1+len(hash):], ".") {
		return 0, ""
	}
	return 1 + len(hash), "@<id>"
}

// isWord reports whether c is a word character for \b.
func isWord(c byte) bool { return c == '_' || isAlphanumeric(c) }

func isAlphanumeric(c byte) bool { return isDigit(c) || isLetter(c) }

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func isLetter(c byte) bool { return 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z' }

// runLength returns the number of bytes at the start of text that are of a kind.
func runLength(text string, is func(byte) bool) (size int) {
	for size < len(text) && is(text[size]) {
		size++
	}
	return size
}

// maybeVariable reports whether a rule may match the word at the start of title.
// It is much cheaper than the rules, and most words match none.
func maybeVariable(title string) bool {
	size, hex, upper := 0, true, true
	for ; size < len(title) && isWord(title[size]); size++ {
		c := title[size]
		if isDigit(c) {
			return true
		}
		hex = hex && (c|0x20) >= 'a' && (c|0x20) <= 'f'
		upper = upper && 'A' <= c && c <= 'Z'
	}
	next := title[size:]
	switch {
	case strings.HasPrefix(next, "-"):
		if upper { // for example CVE-2026-12345
			return true
		}
	case strings.HasPrefix(next, ":"):
		if hex && size <= 4 {
			return true
		}
	}
	return hex && size >= 7 || strings.HasPrefix(title, "vmss") || leadingLetters()[strings.ToLower(title[:min(size, 3)])]
}
