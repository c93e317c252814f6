// Package mirror copies an audit log to a directory. The layout is that of package
// auditverify: the paths that the log has below its URL.
package mirror

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"

	"golang.org/x/mod/sumdb/tlog"
	"golang.org/x/sync/errgroup"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/durable"
	"github.com/strongroom-dev/strongroom/shared/auditverify"
	"github.com/strongroom-dev/strongroom/shared/noteverify"
	"github.com/strongroom-dev/strongroom/shared/tilelog"
)

// Errors of a log that is not a later state of the copy.
var (
	ErrShrunk = errors.New("the log has fewer entries than the copy: entries were removed, or an old state of the log is shown")
	ErrForked = errors.New("the log was rewritten (a fork): its beginning is not what the copy has")
	ErrOther  = errors.New("the directory has a copy of another log")
)

// Fetch returns a file of the log, of at most limit bytes. The error of a file that
// the log does not have is fs.ErrNotExist.
type Fetch func(ctx context.Context, path string, limit int) ([]byte, error)

// Puller copies one log.
type Puller struct {
	Dir      string
	Fetch    Fetch
	Parallel int         // files that are fetched at the same time
	Expect   func(int64) // adds bytes to those that are expected; negative: fewer
	Moved    func(int64) // adds bytes to those that arrived
}

// Pulled is what a pull did.
type Pulled struct {
	Size     uint64           // entries of the copy
	Previous uint64           // entries that the copy had before
	Files    int64            // that were fetched, without checkpoints and keys
	Bytes    int64            // of these
	NewKeys  []noteverify.Key // that the log has added to those of the copy
}

// head is the state of the log that a pull copies.
type head struct {
	checkpoint noteverify.Checkpoint
	signed     []byte
	keys       []noteverify.Key
	files      map[string][]byte // keys, policy, and the cosigned checkpoint if there is one
}

// Pull copies what is new in the log. It can be interrupted at any time and run
// again: full tiles never change, so they are fetched once. The copy has its new
// checkpoint only after it has all files, and never gets a smaller one.
func (p Puller) Pull(ctx context.Context) (pulled Pulled, err error) {
	if err := os.MkdirAll(p.Dir, 0o700); err != nil {
		return pulled, err
	}
	lock, err := durable.Lock(p.Dir)
	if err != nil {
		return pulled, fmt.Errorf("%s: %w", p.Dir, err)
	}
	defer lock.Close()
	newest, err := p.fetchHead(ctx)
	if err != nil {
		return pulled, err
	}
	previous, err := p.previous(newest, &pulled)
	if err != nil {
		return pulled, err
	}
	pulled.Size = newest.checkpoint.Size
	if err := p.checkGrowth(ctx, previous, newest.checkpoint); err != nil {
		return pulled, err
	}
	if err := p.fetchTiles(ctx, newest.checkpoint.Size, &pulled); err != nil {
		return pulled, err
	}
	return pulled, p.finish(newest)
}

// fetchHead fetches the small files and verifies the checkpoint's signature with
// the log's keys.
func (p Puller) fetchHead(ctx context.Context) (h head, err error) {
	if h.signed, err = p.Fetch(ctx, auditverify.CheckpointFile, noteverify.MaxFile); err != nil {
		return h, err
	}
	h.files = map[string][]byte{}
	for _, path := range []string{auditverify.KeysFile, auditverify.PolicyFile, auditverify.CosignedFile} {
		data, err := p.Fetch(ctx, path, noteverify.MaxFile)
		if errors.Is(err, fs.ErrNotExist) && path == auditverify.CosignedFile {
			continue
		}
		if err != nil {
			return h, err
		}
		h.files[path] = data
	}
	if h.keys, err = noteverify.ParseKeys(h.files[auditverify.KeysFile]); err != nil {
		return h, err
	}
	h.checkpoint, err = auditverify.OpenCheckpoint(h.signed, h.keys)
	return h, err
}

// previous reads the checkpoint that the copy has, and compares it with the newest.
func (p Puller) previous(newest head, pulled *Pulled) (noteverify.Checkpoint, error) {
	signed, err := os.ReadFile(p.path(auditverify.CheckpointFile))
	if errors.Is(err, fs.ErrNotExist) {
		return noteverify.Checkpoint{}, nil
	}
	if err != nil {
		return noteverify.Checkpoint{}, err
	}
	keys, err := p.keys()
	if err != nil {
		return noteverify.Checkpoint{}, err
	}
	previous, err := auditverify.OpenCheckpoint(signed, keys)
	if err != nil {
		return previous, fmt.Errorf("%s: %w", p.path(auditverify.CheckpointFile), err)
	}
	switch {
	case previous.Origin != newest.checkpoint.Origin:
		return previous, fmt.Errorf("%w: %s, not %s", ErrOther, previous.Origin, newest.checkpoint.Origin)
	case previous.Size > newest.checkpoint.Size:
		return previous, evidence(ErrShrunk, signed, newest.signed)
	case previous.Size == newest.checkpoint.Size && previous.Root != newest.checkpoint.Root:
		return previous, evidence(ErrForked, signed, newest.signed)
	}
	pulled.Previous = previous.Size
	pulled.NewKeys, err = auditverify.AddedKeys(keys, newest.keys)
	return previous, err
}

