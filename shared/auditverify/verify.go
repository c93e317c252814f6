// Package auditverify verifies a copy of an audit log offline: that it is what
// the log's key signed, that no entry or file was changed, added, removed or
// moved, and that it has the entries of receipts.
//
// A copy is a directory whose files have the paths that the log has below its
// URL (c2sp.org/tlog-tiles):
//
//	checkpoint            the newest signed state of the log
//	cosigned-checkpoint   the newest one that a witness signed; may be missing
//	keys                  the log's verifier keys, one in each line
//	policy                whose signatures the platform suggests to ask for
//	tile/L/N              hashes
//	tile/entries/N        entries
//
// The package reads a file at a time and holds no more than some bundles in
// memory, however large the log is. The IDs of the entries are sorted, in a
// temporary file if there are many.
package auditverify

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/strongroom-dev/strongroom/shared/noteverify"
	"github.com/strongroom-dev/strongroom/shared/tilelog"
)

// Names of the files of a copy that are not tiles.
const (
	CheckpointFile = "checkpoint"
	CosignedFile   = "cosigned-checkpoint"
	KeysFile       = "keys"
	PolicyFile     = "policy"
)

// MaxBundle is the most bytes of a bundle of entries.
const MaxBundle = tilelog.TileWidth * (2 + tilelog.MaxEntrySize)

// maxClockSkew is how far in the future a signed time may be, for clocks that
// differ.
const maxClockSkew = 5 * time.Minute

// Options says what else to check. The zero Options trusts the keys and the
// policy that are in the copy.
type Options struct {
	Policy   *noteverify.Policy // whose signatures to ask for; nil: the copy's policy
	Keys     []noteverify.Key   // of the log, to trust in addition to the policy's. If neither names any, the copy's keys are trusted
	Since    []byte             // an older checkpoint, which must be the beginning of the log; nil: none
	MaxAge   time.Duration      // of the newest signed time; zero: any
	Now      time.Time          // for MaxAge
	Receipts io.Reader          // see ReadReceipts; nil: none

	openNote func(signed []byte, keys []noteverify.Key) (noteverify.Note, error) // nil: noteverify.Open
}

// verification is one call of Verify.
type verification struct {
	options Options
	copy    fs.FS
	report  Report

	trust      trust
	checkpoint noteverify.Checkpoint
	tenant     string
	older      []olderCheckpoint
	tree       tilelog.Tree
	broken     bool // a part of the tree is missing, so there is no root
	marks      marks
}

// olderCheckpoint is a checkpoint that must be the beginning of the log.
type olderCheckpoint struct {
	noteverify.Checkpoint
	what string // for faults
	path string
}

// Verify verifies a copy. What is wrong with the copy is in the report; an error
// means that the verification itself could not be completed.
func Verify(ctx context.Context, copy fs.FS, options Options) (*Report, error) {
	if options.openNote == nil {
		options.openNote = noteverify.Open
	}
	v := &verification{options: options, copy: copy, marks: marks{limit: maxMarks}}
	v.report = Report{Witnesses: []Cosignature{}, Faults: []Fault{}, OpenReads: EntryList{Listed: []EntryRef{}}, OpenMints: EntryList{Listed: []EntryRef{}}, EndsOnly: EntryList{Listed: []EntryRef{}}}
	defer v.marks.close()
	if v.openCheckpoints() {
		if err := v.verifyTree(ctx); err != nil {
			return nil, err
		}
	}
	v.conclude()
	return &v.report, nil
}

// verifyTree verifies everything that the checkpoint signs.
func (v *verification) verifyTree(ctx context.Context) error {
	if err := v.readEntries(ctx); err != nil {
		return err
	}
	v.checkRoot()
	for _, older := range v.older {
		v.checkOlder(older)
	}
	if err := v.checkFiles(ctx); err != nil {
		return err
	}
	return v.checkIDs()
}

// checkRoot compares the partial tiles and the root.
func (v *verification) checkRoot() {
	if v.broken {
		v.report.fault(WrongRoot, CheckpointFile, "the root cannot be computed, because entries are missing")
		return
	}
	for level, data := range v.tree.Edge() {
		if level > 0 && len(data) > 0 { // level 0 is compared with the entries
			width := len(data) / tlog.HashSize
			index := v.checkpoint.Size >> (8 * (level + 1))
			v.compareTile(tilelog.Resource{Level: uint64(level), Index: index, Width: width}, data)
		}
	}
	if root := v.tree.Root(); root != v.checkpoint.Root {
		v.report.fault(WrongRoot, CheckpointFile, "the %d entries have the root %s, but the checkpoint has %s: "+
			"entries were changed, added, removed or moved", v.checkpoint.Size, root, v.checkpoint.Root)
	}
}

