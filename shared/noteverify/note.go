package noteverify

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/transparency-dev/formats/log"
	formats "github.com/transparency-dev/formats/note"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// Errors of notes.
var (
	ErrMalformed     = errors.New("not a signed note of c2sp.org/signed-note: it may be truncated or changed")
	ErrTwoSignatures = errors.New("two signatures have the same name: one of them was added")
	ErrSignature     = errors.New("the signature does not belong to the text: one of them was changed")
)

// Signature is a signature of a note that was verified.
type Signature struct {
	Key  Key
	Time time.Time // zero, unless the key is Timed
}

// Note is a note whose signatures by known keys were verified.
type Note struct {
	Text       string
	Signatures []Signature
	Unknown    []string // name and hash of signatures by other keys; they were not verified
}

// By returns the note's signature by one of the keys.
func (n Note) By(keys ...Key) (Signature, bool) {
	for _, s := range n.Signatures {
		if _, ok := find(keys, s.Key.Name(), s.Key.KeyHash()); ok {
			return s, true
		}
	}
	return Signature{}, false
}

// Open verifies the signatures that a note has by the keys. A note without any
// is no error: ask By.
func Open(signed []byte, keys []Key) (Note, error) {
	if len(signed) > MaxFile {
		return Note{}, fmt.Errorf("%w: more than %d bytes", ErrMalformed, MaxFile)
	}
	if err := checkLines(string(signed)); err != nil {
		return Note{}, err
	}
	verifiers := make([]note.Verifier, len(keys))
	for i, k := range keys {
		verifiers[i] = k
	}
	opened, err := note.Open(signed, distinct(verifiers))
	var unverified *note.UnverifiedNoteError
	var invalid *note.InvalidSignatureError
	switch {
	case errors.As(err, &unverified):
		opened = unverified.Note
	case errors.As(err, &invalid):
		return Note{}, fmt.Errorf("%w (signature by %s, key %08x)", ErrSignature, invalid.Name, invalid.Hash)
	case err != nil:
		return Note{}, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	return verified(opened, keys)
}

// distinct removes keys that are listed twice, which note.VerifierList takes as
// ambiguous.
func distinct(verifiers []note.Verifier) note.Verifiers {
	type id struct {
		name string
		hash uint32
	}
	seen := map[id]bool{}
	var once []note.Verifier
	for _, v := range verifiers {
		if k := (id{v.Name(), v.KeyHash()}); !seen[k] {
			seen[k] = true
			once = append(once, v)
		}
	}
	return note.VerifierList(once...)
}

// checkLines checks what note.Open does not: that the base64 of each signature
// is canonical, and that no name is there twice.
func checkLines(signed string) error {
	split := strings.LastIndex(signed, "\n\n")
	if split < 0 {
		return ErrMalformed
	}
	names := map[string]bool{}
	for line := range strings.Lines(signed[split+2:]) {
		fields := strings.Split(strings.TrimSuffix(line, "\n"), " ")
		if len(fields) != 3 {
			return ErrMalformed
		}
		data, err := base64.StdEncoding.Strict().DecodeString(fields[2])
		if err != nil || len(data) < 5 {
			return ErrMalformed
		}
		if names[fields[1]] {
			return fmt.Errorf("%w: %s, key %08x", ErrTwoSignatures, fields[1], binary.BigEndian.Uint32(data))
		}
		names[fields[1]] = true
	}
	return nil
}

func verified(opened *note.Note, keys []Key) (Note, error) {
	n := Note{Text: opened.Text}
	for _, s := range opened.Sigs {
		k, _ := find(keys, s.Name, s.Hash)
		signature := Signature{Key: k}
		if k.Timed {
			var err error
			if signature.Time, err = formats.CoSigV1Timestamp(s); err != nil {
				return Note{}, fmt.Errorf("%w: %w", ErrMalformed, err)
			}
		}
		n.Signatures = append(n.Signatures, signature)
	}
	for _, s := range opened.UnverifiedSigs {
		n.Unknown = append(n.Unknown, fmt.Sprintf("%s, key %08x", s.Name, s.Hash))
	}
	return n, nil
}

// Checkpoint is the text of a log's note: its state.
type Checkpoint struct {
	Origin string
	Size   uint64
	Root   tlog.Hash
}

// Checkpoint reads the note's text as a checkpoint, without extension lines.
func (n Note) Checkpoint() (Checkpoint, error) {
	var parsed log.Checkpoint
	extension, err := parsed.Unmarshal([]byte(n.Text))
	if err != nil {
		return Checkpoint{}, fmt.Errorf("read checkpoint: %w", err)
	}
	c := Checkpoint{Origin: parsed.Origin, Size: parsed.Size}
	if len(extension) > 0 || len(parsed.Hash) != len(c.Root) || n.Text != string(parsed.Marshal()) || c.Size > 1<<62 {
		return Checkpoint{}, errors.New("read checkpoint: it is not of the form of c2sp.org/tlog-checkpoint, without extension lines")
	}
	copy(c.Root[:], parsed.Hash)
	return c, nil
}
