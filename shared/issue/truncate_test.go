package issue_test

import (
	"testing"

	"github.com/strongroom-dev/strongroom/shared/issue"
)

func TestTruncateCutsBetweenCharacters(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		text     string
		maxBytes int
		want     string
	}{
		"a short text stays":                      {"été", 10, "été"},
		"a text of exactly the limit stays":       {"été", 5, "été"},
		"a character that does not fit is left":   {"été", 4, "ét"},
		"a first character that does not fit":     {"été", 1, ""},
		"an empty text":                           {"", 3, ""},
		"a limit of zero":                         {"x", 0, ""},
		"bytes that are not UTF-8 are cut anyway": {"\xff\xff\xff", 2, "\xff\xff"},
	} {
		if got := issue.Truncate(c.text, c.maxBytes); got != c.want {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
}
