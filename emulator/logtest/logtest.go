// Package logtest makes signed audit logs for tests, without a cloud. Whoever has
// a Log has its key, and so can also make forks, which the platform never does.
package logtest

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"testing/fstest"

	"github.com/transparency-dev/formats/log"
	formats "github.com/transparency-dev/formats/note"
	"golang.org/x/mod/sumdb/note"

	"github.com/strongroom-dev/strongroom/shared/auditverify"
	"github.com/strongroom-dev/strongroom/shared/tilelog"
)

// Origin is the origin of the logs: of a tenant acme.
const Origin = "strongroom.example.com/v1/tenants/acme/audit/log"

// Signer signs notes under one name.
type Signer struct {
	note.Signer
	Key string // the verifier key
}

// NewSigner returns a signer with a new key. If timed is set, its signatures have
// the time.
func NewSigner(t testing.TB, name string, timed bool) Signer {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return signerOf(t, key, name, timed)
}

func signerOf(t testing.TB, key ed25519.PrivateKey, name string, timed bool) Signer {
	t.Helper()
	public, err := note.NewEd25519VerifierKey(name, key.Public().(ed25519.PublicKey))
	if err != nil {
		t.Fatal(err)
	}
	private := PrivateKey(name, key)
	s, err := note.NewSigner(private)
	if err == nil && timed {
		s, err = formats.NewSignerForCosignatureV1(private)
		public, _ = formats.VKeyToCosignatureV1(public)
	}
	if err != nil {
		t.Fatal(err)
	}
	return Signer{s, public}
}

// PrivateKey returns a signer's key as golang.org/x/mod/sumdb/note writes it.
func PrivateKey(name string, key ed25519.PrivateKey) string {
	hash := sha256.Sum256(append([]byte(name+"\n\x01"), key.Public().(ed25519.PublicKey)...))
	return fmt.Sprintf("PRIVATE+KEY+%s+%x+%s", name, hash[:4], base64.StdEncoding.EncodeToString(append([]byte{1}, key.Seed()...)))
}

// Log is a log with its keys.
type Log struct {
	Key, Time Signer
	Witness   Signer // named by the log's policy
	Quorum    string // of the policy: "none" or "w"
	Entries   [][]byte
}

// New returns a log with a number of entries.
func New(t testing.TB, size int) *Log {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	l := &Log{
		Key:     signerOf(t, key, Origin, false),
		Time:    signerOf(t, key, Origin+auditverify.TimeSuffix, true),
		Witness: NewSigner(t, "witness.example.com", true),
		Quorum:  "none",
	}
	for i := range size {
		l.Entries = append(l.Entries, Entry(i))
	}
	return l
}

// ID returns the ID of the entry at an index.
func ID(index int) string {
	return fmt.Sprintf("01890a5d-ac96-774b-bcce-%012x", index)
}

// Entry returns an entry that records a run's start.
func Entry(index int) []byte {
	return fmt.Appendf(nil, `{"action":"runs.start","actor":{"issuer":"https://issuer.example.com","role":"runner","subject":"system:serviceaccount:prod:runner"},`+
		`"id":%q,"outcome":"allowed","resource":"runs/01890a5d-ac96-774b-bcce-b302099a8057","tenant":"acme","time":"2026-11-28T10:%02d:%02d.123456Z","workspace":"prod"}`,
		ID(index), index/60%60, index%60)
}

// Fork returns a log with the same keys and the first entries of l.
func (l *Log) Fork(size int) *Log {
	fork := *l
	fork.Entries = slices.Clone(l.Entries[:size])
	return &fork
}

// Checkpoint returns the signed checkpoint of the first entries.
func (l *Log) Checkpoint(t testing.TB, size int, more ...Signer) []byte {
	t.Helper()
	tree := l.tree(t, size, nil)
	root := tree.Root()
	text := log.Checkpoint{Origin: Origin, Size: uint64(size), Hash: root[:]}.Marshal()
	return Sign(t, string(text), append([]Signer{l.Key, l.Time}, more...)...)
}

// Sign returns a text as a note with signatures.
func Sign(t testing.TB, text string, signers ...Signer) []byte {
	t.Helper()
	all := make([]note.Signer, len(signers))
	for i, s := range signers {
		all[i] = s
	}
	signed, err := note.Sign(&note.Note{Text: text}, all...)
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

func (l *Log) tree(t testing.TB, size int, completed func(tilelog.Tile)) *tilelog.Tree {
	t.Helper()
	tree := &tilelog.Tree{}
	for _, entry := range l.Entries[:size] {
		if err := tree.Append(entry); err != nil {
			t.Fatal(err)
		}
		for _, tile := range tree.Completed() {
			if completed != nil {
				completed(tile)
			}
		}
	}
	return tree
}

// Copy returns the files of a copy of the log's first entries.
func (l *Log) Copy(t testing.TB, size int) fstest.MapFS {
	t.Helper()
	files := l.Tiles(t, size)
	files[auditverify.CheckpointFile] = file(l.Checkpoint(t, size))
	files[auditverify.KeysFile] = file([]byte(l.Key.Key + "\n" + l.Time.Key + "\n"))
	files[auditverify.PolicyFile] = file(l.Policy())
	return files
}

func file(data []byte) *fstest.MapFile { return &fstest.MapFile{Data: data, Mode: 0o600} }

// Tiles returns the tiles and bundles of the log's first entries.
func (l *Log) Tiles(t testing.TB, size int) fstest.MapFS {
	t.Helper()
	files := fstest.MapFS{}
	put := func(path string, data []byte) { files[path] = file(data) }
	tree := l.tree(t, size, func(tile tilelog.Tile) {
		put(tilelog.Resource{Level: tile.Level, Index: tile.Index, Width: tilelog.TileWidth}.Path(), tile.Data)
	})
	for level, data := range tree.Edge() {
		if width := len(data) / 32; width > 0 {
			put(tilelog.Resource{Level: uint64(level), Index: uint64(size) >> (8 * (level + 1)), Width: width}.Path(), data)
		}
	}
	for first := 0; first < size; first += tilelog.TileWidth {
		bundle := []byte{}
		end := min(size, first+tilelog.TileWidth)
		for _, entry := range l.Entries[first:end] {
			bundle, _ = tilelog.AppendEntry(bundle, entry) // tree has checked the size
		}
		put(tilelog.Resource{Entries: true, Index: uint64(first / tilelog.TileWidth), Width: end - first}.Path(), bundle)
	}
	return files
}

// Policy returns the log's policy.
func (l *Log) Policy() []byte {
	return fmt.Appendf(nil, "log %s https://%s\nwitness w %s\nquorum %s\n", l.Key.Key, Origin, l.Witness.Key, l.Quorum)
}

// Write writes the files of a copy to a directory.
func Write(t testing.TB, files fstest.MapFS, dir string) {
	t.Helper()
	for path, file := range files {
		path = filepath.Join(dir, filepath.FromSlash(path))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, file.Data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}
