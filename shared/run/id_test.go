package run_test

import (
	"strings"
	"testing"

	"github.com/strongroom-dev/strongroom/shared/run"
)

const plain = "0198c2b4-5d1e-7c3a-9f00-2a6b1c4d8e10"

func TestParseIDAcceptsOnlyTheCanonicalForm(t *testing.T) {
	t.Parallel()
	if id, err := run.ParseID(plain); err != nil || string(id) != plain {
		t.Fatalf("ParseID(%s) = %q, %v", plain, id, err)
	}
	for name, text := range map[string]string{
		"empty":              "",
		"upper case":         strings.ToUpper(plain),
		"in braces":          "{" + plain + "}",
		"as a URN":           "urn:uuid:" + plain,
		"without hyphens":    strings.ReplaceAll(plain, "-", ""),
		"version 4":          "0198c2b4-5d1e-4c3a-9f00-2a6b1c4d8e10",
		"of another variant": "0198c2b4-5d1e-7c3a-cf00-2a6b1c4d8e10",
		"with a path":        plain[:35] + "/",
		"with a space":       plain + " ",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if id, err := run.ParseID(text); err == nil {
				t.Errorf("ParseID(%q) = %q, want an error", text, id)
			}
		})
	}
}

func FuzzParseID(f *testing.F) {
	f.Add(plain)
	f.Add("..")
	f.Fuzz(func(t *testing.T, text string) {
		if id, err := run.ParseID(text); err == nil && (string(id) != text || strings.ContainsAny(text, "/.") || len(text) != 36) {
			t.Errorf("ParseID(%q) = %q, want an error", text, id)
		}
	})
}
