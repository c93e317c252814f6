package witness

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	formats "github.com/transparency-dev/formats/note"
	"golang.org/x/mod/sumdb/note"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/durable"
	"github.com/strongroom-dev/strongroom/shared/noteverify"
)

// openKey reads the private key. It creates one if the witness has no state yet: a
// new key for an old state would be unknown to the log.
func (w *Witness) openKey(path, name string) error {
	if path == "" {
		path = w.path(keyFile)
	}
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		if _, err := os.Stat(w.path(checkpointFile)); err == nil {
			return fmt.Errorf("open witness: the key %s is missing, but the witness has signed with it; restore the key", path)
		}
		data, err = createKey(path, name)
	}
	if err != nil {
		return fmt.Errorf("open the witness's key: %w", err)
	}
	if err := checkPrivate(path); err != nil {
		return err
	}
	return w.useKey(path, strings.TrimSuffix(string(data), "\n"))
}

// createKey writes a new private key, which only the user can read.
func createKey(path, name string) ([]byte, error) {
	private, _, err := note.GenerateKey(rand.Reader, name)
	if err != nil {
		return nil, err
	}
	if _, err := note.NewSigner(private); err != nil { // for example, a name with spaces
		return nil, fmt.Errorf("the name %q is not valid: it must not have spaces or +", name)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, err
	}
	data := []byte(private + "\n")
	return data, durable.Replace(path, data)
}

func checkPrivate(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return fmt.Errorf("read the witness's key: %w", err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return fmt.Errorf("other users can read or write the key %s; run: chmod 600 %s", path, path)
	}
	return nil
}

func (w *Witness) useKey(path, private string) error {
	public, err := publicKey(private)
	if err != nil {
		return fmt.Errorf("%s is not an Ed25519 private key of the form PRIVATE+KEY+NAME+HASH+KEY", path)
	}
	if w.signer, err = formats.NewSignerForCosignatureV1(private); err != nil {
		return fmt.Errorf("read the witness's key: %w", err)
	}
	w.verifier, err = noteverify.ParseKey(public)
	return err
}

// publicKey returns the verifier key of a witness's private key.
func publicKey(private string) (string, error) {
	signer, err := note.NewSigner(private) // checks the key's hash
	if err != nil {
		return "", err
	}
	seed, err := base64.StdEncoding.DecodeString(strings.SplitN(private, "+", 5)[4])
	if err != nil {
		return "", err
	}
	public, ok := ed25519.NewKeyFromSeed(seed[1:]).Public().(ed25519.PublicKey)
	if !ok {
		return "", errors.New("not an Ed25519 key")
	}
	text, err := note.NewEd25519VerifierKey(signer.Name(), public)
	if err != nil {
		return "", err
	}
	return formats.VKeyToCosignatureV1(text)
}
