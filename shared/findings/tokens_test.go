package findings

import (
	"regexp"
	"slices"
	"strings"
	"testing"
)

// base64Text says the same as base64Texts, and is slower.
var base64Text = regexp.MustCompile(`[A-Za-z0-9+/_-]{24,}={0,2}`)

// What a rule looks for first is in everything that it finds.
func FuzzQuickChecksMissNothing(f *testing.F) {
	for _, text := range []string{
		"AKIA" + strings.Repeat("Q", 16), "ghp_" + strings.Repeat("a", 36), "github_pat_" + strings.Repeat("a", 50), "glsoat-" + strings.Repeat("a", 20),
		"SK" + strings.Repeat("0", 32), "rk_prod_" + strings.Repeat("a", 16), "dor_v1_" + strings.Repeat("0", 64), "glc_" + strings.Repeat("a", 32),
		"ATCTT" + strings.Repeat("a", 20), "NRAM-" + strings.Repeat("a", 20), "shpss_" + strings.Repeat("0", 32), "hvr." + strings.Repeat("a", 20),
		"a " + strings.Repeat("b", 24) + "=== " + strings.Repeat("c-", 30) + "=" + strings.Repeat("d", 23) + "==", strings.Repeat("=", 30),
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		lower := strings.ToLower(text)
		for _, rule := range tokenRules {
			if rule.match.MatchString(text) && !rule.mayMatch(text, lower) {
				t.Errorf("the rule %s does not look at %q", rule.name, text)
			}
		}
		want := base64Text.FindAllString(text, maxEncoded)
		if got := slices.Collect(base64Texts(text)); !slices.Equal(got, want) {
			t.Errorf("base64 in %q: %q, want %q", text, got, want)
		}
	})
}
