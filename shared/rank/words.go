package rank

import (
	"iter"
	"strings"
	"unicode"

	"github.com/strongroom-dev/strongroom/shared/run"
)

// word is a word of a text, and the term that it counts as.
type word struct {
	text  string // as written
	term  string
	whole string // term of the camelCase word that it is a part of; empty: none
}

// with returns the term of the compound of two words.
func (w word) with(next word) string { return stem(strings.ToLower(w.text + next.text)) }

// stop are the words that say nothing about what a task does.
var stop = set("a also an and any are as at be by can do does first for from has have if in into is it its not of on or please s " +
	"should so some than that the their them then there these they this those to try was were what when where whether which who why will with you your")

func set(list string) map[string]bool {
	words := map[string]bool{}
	for w := range strings.FieldsSeq(list) {
		words[w] = true
	}
	return words
}

// words returns the words of a text, which are letters and digits, and the parts of
// camelCase words. It leaves out stop words. Texts that look the same have the same
// words.
func words(text string) iter.Seq[word] {
	return func(yield func(word) bool) {
		for letters := range strings.FieldsFuncSeq(run.CanonicalName(text), isSeparator) {
			parts, whole := camels(letters), ""
			if len(parts) > 1 {
				whole = stem(strings.ToLower(letters))
			}
			for _, part := range parts {
				lower := strings.ToLower(part)
				if !stop[lower] && !yield(word{part, stem(lower), whole}) {
					return
				}
			}
		}
	}
}

// isSeparator reports whether r is not a part of a word. An accent is a part of one.
func isSeparator(r rune) bool {
	return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r)
}

// camels splits camelCase: "fetchHTTPLogs" is fetch, HTTP and Logs.
func camels(run string) []string {
	var found []string
	letters, start := []rune(run), 0
	for i := 1; i < len(letters); i++ {
		before, here := letters[i-1], letters[i]
		after := i+1 < len(letters) && unicode.IsLower(letters[i+1])
		if unicode.IsUpper(here) && (unicode.IsLower(before) || unicode.IsUpper(before) && after) {
			found = append(found, string(letters[start:i]))
			start = i
		}
	}
	return append(found, string(letters[start:]))
}