// compareTile compares a tile with what the entries hash to.
func (v *verification) compareTile(r tilelog.Resource, want []byte) {
	data, fault := v.read(r.Path(), tilelog.TileWidth*tlog.HashSize)
	switch {
	case fault != nil:
		v.report.add(*fault)
	case string(data) != string(want):
		v.report.fault(ChangedFile, r.Path(), "the tile does not have the hashes of the tiles below it")
	}
}

// checkOlder checks that a log of an older checkpoint is the beginning of this one.
func (v *verification) checkOlder(older olderCheckpoint) {
	if older.Size > v.checkpoint.Size {
		v.report.fault(Truncated, older.path, "%s has %d entries, and this copy has %d: the newest ones were removed",
			older.what, older.Size, v.checkpoint.Size)
		return
	}
	root, err := v.rootAt(older.Size)
	switch {
	case err != nil:
		v.report.fault(Rewritten, older.path, "cannot compare %s with the log: %v", older.what, err)
	case root != older.Root:
		v.report.fault(Rewritten, older.path, "%s has another root for the first %d entries: the log was rewritten (a fork)", older.what, older.Size)
	}
}

// rootAt returns the root of the first entries of the log.
func (v *verification) rootAt(size uint64) (tlog.Hash, error) {
	if size == v.checkpoint.Size {
		return v.checkpoint.Root, nil
	}
	return RootAt(size, v.checkpoint, func(r tilelog.Resource) ([]byte, error) {
		data, fault := v.read(r.Path(), tilelog.TileWidth*tlog.HashSize)
		if fault != nil {
			return nil, errors.New(fault.String())
		}
		return data, nil
	})
}

// ErrTiles is the error of tiles that are not those of their log's checkpoint.
var ErrTiles = errors.New("the tiles are not those of the checkpoint")

// RootAt returns the root that the first entries of a log have. It checks all that it
// fetches with the checkpoint's root: if they differ, the error is ErrTiles. An error
// of fetch is returned as it is.
func RootAt(size uint64, newest noteverify.Checkpoint, fetch tilelog.Fetch) (tlog.Hash, error) {
	if size == 0 {
		return (&tilelog.Tree{}).Root(), nil
	}
	tree := tlog.Tree{N: int64(newest.Size), Hash: newest.Root}
	var unavailable error
	root, err := tlog.TreeHash(int64(size), tilelog.Hashes(tree, func(r tilelog.Resource) (data []byte, err error) {
		data, unavailable = fetch(r)
		return data, unavailable
	}))
	switch {
	case unavailable != nil:
		return tlog.Hash{}, unavailable
	case err != nil:
		return tlog.Hash{}, fmt.Errorf("%w: %w", ErrTiles, err)
	}
	return root, nil
}

// read reads a file of the copy.
func (v *verification) read(path string, limit int) ([]byte, *Fault) {
	file, err := v.copy.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, &Fault{Code: MissingFile, Path: path, Detail: "the file is missing"}
	}
	if err != nil {
		return nil, &Fault{Code: MissingFile, Path: path, Detail: fmt.Sprintf("the file cannot be read: %v", err)}
	}
	data, err := readUpTo(file, limit)
	_ = file.Close()
	switch {
	case err != nil:
		return nil, &Fault{Code: MissingFile, Path: path, Detail: fmt.Sprintf("the file cannot be read: %v", err)}
	case len(data) > limit:
		return nil, &Fault{Code: MalformedFile, Path: path, Detail: fmt.Sprintf("the file has more than %d bytes", limit)}
	}
	return data, nil
}

// readUpTo reads a file, and at most one byte more than the limit.
func readUpTo(file fs.File, limit int) ([]byte, error) {
	size := 0
	if info, err := file.Stat(); err == nil { // only to allocate once
		size = int(min(info.Size(), int64(limit)))
	}
	data := bytes.NewBuffer(make([]byte, 0, size+bytes.MinRead))
	_, err := data.ReadFrom(io.LimitReader(file, int64(limit)+1))
	return data.Bytes(), err
}