// keys reads the log's keys that the copy has.
func (p Puller) keys() ([]noteverify.Key, error) {
	data, err := os.ReadFile(p.path(auditverify.KeysFile))
	if err != nil {
		return nil, err
	}
	keys, err := noteverify.ParseKeys(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", p.path(auditverify.KeysFile), err)
	}
	return keys, nil
}

// evidence adds two contradicting checkpoints to an error.
func evidence(err error, copied, shown []byte) error {
	return fmt.Errorf("%w\nthe copy has:\n%s\nthe log shows:\n%s", err, copied, shown)
}

// checkGrowth checks that the copy's previous state is the beginning of the newest,
// before anything of the newest is stored.
func (p Puller) checkGrowth(ctx context.Context, previous, newest noteverify.Checkpoint) error {
	if previous.Size == 0 || previous.Size == newest.Size {
		return nil
	}
	root, err := auditverify.RootAt(previous.Size, newest, func(r tilelog.Resource) ([]byte, error) { return p.Fetch(ctx, r.Path(), tileBytes) })
	switch {
	case errors.Is(err, auditverify.ErrTiles):
		return fmt.Errorf("%w: %w", ErrForked, err)
	case err != nil:
		return err
	case root != previous.Root:
		return fmt.Errorf("%w: %d entries had the root %s, and have %s now", ErrForked, previous.Size, previous.Root, root)
	}
	return nil
}

func (p Puller) path(path string) string { return filepath.Join(p.Dir, filepath.FromSlash(path)) }

// Estimates of sizes, for the progress.
const (
	entryEstimate = 400 // bytes of an entry
	tileBytes     = tilelog.TileWidth * tlog.HashSize
)

// fetchTiles fetches the tiles and bundles that the copy does not have.
func (p Puller) fetchTiles(ctx context.Context, size uint64, pulled *Pulled) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(p.Parallel)
	var files, total atomic.Int64
	for r := range auditverify.Resources(size) {
		if ctx.Err() != nil {
			break
		}
		if p.has(r) {
			continue
		}
		expected := estimate(r)
		p.Expect(expected)
		group.Go(func() error {
			n, err := p.fetchTile(ctx, r)
			if err != nil {
				return err
			}
			p.Expect(n - expected)
			p.Moved(n)
			files.Add(1)
			total.Add(n)
			return nil
		})
	}
	err := group.Wait()
	pulled.Files, pulled.Bytes = files.Load(), total.Load()
	return err
}

func estimate(r tilelog.Resource) int64 {
	if r.Entries {
		return int64(r.Width) * entryEstimate
	}
	return int64(r.Width) * tlog.HashSize
}

// has reports whether the copy has a file of the size that it must have. What is in
// the file is verified later.
func (p Puller) has(r tilelog.Resource) bool {
	info, err := os.Lstat(p.path(r.Path()))
	return err == nil && info.Mode().IsRegular() && (r.Entries && info.Size() > 0 || info.Size() == estimate(r))
}

func (p Puller) fetchTile(ctx context.Context, r tilelog.Resource) (int64, error) {
	limit := tileBytes
	if r.Entries {
		limit = auditverify.MaxBundle
	}
	data, err := p.Fetch(ctx, r.Path(), limit)
	if err != nil {
		return 0, err
	}
	if !r.Entries && len(data) != r.Width*tlog.HashSize {
		return 0, fmt.Errorf("%s has %d bytes, not %d", r.Path(), len(data), r.Width*tlog.HashSize)
	}
	path := p.path(r.Path())
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return 0, err
	}
	return int64(len(data)), durable.Replace(path, data)
}

// finish makes the newest checkpoint the copy's, and removes what it replaces.
func (p Puller) finish(newest head) error {
	for path, data := range newest.files {
		if err := p.replace(path, data); err != nil {
			return err
		}
	}
	if err := p.replace(auditverify.CheckpointFile, newest.signed); err != nil {
		return err
	}
	return p.removeOld(newest.checkpoint.Size)
}

// replace writes a file, unless it has the same content.
func (p Puller) replace(path string, data []byte) error {
	if old, err := os.ReadFile(p.path(path)); err == nil && bytes.Equal(old, data) {
		return nil
	}
	return durable.Replace(p.path(path), data)
}

// removeOld removes the partial tiles of earlier states, and what an interrupted
// pull left.
func (p Puller) removeOld(size uint64) error {
	return filepath.WalkDir(p.Dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		name, err := filepath.Rel(p.Dir, path)
		if err != nil {
			return err
		}
		name = filepath.ToSlash(name)
		r, err := tilelog.ParsePath(strings.TrimSuffix(name, durable.TemporarySuffix))
		isOld := err == nil && r.Width < tilelog.TileWidth && r != auditverify.Current(r, size)
		isTemporary := err == nil && strings.HasSuffix(name, durable.TemporarySuffix)
		if !isOld && !isTemporary {
			return nil
		}
		return os.Remove(path)
	})
}
