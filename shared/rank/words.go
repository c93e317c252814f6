package rank

import (
	"iter"
	"strings"
	"unicode"
)

// word is a piece of a text, and the term that it counts as.
type word struct {
	text string // as written
	term string
}

// stop are words that say nothing of what a task does. Verbs that tasks begin
// with stay: they are frequent, and so weigh little.
var stop = func() map[string]bool {
	words := map[string]bool{}
	for w := range strings.FieldsSeq("a an and any are as at be by can do does for from has have if in into is it its not of on or please s " +
		"should so some than that the their them then there these they this those to was were what when where whether which who why will with you your") {
		words[w] = true
	}
	return words
}()

// words splits a text into its words: runs of letters and digits, and within
// them the parts of camelCase. Stop words are left out.
func words(text string) iter.Seq[word] {
	return func(yield func(word) bool) {
		for run := range strings.FieldsFuncSeq(text, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
			for _, part := range parts(run) {
				lower := strings.ToLower(part)
				if !stop[lower] && !yield(word{part, stem(lower)}) {
					return
				}
			}
		}
	}
}

// parts splits camelCase: "fetchHTTPLogs" is fetch, HTTP and Logs.
func parts(run string) []string {
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

// whole gives the runs of a text that parts splits, in one piece.
func whole(text string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for run := range strings.FieldsFuncSeq(text, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
			if len(parts(run)) > 1 && !yield(stem(strings.ToLower(run))) {
				return
			}
		}
	}
}

// stem evens number and the endings -ing and -ed, and no more: Harman's
// S-stemmer (1991) and then step 1b of Porter's (1980), lightly.
func stem(w string) string {
	w = singular(w)
	for _, ending := range []string{"ing", "ed"} {
		if s, ok := strings.CutSuffix(w, ending); ok && len(s) >= 3 && strings.ContainsAny(s, "aeiouy") {
			return undouble(s)
		}
	}
	return strings.TrimSuffix(w, "e")
}

func singular(w string) string {
	switch {
	case len(w) <= 3 || !strings.HasSuffix(w, "s"):
		return w
	case strings.HasSuffix(w, "ies") && !strings.HasSuffix(w, "eies") && !strings.HasSuffix(w, "aies"):
		return w[:len(w)-3] + "y"
	case strings.HasSuffix(w, "us") || strings.HasSuffix(w, "ss") || strings.HasSuffix(w, "is"):
		return w
	}
	return w[:len(w)-1]
}

// undouble makes "stopp" of "stopping" a "stop", and leaves "fill" and "pass".
func undouble(s string) string {
	last := s[len(s)-1]
	if len(s) > 3 && last == s[len(s)-2] && !strings.ContainsRune("lsz", rune(last)) {
		return s[:len(s)-1]
	}
	return strings.TrimSuffix(s, "e")
}
