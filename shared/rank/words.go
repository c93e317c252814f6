package rank

import (
	"iter"
	"strings"
	"unicode"
)

// word is a piece of a text, and the term that it counts as.
type word struct {
	text  string // as written
	term  string
	whole string // term of the run in camelCase that it is a part of, if so
}

// with is the term of two words in one.
func (w word) with(next word) string { return stem(strings.ToLower(w.text + next.text)) }

// stop are words that say nothing of what a task does.
var stop = set("a also an and any are as at be by can do does first for from has have if in into is it its not of on or please s " +
	"should so some than that the their them then there these they this those to try was were what when where whether which who why will with you your")

func set(list string) map[string]bool {
	words := map[string]bool{}
	for w := range strings.FieldsSeq(list) {
		words[w] = true
	}
	return words
}

// words splits a text into its words: runs of letters and digits, and within
// them the parts of camelCase. Stop words are left out.
func words(text string) iter.Seq[word] {
	return func(yield func(word) bool) {
		for run := range strings.FieldsFuncSeq(text, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
			parts, whole := camels(run), ""
			if len(parts) > 1 {
				whole = stem(strings.ToLower(run))
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
