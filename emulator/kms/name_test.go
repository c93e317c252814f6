package kms

import (
	"strings"
	"testing"
)

func TestNamesOfOtherKindsOrFormsAreRejected(t *testing.T) {
	t.Parallel()
	const good = "projects/p/locations/l/keyRings/r/cryptoKeys/k"
	if _, err := parseName(good, cryptoKey); err != nil {
		t.Error(err)
	}
	for name, text := range map[string]string{
		"empty":                               "",
		"of a version":                        good + "/cryptoKeyVersions/1",
		"of a ring":                           "projects/p/locations/l/keyRings/r",
		"with an empty id":                    "projects/p/locations/l/keyRings//cryptoKeys/k",
		"with a dot-dot id":                   "projects/p/locations/l/keyRings/../cryptoKeys/k",
		"with a slash at its end":             good + "/",
		"with a slash at its start":           "/" + good,
		"with an id of 64 characters":         "projects/p/locations/l/keyRings/r/cryptoKeys/" + strings.Repeat("k", 64),
		"with a newline":                      good + "\n",
		"with collections in the wrong order": "locations/l/projects/p/keyRings/r/cryptoKeys/k",
		"with invalid UTF-8":                  good + "\xff",
		"with capitals in its project":        "projects/P/locations/l/keyRings/r/cryptoKeys/k",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := parseName(text, cryptoKey); err == nil {
				t.Errorf("%q is accepted", text)
			}
		})
	}
}

func FuzzParseName(f *testing.F) {
	for _, seed := range []string{
		"", "projects/p/locations/l", "projects/p/locations/l/keyRings/r",
		"projects/p/locations/l/keyRings/r/cryptoKeys/k",
		"projects/p/locations/l/keyRings/r/cryptoKeys/k/cryptoKeyVersions/1", "//////////", "projects/../locations/x",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, name string) {
		at, err := parseName(name, location, keyRing, cryptoKey, cryptoKeyVersion)
		if err != nil {
			return
		}
		if at.name != name || strings.Contains(name, "//") || strings.Contains(name, "..") {
			t.Errorf("%q became %+v", name, at)
		}
		if at.kind >= cryptoKey && !strings.HasPrefix(name, at.keyName()) {
			t.Errorf("the key of %q is %q", name, at.keyName())
		}
	})
}
