package exportworker

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"

	"cloud.google.com/go/firestore"
	"google.golang.org/api/iterator"

	"github.com/strongroom-dev/strongroom/shared/crc32c"
	"github.com/strongroom-dev/strongroom/shared/export"
	"github.com/strongroom-dev/strongroom/shared/exportjob"
	"github.com/strongroom-dev/strongroom/shared/manifest"
)

// partsOf returns the query for the parts of a type, ordered by ID.
func (t *task) partsOf(typ export.PartType) firestore.Query {
	prefix := string(typ)
	return t.home.Parts(t.export.ID).OrderBy(firestore.DocumentID, firestore.Asc).StartAt(prefix + "-").EndBefore(prefix + ".")
}

// list writes the names of the files of parts, from the part Range.From on. All parts
// with rows are done, so the list does not change.
func (t *task) list(ctx context.Context) error {
	file := newRowsFile(0)
	rows, from, err := t.writeList(ctx, file)
	if err != nil {
		return err
	}
	next := export.NewPart(export.ManifestPart, "", export.Range{})
	if from != "" {
		next = export.NewPart(export.ListPart, "", export.Range{From: from})
	}
	if file.rows == 0 {
		return t.finish(ctx, []export.Part{next})
	}
	data, err := file.finish()
	if err != nil {
		return err
	}
	written, err := t.create(ctx, manifest.Lists, rowsEnding, data)
	if err != nil {
		return err
	}
	t.part.Listed = rows
	return t.finish(ctx, []export.Part{next}, written)
}

// errListFull ends a list that has reached a limit.
var errListFull = errors.New("the list is full")

// writeList writes lines until the parts or a limit end. It returns the rows of the
// files that it names, and where the next list begins, or nothing.
func (t *task) writeList(ctx context.Context, file *rowsFile) (rows int64, from string, err error) {
	query, read := t.partsOf(export.RowsPart), 0
	if t.part.Range.From != "" {
		query = query.StartAt(t.part.Range.From)
	}
	err = eachPart(ctx, query.Limit(t.limits.listed), func(p export.Part) error {
		read++
		rows += p.Rows
		for _, f := range p.Files {
			if err := file.add(listed(f)); err != nil {
				return err
			}
		}
		if read < t.limits.listed && file.rows < int64(t.limits.files) {
			return nil
		}
		from = p.ID + afterID
		return errListFull
	})
	if errors.Is(err, errListFull) {
		err = nil
	}
	return rows, from, err
}

func eachPart(ctx context.Context, query firestore.Query, visit func(export.Part) error) error {
	docs := query.Documents(ctx)
	defer docs.Stop()
	for {
		doc, err := docs.Next()
		if errors.Is(err, iterator.Done) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("list parts: %w", err)
		}
		p, err := exportjob.Decode[export.Part](doc)
		if err != nil {
			return err
		}
		if err := visit(p); err != nil {
			return err
		}
	}
}

// listed returns a file as the manifest names it.
func listed(f export.File) manifest.File {
	m := manifest.File{Name: f.Name, Size: f.Size, CRC32C: crc32c.Encode(f.CRC32C), SHA256: hex.EncodeToString(f.SHA256), Rows: f.Rows}
	if o, ok := f.Object(); ok {
		m.Part = &manifest.Part{
			Workspace: string(o.Workspace), Run: string(o.Run), Output: o.Output, Part: o.Part, Generation: f.Copied.Generation,
			Checksum: manifest.Checksum(f.Checksum()), Path: export.AssembledPath(o, f.Copied.First), Offset: f.Copied.Offset,
		}
	}
	if b := f.Bundle; b != nil {
		m.Bundle = &manifest.Bundle{Workspace: string(b.Workspace), Commit: b.Commit, Digest: b.Digest, Path: b.Path()}
	}
	return m
}
