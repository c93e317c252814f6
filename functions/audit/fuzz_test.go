package audit

import (
	"errors"
	"testing"

	"golang.org/x/mod/sumdb/note"
)

// FuzzHasTwoSignaturesOfOneName compares with the signatures that the note package
// reads. It drops repeated ones, so the function may find more.
func FuzzHasTwoSignaturesOfOneName(f *testing.F) {
	const line = "— example.com/witness AAAAAAAAAAA=\n"
	for _, text := range []string{"", "a\n", "a\n\n" + line, "a\n\n" + line + line, "a\n\n" + line + "— example.com/witness AAAAAAAAAAE=\n", "a\n\nb\n\n" + line} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, signed string) {
		got := hasTwoSignaturesOfOneName(signed)
		var unverified *note.UnverifiedNoteError
		if _, err := note.Open([]byte(signed), nil); !errors.As(err, &unverified) {
			return
		}
		seen, twice := map[string]bool{}, false
		for _, s := range unverified.Note.UnverifiedSigs {
			twice = twice || seen[s.Name]
			seen[s.Name] = true
		}
		if twice && !got {
			t.Errorf("two signatures of one name are not found in %q", signed)
		}
	})
}
