package rank

import "strings"

// short maps terms to the terms of which they are short forms.
var short = map[string]string{
	"cert": "certificat", "config": "configur", "db": "databas", "env": "environment", "failure": "fail", "k8": "kubernetes",
	"postgresql": "postgr", "repo": "repository",
}

// stem removes plurals and the endings -ing, -ed, -ation, -ion and -ly: Harman's
// S-stemmer (1991), and simplified steps 1b and 4 of Porter's stemmer (1980).
func stem(w string) string {
	w = singular(w)
	if s, ok := strings.CutSuffix(w, "ation"); ok && syllables(s) >= 2 {
		return s
	}
	if s, ok := strings.CutSuffix(w, "ion"); ok && len(s) >= 4 && strings.ContainsAny(s[len(s)-1:], "st") {
		return s
	}
	if s, ok := strings.CutSuffix(w, "ly"); ok && len(s) >= 4 {
		w = s
	}
	if long, ok := short[w]; ok {
		return long
	}
	for _, ending := range []string{"ing", "ed"} {
		if s, ok := strings.CutSuffix(w, ending); ok && len(s) >= 3 && strings.ContainsAny(s, "aeiouy") {
			return undouble(s)
		}
	}
	return strings.TrimSuffix(w, "e")
}

// syllables returns the number of vowels that a consonant follows.
func syllables(w string) (n int) {
	vowel := false
	for _, r := range w {
		now := strings.ContainsRune("aeiouy", r)
		if vowel && !now {
			n++
		}
		vowel = now
	}
	return n
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

// undouble removes a doubled last letter: "stopp", from "stopping", becomes "stop". It
// keeps "fill" and "pass".
func undouble(s string) string {
	last := s[len(s)-1]
	if len(s) > 3 && last == s[len(s)-2] && !strings.ContainsRune("lsz", rune(last)) {
		return s[:len(s)-1]
	}
	return strings.TrimSuffix(s, "e")
}
