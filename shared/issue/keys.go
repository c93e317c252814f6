package issue

import (
	"bytes"
	"slices"
	"strings"
	"sync"
)

// usualKeys are the keys that ParseSighting reads, each with all keys of the same
// value, by the key's letters: see keyLetters.
var usualKeys = sync.OnceValue(func() map[string][]string {
	groups := [][]string{{"severity"}, {"observedAt", "observed_at"}, {"metadata"}, {"kwargs"}, {"summary"}}
	for _, field := range new(Sighting).textFields() {
		groups = append(groups, field.keys)
	}
	byLetters := map[string][]string{}
	for _, group := range groups {
		for _, key := range group {
			byLetters[keyLetters(key)] = group
		}
	}
	return byLetters
})

// addUsualKeys adds a member under its usual key if the line only has it in
// another form, such as "Title" or "TASK-NAME". If it has several other forms, the
// first one in sorted order counts.
func (m members) addUsualKeys() {
	var other []string
	for key := range m {
		if group, ok := usualKeys()[keyLetters(key)]; ok && !slices.Contains(group, key) && !isNull(m[key]) {
			other = append(other, key)
		}
	}
	slices.Sort(other)
	for _, key := range other {
		group := usualKeys()[keyLetters(key)]
		if _, value := m.first(group); isNull(value) {
			m[group[0]] = m[key]
		}
	}
}

var keySeparators = strings.NewReplacer("_", "", "-", "", " ", "")

// keyLetters returns a key without its case and its separators.
func keyLetters(key string) string { return strings.ToLower(keySeparators.Replace(key)) }

// numberWords are not JSON. Python's json module writes them nevertheless:
// docs.python.org/3/library/json.html#infinite-and-nan-number-values.
var numberWords = [][]byte{[]byte("-Infinity"), []byte("Infinity"), []byte("NaN")}

// quoteNumberWords returns text with quotes around the bare number words.
func quoteNumberWords(text []byte) []byte {
	var b bytes.Buffer
	quoted := false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case quoted && c == '\\' && i+1 < len(text):
			b.WriteByte(c)
			i++
		case c == '"':
			quoted = !quoted
		case !quoted:
			if word := numberWordAt(text[i:]); word != nil {
				b.WriteString(`"` + string(word) + `"`)
				i += len(word) - 1
				continue
			}
		}
		b.WriteByte(text[i])
	}
	return b.Bytes()
}

func numberWordAt(text []byte) []byte {
	for _, word := range numberWords {
		if bytes.HasPrefix(text, word) {
			return word
		}
	}
	return nil
}
