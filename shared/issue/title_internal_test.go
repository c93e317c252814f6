package issue

import (
	"regexp"
	"strings"
	"testing"
)

// allRules is all rules in one expression that is tried at every index. It must
// have the same result as Normalize, which takes shortcuts.
var allRules = func() *regexp.Regexp {
	var patterns []string
	for _, r := range suffixRules.rules {
		patterns = append(patterns, "("+r.pattern+")")
	}
	for _, r := range wordRules.rules {
		patterns = append(patterns, `\b(`+r.pattern+")")
	}
	return regexp.MustCompile(strings.Join(patterns, "|"))
}()

func normalizeSlowly(title string) string {
	title = strings.Join(strings.Fields(title), " ")
	all := append(append([]rule{}, suffixRules.rules...), wordRules.rules...)
	var b strings.Builder
	end := 0
	for _, m := range allRules.FindAllStringSubmatchIndex(title, -1) {
		b.WriteString(title[end:m[0]])
		for i, r := range all {
			if m[2*i+2] >= 0 {
				b.WriteString(r.replace(title[m[0]:m[1]]))
				break
			}
		}
		end = m[1]
	}
	b.WriteString(title[end:])
	return pluralSuffix.ReplaceAllString(strings.ToLower(b.String()), "$1")
}

func FuzzNormalizeTakesNoWrongShortcut(f *testing.F) {
	for _, title := range []string{
		"Pod cart-7d4b9c6f5d-x2x9k is at 93% since 2026-11-22", "::1 0x 1.2.3.4/ -<id>", "HTTP/1.1 status code: 503 on Port 80",
		"us-east-1 west-2 CVE-2026-1 ORA-00942 v1.2 deadbeef-0000-0000-0000-000000000000", "dead:beef:1::2 abcdef0 facade",
		"vmssabcdef aks-nodepool-vmss000001 gke-a-12345678-abcd", "é1 1é _1 1_ a-b-c --1", "2 pods 3 pod(s) 10 ms", "STATUS 1 tls 1.2 ssl:3",
	} {
		f.Add(title)
	}
	f.Fuzz(func(t *testing.T, title string) {
		if got, want := Normalize(title), normalizeSlowly(title); got != want {
			t.Errorf("Normalize(%q) = %q, want %q", title, got, want)
		}
	})
}
