// Package witness is a witness of an audit log (c2sp.org/tlog-witness). It signs a
// checkpoint only if the log has grown from the last one that it signed, without a
// change. So whoever requires its signature sees the same log as everybody else.
//
// The state is in a directory of one process:
//
//	lock              locked while a process uses the directory
//	witness.key       the private key, unless it is elsewhere
//	log-keys          the log's keys, trusted on first use
//	checkpoint        the last signed checkpoint
//	evidence-…        checkpoints that contradict it
//
// The last checkpoint is on the disk before its signature leaves this machine, and
// is replaced by a larger or equal one only. So the state never goes back, whatever
// crashes.
package witness

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	formats "github.com/transparency-dev/formats/note"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/durable"
	"github.com/strongroom-dev/strongroom/shared/auditverify"
	"github.com/strongroom-dev/strongroom/shared/noteverify"
	"github.com/strongroom-dev/strongroom/shared/tilelog"
)

// Names of files in the state directory.
const (
	lockFile       = "lock"
	keyFile        = "witness.key"
	logKeysFile    = "log-keys"
	checkpointFile = "checkpoint"
	evidencePrefix = "evidence-"
)

// Errors of a log that must not be signed.
var (
	ErrShrunk = errors.New("the log has fewer entries than this witness has signed: entries were removed, or an old state of the log is shown")
	ErrForked = errors.New("the log was rewritten (a fork): it does not begin with what this witness has signed")
	ErrOther  = errors.New("the state directory is of another log; use one directory for each log")
)

// Log is the log that a witness watches.
type Log struct {
	Fetch  func(ctx context.Context, path string, limit int) ([]byte, error) // as in package mirror
	Cosign func(ctx context.Context, signed []byte) error                    // returns the signed checkpoint to the log
	Keys   []noteverify.Key                                                  // to trust; none: the keys that the log listed first, and those that it adds
}

// Witness is the state of a witness. It is not safe for concurrent use.
type Witness struct {
	dir      string
	lock     *durable.FileLock
	signer   *formats.Signer
	verifier noteverify.Key
	now      func() time.Time
	replace  func(path string, data []byte) error // durable.Replace, which tests interrupt
}

// Open locks the state directory and reads the key. If there is neither a key nor a
// state, it creates a key for name. An empty keyPath is a file in the directory.
func Open(dir, keyPath, name string) (*Witness, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("open witness: %w", err)
	}
	lock, err := durable.Lock(filepath.Join(dir, lockFile))
	if err != nil {
		return nil, fmt.Errorf("open witness %s: %w", dir, err)
	}
	w := &Witness{dir: dir, lock: lock, now: time.Now, replace: durable.Replace}
	if err := w.openKey(keyPath, name); err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	return w, nil
}

// Close unlocks the directory.
func (w *Witness) Close() error { return w.lock.Close() }

// Key returns the verifier key, to be registered at the log.
func (w *Witness) Key() string { return w.verifier.Text }

// Signed is a checkpoint that a witness has signed.
type Signed struct {
	noteverify.Checkpoint
	Previous uint64           // entries of the checkpoint that it signed before; 0: none
	NewKeys  []noteverify.Key // that the log has added since then
}

// Update fetches the newest checkpoint, compares it with the last signed one, signs
// it, stores it, and returns it to the log.
func (w *Witness) Update(ctx context.Context, log Log) (Signed, error) {
	last, lastSigned, err := w.last()
	if err != nil {
		return Signed{}, err
	}
	shown, err := log.Fetch(ctx, auditverify.CheckpointFile, noteverify.MaxFile)
	if err != nil {
		return Signed{}, err
	}
	newest, added, err := w.verify(ctx, log, shown)
	if err != nil {
		return Signed{}, err
	}
	signed := Signed{Checkpoint: newest, Previous: last.Size, NewKeys: added}
	if lastSigned != nil {
		if err := w.compare(ctx, log, last, newest); err != nil {
			return signed, w.keepEvidence(err, lastSigned, shown)
		}
	}
	cosigned, err := w.cosign(shown)
	if err != nil {
		return signed, err
	}
	if err := w.replace(w.path(checkpointFile), cosigned); err != nil {
		return signed, fmt.Errorf("store the signed checkpoint: %w", err)
	}
	return signed, log.Cosign(ctx, cosigned)
}

func (w *Witness) path(name string) string { return filepath.Join(w.dir, name) }

