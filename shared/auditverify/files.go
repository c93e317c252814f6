package auditverify

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/strongroom-dev/strongroom/shared/tilelog"
)

// checkFiles finds the files that are not part of the log. What the log has was
// read already.
func (v *verification) checkFiles(ctx context.Context) error {
	return fs.WalkDir(v.copy, ".", func(path string, entry fs.DirEntry, err error) error {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			v.report.fault(MissingFile, path, "the directory cannot be read: %v", err)
			return nil
		}
		if entry.IsDir() {
			return nil
		}
		v.checkFile(path, entry)
		return nil
	})
}

func (v *verification) checkFile(path string, entry fs.DirEntry) {
	switch path {
	case CheckpointFile, CosignedFile, KeysFile, PolicyFile:
		return
	}
	r, err := tilelog.ParsePath(path)
	switch {
	case err != nil || !entry.Type().IsRegular():
		v.report.fault(ExtraFile, path, "the file is not part of a log")
	case !r.Exists(v.checkpoint.Size):
		v.report.fault(ExtraFile, path, "the file is not part of a log of %d entries; an interrupted pull leaves such files until it is continued", v.checkpoint.Size)
	case r != v.current(r):
		v.checkPartial(r)
	}
}

// checkPartial checks a partial tile or bundle of an earlier size of the log,
// which must be the beginning of the present one.
func (v *verification) checkPartial(r tilelog.Resource) {
	limit := tilelog.TileWidth * tlog.HashSize
	if r.Entries {
		limit = MaxBundle
	}
	data, fault := v.read(r.Path(), limit)
	var whole []byte
	if fault == nil {
		whole, fault = v.read(v.current(r).Path(), limit)
	}
	if fault != nil {
		v.report.add(*fault)
		return
	}
	want, err := cutTo(r, whole)
	if err != nil || !bytes.Equal(data, want) {
		v.report.fault(ChangedFile, r.Path(), "the file is not the beginning of %s", v.current(r).Path())
	}
}

// cutTo returns the beginning of a tile or bundle that has the width of r.
func cutTo(r tilelog.Resource, whole []byte) ([]byte, error) {
	if r.Entries {
		return tilelog.CutBundle(whole, r.Width)
	}
	if len(whole) < r.Width*tlog.HashSize {
		return nil, fmt.Errorf("the tile has %d bytes", len(whole))
	}
	return whole[:r.Width*tlog.HashSize], nil
}
