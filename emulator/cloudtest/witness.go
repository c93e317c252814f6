package cloudtest

import (
	"strings"
	"testing"

	cosignature "github.com/transparency-dev/formats/note"
	"golang.org/x/mod/sumdb/note"
)

// Witness is a witness of audit logs. Register its Key with SetWitnesses.
type Witness struct {
	Name   string
	Key    string // verifier key
	signer note.Signer
}

// NewWitness returns a witness with a new key.
func NewWitness(t testing.TB, name string) Witness {
	t.Helper()
	private, public, err := note.GenerateKey(nil, name)
	if err != nil {
		t.Fatal(err)
	}
	key, err := cosignature.VKeyToCosignatureV1(public)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := cosignature.NewSignerForCosignatureV1(private)
	if err != nil {
		t.Fatal(err)
	}
	return Witness{Name: name, Key: key, signer: signer}
}

// Cosign adds the witness's signature to a signed checkpoint.
func (w Witness) Cosign(t testing.TB, checkpoint []byte) []byte {
	t.Helper()
	text, _, ok := strings.Cut(string(checkpoint), "\n\n")
	if !ok {
		t.Fatalf("not a signed checkpoint: %s", checkpoint)
	}
	signed, err := note.Sign(&note.Note{Text: text + "\n"}, w.signer)
	if err != nil {
		t.Fatal(err)
	}
	_, line, _ := strings.Cut(string(signed), "\n\n")
	return append(append([]byte(nil), checkpoint...), line...)
}