// last reads the last signed checkpoint. Its signature is the witness's own, so a
// damaged file is not taken for a state.
func (w *Witness) last() (noteverify.Checkpoint, []byte, error) {
	signed, err := os.ReadFile(w.path(checkpointFile))
	if errors.Is(err, fs.ErrNotExist) {
		return noteverify.Checkpoint{}, nil, nil
	}
	if err != nil {
		return noteverify.Checkpoint{}, nil, fmt.Errorf("read the last checkpoint: %w", err)
	}
	n, err := noteverify.Open(signed, []noteverify.Key{w.verifier})
	if err != nil {
		return noteverify.Checkpoint{}, nil, fmt.Errorf("read the last checkpoint: %w", err)
	}
	if len(n.Signatures) == 0 {
		return noteverify.Checkpoint{}, nil, errors.New("read the last checkpoint: it is not signed with this witness's key; use the key of this state directory")
	}
	c, err := n.Checkpoint()
	return c, signed, err
}

// verify verifies the log's signature. It returns the keys that the log has added.
func (w *Witness) verify(ctx context.Context, log Log, shown []byte) (c noteverify.Checkpoint, added []noteverify.Key, err error) {
	if len(log.Keys) > 0 {
		c, err = auditverify.OpenCheckpoint(shown, log.Keys)
		return c, nil, err
	}
	known, err := w.logKeys()
	if err != nil {
		return c, nil, err
	}
	if len(known) > 0 {
		c, err = auditverify.OpenCheckpoint(shown, known)
		if !errors.Is(err, auditverify.ErrUntrustedKey) {
			return c, nil, err
		}
	}
	if known, added, err = w.updateLogKeys(ctx, log, known); err != nil {
		return c, nil, err
	}
	c, err = auditverify.OpenCheckpoint(shown, known)
	return c, added, err
}

// logKeys reads the log's keys that the witness trusts; none, before the first
// use.
func (w *Witness) logKeys() ([]noteverify.Key, error) {
	data, err := os.ReadFile(w.path(logKeysFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the log's keys: %w", err)
	}
	return noteverify.ParseKeys(data)
}

// updateLogKeys fetches the log's keys and stores them.
func (w *Witness) updateLogKeys(ctx context.Context, log Log, known []noteverify.Key) (listed, added []noteverify.Key, err error) {
	data, err := log.Fetch(ctx, auditverify.KeysFile, noteverify.MaxFile)
	if err != nil {
		return nil, nil, err
	}
	if listed, err = noteverify.ParseKeys(data); err != nil {
		return nil, nil, err
	}
	if added, err = auditverify.AddedKeys(known, listed); err != nil {
		return nil, nil, err
	}
	if err := w.replace(w.path(logKeysFile), data); err != nil {
		return nil, nil, fmt.Errorf("store the log's keys: %w", err)
	}
	return listed, added, nil
}

// compare checks that the newest checkpoint is a later state of the last one.
func (w *Witness) compare(ctx context.Context, log Log, last, newest noteverify.Checkpoint) error {
	switch {
	case last.Origin != newest.Origin:
		return ErrOther
	case newest.Size < last.Size:
		return ErrShrunk
	}
	root, err := newest.Root, error(nil)
	if newest.Size > last.Size {
		root, err = auditverify.RootAt(last.Size, newest, func(r tilelog.Resource) ([]byte, error) {
			return log.Fetch(ctx, r.Path(), tilelog.TileWidth*tlog.HashSize)
		})
	}
	switch {
	case errors.Is(err, auditverify.ErrTiles):
		return fmt.Errorf("%w: %w", ErrForked, err)
	case err == nil && root != last.Root:
		return ErrForked
	}
	return err
}

// keepEvidence stores both checkpoints next to the state, and adds them to an error
// that accuses the log.
func (w *Witness) keepEvidence(err error, lastSigned, shown []byte) error {
	if !errors.Is(err, ErrForked) && !errors.Is(err, ErrShrunk) {
		return err
	}
	prefix := w.path(evidencePrefix + w.now().UTC().Format("20060102T150405.000000000Z"))
	stored := errors.Join(w.replace(prefix+"-signed", lastSigned), w.replace(prefix+"-shown", shown))
	return errors.Join(fmt.Errorf("%w\nthis witness has signed:\n%s\nthe log shows:\n%s\nboth are in %s-*", err, lastSigned, shown, prefix), stored)
}

// cosign adds the witness's signature with the present time, in place of an earlier
// one.
func (w *Witness) cosign(shown []byte) ([]byte, error) {
	text, signatures, _ := bytes.Cut(shown, []byte("\n\n")) // verify has opened it
	text = append(bytes.Clone(text), '\n')
	own, err := note.Sign(&note.Note{Text: string(text)}, w.signer)
	if err != nil {
		return nil, fmt.Errorf("sign the checkpoint: %w", err)
	}
	cosigned := append(text, '\n')
	for line := range bytes.Lines(signatures) {
		if !strings.HasPrefix(string(line), "— "+w.verifier.Name()+" ") {
			cosigned = append(cosigned, line...)
		}
	}
	return append(cosigned, own[len(text)+1:]...), nil
}
