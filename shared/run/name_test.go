package run_test

import (
	"testing"

	"golang.org/x/text/unicode/norm"

	"github.com/strongroom-dev/strongroom/shared/run"
)

func TestNamesThatLookTheSameAreTheSame(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"":                               "",
		"dns-check":                      "dns-check",
		"cafe\u0301":                     "caf\u00e9",
		"caf\u00e9":                      "caf\u00e9",
		"A\u030angstr\u00f6m":            "\u00c5ngstr\u00f6m",
		"\u1112\u1161\u11ab":             "\ud55c",
		"dns\u200b-check":                "dns-check",
		"\ufeffdns-check":                "dns-check",
		"dns\u200c-\u200dcheck":          "dns-check",
		"dns\u00ad-check\u2060":          "dns-check",
		"\u202edns-check\u202c":          "dns-check",
		"cafe\u200b\u0301":               "caf\u00e9",
		"\u200b\u200d":                   "",
		"\u0645\u06cc\u200c\u062e":       "\u0645\u06cc\u200c\u062e",
		"\U0001f469\u200d\U0001f4bb run": "\U0001f469\u200d\U0001f4bb run",
		"dns\ufe0f-check":                "dns-check",
		"dns\U000e0041-check\u3164":      "dns-check",
		"\u2764\ufe0f\u200d\U0001f525":   "\u2764\ufe0f\u200d\U0001f525",
		"step 1\ufe0f\u20e3":             "step 1\ufe0f\u20e3",
		"\u212a\u200d\u00e9":             "K\u00e9",
		"\u2460 is not 1, \ufb01 not fi": "\u2460 is not 1, \ufb01 not fi",
	} {
		if got := run.CanonicalName(name); got != want {
			t.Errorf("%+q is %+q, want %+q", name, got, want)
		}
	}
}

// FuzzCanonicalName checks that the canonical form is stable and NFC.
func FuzzCanonicalName(f *testing.F) {
	for _, seed := range []string{"cafe\u0301", "a\u200d\u0301b", "\U0001f469\u200d\U0001f4bb", "\u200c\u200c\u06cc\u200d", "a\ufe0f\u200d\u00e9", "\u00e9\u200d\ufe0f"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, name string) {
		once := run.CanonicalName(name)
		if twice := run.CanonicalName(once); twice != once || !norm.NFC.IsNormalString(once) {
			t.Errorf("%+q becomes %+q and then %+q", name, once, twice)
		}
	})
}
