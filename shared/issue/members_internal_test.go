package issue

import (
	"encoding/json"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

// FuzzMembers compares with encoding/json, because that is how most programs
// would read the lines.
func FuzzMembers(f *testing.F) {
	for _, text := range []string{
		`{"a":1,"a":2}`, `{"\ud800":"\ud800x"}`, ` { "a" : [1, 2] , "b":{"c":null} } `, `null`, `[]`, `{"a":1}{}`, `{"a":1,}`, `{"a"}`,
		`{"a":"\u00e9\n\"","b":1e999,"c":-0.0}`, "{\"a\":\"\u2028\"}", `{`, ``, `{"":""}`, `{"a":tru}`, `{"a":"\x"}`,
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if !utf8.ValidString(text) || depth([]byte(text)) > MaxDepth {
			return // ParseSighting rejects such a line before
		}
		var want map[string]json.RawMessage
		wanted := json.Unmarshal([]byte(text), &want) == nil && want != nil
		got, ok := parseMembers([]byte(text))
		if ok != wanted {
			t.Fatalf("%q parses: %v, want %v", text, ok, wanted)
		}
		for key, value := range want {
			if diff := cmp.Diff(string(value), string(got[key])); diff != "" {
				t.Errorf("%q: %q: %s", text, key, diff)
			}
			var s string
			if !isNull(got[key]) && json.Unmarshal(value, &s) == nil && textOf(got[key]) != s {
				t.Errorf("%q: %q is %q, want %q", text, key, textOf(got[key]), s)
			}
		}
		if ok && len(got) != len(want) {
			t.Errorf("%q has %d members, want %d", text, len(got), len(want))
		}
	})
}
