package pubsub

import (
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseFilter(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]filter{
		"":                    nil,
		" \t":                 nil,
		`attributes.k="v"`:    {"k": "v"},
		` attributes.k = "" `: {"k": ""},
		`attributes.a = "1" AND attributes.b = "2"`:     {"a": "1", "b": "2"},
		"attributes.a = \"1\"\nAND\nattributes.b=\"2\"": {"a": "1", "b": "2"},
		`attributes."a/b c" = "say \"AND\""`:            {"a/b c": `say "AND"`},
		`attributes.a = "1" AND attributes.a = "1"`:     {"a": "1"},
	} {
		got, err := parseFilter(text)
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%s: %v %s", text, err, diff)
		}
	}
}

func TestParseFilterRejects(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		`x`,
		`attributes.k`,
		`attributes:k`,
		`attributes.k != "v"`,
		`attributes.k = v`,
		`attributes.k = "v`,
		`attributes.k = "\q"`,
		`attributes."\q" = "v"`,
		`attributes.9 = "v"`,
		`attributes.a = "1" attributes.b = "2"`,
		`attributes.a = "1" OR attributes.b = "2"`,
		`attributes.a = "1" ANDattributes.b = "2"`,
		`attributes.a = "1" AND`,
		`attributes.a = "1" AND attributes.a = "2"`,
		`NOT attributes.a = "1"`,
		`(attributes.a = "1")`,
	} {
		if f, err := parseFilter(text); err == nil {
			t.Errorf("%s is parsed as %v", text, f)
		}
	}
}

func FuzzParseFilter(f *testing.F) {
	f.Add(`attributes.a = "1" AND attributes."b c" = "2"`, "k", "v")
	f.Add(``, "", `"`)
	f.Fuzz(func(t *testing.T, text, key, value string) {
		if parsed, err := parseFilter(text); err == nil && !parsed.matches(parsed) {
			t.Errorf("%q does not match its own values", text)
		}
		quoted := "attributes." + strconv.QuoteToASCII(key) + " = " + strconv.QuoteToASCII(value)
		parsed, err := parseFilter(quoted)
		if want, _ := strconv.Unquote(strconv.QuoteToASCII(value)); err != nil || !parsed.matches(map[string]string{unquoted(key): want}) {
			t.Errorf("%s is not parsed back: %v %v", quoted, parsed, err)
		}
	})
}

// unquoted returns text after quoting and unquoting it, which replaces invalid UTF-8.
func unquoted(text string) string {
	back, _ := strconv.Unquote(strconv.QuoteToASCII(text))
	return back
}
