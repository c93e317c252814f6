package firestore

import (
	"slices"
	"strings"
	"testing"
)

func TestFieldPaths(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]fieldPath{
		"a":               {"a"},
		"a.b_1.C":         {"a", "b_1", "C"},
		"`a.b`.c":         {"a.b", "c"},
		"`1`":             {"1"},
		"`tick \\` \\\\`": {"tick ` \\"},
		"__name__":        {"__name__"},
		"__x":             {"__x"},
	} {
		got, err := parseFieldPath(s)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: got %q, %v; want %q", s, got, err, want)
		}
	}
	for _, s := range []string{"", ".", "a.", ".a", "a..b", "1a", "a-b", "é", "`a", "``", "`a`b", "`a\\", "__x__", "a.__x__", "a.__name__", strings.Repeat("x", 1501)} {
		if got, err := parseFieldPath(s); err == nil {
			t.Errorf("%q was parsed as %q", s, got)
		}
	}
}

func FuzzFieldPath(f *testing.F) {
	for _, s := range []string{"a.b", "`a.b`.c", "`\\``", "__name__", "a..b", "`"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		p, err := parseFieldPath(s)
		if err != nil {
			return
		}
		again, err := parseFieldPath(p.String())
		if err != nil || !slices.Equal(p, again) {
			t.Errorf("%q is %q, written %q, read as %q, %v", s, p, p.String(), again, err)
		}
	})
}
