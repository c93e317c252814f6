// Package noteverify verifies signed notes (c2sp.org/signed-note), such as the
// checkpoints of audit logs (c2sp.org/tlog-checkpoint), offline. It reads
// verifier keys, files of them, and policies (c2sp.org/tlog-policy).
//
// It is stricter than the standard asks for, so that a stored note, key or
// policy has exactly one spelling and every changed bit is noticed: base64 must
// be canonical, the hash in a key must be that of the key, and no two signatures
// of a note may have the same name.
package noteverify

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"

	formats "github.com/transparency-dev/formats/note"
	"golang.org/x/mod/sumdb/note"
)

// Signature types of c2sp.org/signed-note.
const (
	typeEd25519     = 0x01
	typeCosignature = 0x04 // Ed25519 with a time
	typeMLDSA44     = 0x06 // ML-DSA-44 with a time
)

// Limits of what is read.
const (
	MaxFile = 1 << 20 // bytes of a note, a file of keys or a policy
	maxKeys = 1024    // of a file
)

// ErrKey is the error of a text that is not a verifier key.
var ErrKey = errors.New("not a verifier key of c2sp.org/signed-note, such as example.com/log+1a2b3c4d+AbCd…")

// Key is a verifier key.
type Key struct {
	note.Verifier
	Text  string // NAME+HASH+KEY
	Timed bool   // its signatures have a time (c2sp.org/tlog-cosignature)

	public []byte // of an Ed25519 key; nil otherwise
}

// ParseKey reads a verifier key: Ed25519, or a cosigner's Ed25519 or ML-DSA-44.
func ParseKey(text string) (Key, error) {
	parts := strings.SplitN(text, "+", 3)
	if len(parts) != 3 {
		return Key{}, ErrKey
	}
	data, err := base64.StdEncoding.Strict().DecodeString(parts[2])
	if err != nil || len(data) == 0 || text != vkey(parts[0], data) {
		return Key{}, ErrKey
	}
	k := Key{Text: text, Timed: data[0] != typeEd25519}
	switch data[0] {
	case typeEd25519:
		k.Verifier, err = note.NewVerifier(text)
	case typeCosignature, typeMLDSA44:
		k.Verifier, err = formats.NewVerifierForCosignatureV1(text)
	default:
		return Key{}, fmt.Errorf("%w: the type 0x%02x is not supported", ErrKey, data[0])
	}
	if err != nil {
		return Key{}, fmt.Errorf("%w: %w", ErrKey, err)
	}
	if data[0] != typeMLDSA44 {
		k.public = data[1:]
	}
	return k, nil
}

// vkey writes a verifier key. The data begin with the signature type.
func vkey(name string, data []byte) string {
	sum := sha256.Sum256(append([]byte(name+"\n"), data...))
	return fmt.Sprintf("%s+%08x+%s", name, binary.BigEndian.Uint32(sum[:]), base64.StdEncoding.EncodeToString(data))
}

// TimeKey returns the key of the timestamped signatures that an Ed25519 key
// makes under another name. Audit logs sign the times of their checkpoints in
// this way.
func (k Key) TimeKey(name string) (Key, error) {
	if k.Timed || k.public == nil {
		return Key{}, fmt.Errorf("%s has a time already: a log's key has none", k.Name())
	}
	return ParseKey(vkey(name, append([]byte{typeCosignature}, k.public...)))
}

// ParseKeys reads a file of verifier keys, one in each line. Every line ends with
// a newline.
func ParseKeys(data []byte) ([]Key, error) {
	if len(data) > MaxFile {
		return nil, fmt.Errorf("read keys: more than %d bytes", MaxFile)
	}
	var all []Key
	for line := range bytes.Lines(data) {
		text, ok := bytes.CutSuffix(line, []byte("\n"))
		if !ok {
			return nil, fmt.Errorf("read keys: line %d does not end with a newline: the file may be truncated", len(all)+1)
		}
		k, err := ParseKey(string(text))
		if err != nil {
			return nil, fmt.Errorf("read keys: line %d: %w", len(all)+1, err)
		}
		if all = append(all, k); len(all) > maxKeys {
			return nil, fmt.Errorf("read keys: more than %d keys", maxKeys)
		}
	}
	if len(all) == 0 {
		return nil, errors.New("read keys: the file is empty")
	}
	return all, nil
}

// find returns the key of a signature.
func find(keys []Key, name string, hash uint32) (Key, bool) {
	for _, k := range keys {
		if k.Name() == name && k.KeyHash() == hash {
			return k, true
		}
	}
	return Key{}, false
}
