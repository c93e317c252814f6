package exportworker

import (
	"context"
	"errors"
	"fmt"

	"cloud.google.com/go/firestore"
	"google.golang.org/api/iterator"

	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/export"
	"github.com/strongroom-dev/strongroom/shared/keys"
	"github.com/strongroom-dev/strongroom/shared/records"
)

// groups are the collections with the documents of tables.
var groups = map[export.Table]string{
	export.RunsTable:       records.RunsCollection,
	export.SamplesTable:    records.SeriesCollection,
	export.SightingsTable:  records.SightingsCollection,
	export.IssuesTable:     records.IssuesCollection,
	export.SLIsTable:       records.SLIsCollection,
	export.AssistantsTable: records.AssistantsCollection,
	export.GrantsTable:     records.GrantsCollection,
	export.PartsTable:      records.GrantsCollection,
	export.ConfigsTable:    records.ConfigsCollection,
	export.ReviewsTable:    records.ConfigReviewsCollection,
}

// documents returns the query for the tenant's documents of a table in a range, as
// they were at the read time, ordered by name.
func (t *task) documents(table export.Table, r export.Range) firestore.Query {
	tenants := t.home.DB.Collection("tenants")
	from, to := tenants.Doc(string(t.home.Tenant)), tenants.Doc(string(t.home.Tenant)+afterID)
	if r.From != "" {
		from = t.home.DB.Doc(r.From)
	}
	if r.To != "" {
		to = t.home.DB.Doc(r.To)
	}
	query := t.home.DB.CollectionGroup(groups[table]).OrderBy(firestore.DocumentID, firestore.Asc).StartAt(from).EndBefore(to)
	return *query.WithReadOptions(firestore.ReadTime(t.export.ReadTime))
}

// rows writes the rows of the part as one file. If the part reaches a limit, another
// part continues.
func (t *task) rows(ctx context.Context) error {
	file := newRowsFile(t.limits.bytes)
	rest, more, made, err := t.write(ctx, file)
	if err != nil {
		return err
	}
	var next []export.Part
	if more {
		next = append(next, export.NewPart(export.RowsPart, t.part.Table, rest))
	}
	if file.rows == 0 {
		return t.finish(ctx, next)
	}
	data, err := file.finish()
	if err != nil {
		return err
	}
	written, err := t.create(ctx, string(t.part.Table)+"/", rowsEnding, data)
	if err != nil {
		return err
	}
	written.Rows = file.rows
	return t.finish(ctx, next, append([]export.File{written}, made...)...)
}

// write writes rows until the range or a limit ends. It returns the rest of the range,
// whether there may be more rows in it, and the copies and bundles that it made.
func (t *task) write(ctx context.Context, file *rowsFile) (rest export.Range, more bool, made []export.File, err error) {
	switch t.part.Table {
	case export.AuditTable:
		rest, more, err = t.writeEntries(ctx, file)
	case export.PartsTable:
		return t.copyParts(ctx, file)
	case export.ConfigsTable:
		return t.writeConfigs(ctx, file)
	default:
		rest, more, err = t.writeRows(ctx, file)
	}
	return rest, more, nil, err
}

// writeRows is write for documents.
func (t *task) writeRows(ctx context.Context, file *rowsFile) (rest export.Range, more bool, err error) {
	rest = t.part.Range
	more, err = t.readDocuments(ctx, t.documents(t.part.Table, rest), func(doc *firestore.DocumentSnapshot) (bool, error) {
		rest.From = keys.RelativePath(doc.Ref) + afterID
		if t.isBefore(doc) {
			return false, nil
		}
		err := t.writeRow(ctx, file, doc)
		return file.full(), err
	})
	return rest, more, err
}

// readDocuments calls visit for each document of a query, until visit reports that the part
// is full, or the part has read as many documents as it may. It returns whether there may be
// more documents. A document counts also if visit leaves it out: otherwise, the end of the
// limited query would look like the end of the range.
func (t *task) readDocuments(ctx context.Context, query firestore.Query, visit func(*firestore.DocumentSnapshot) (full bool, err error)) (more bool, err error) {
	docs := query.Limit(t.limits.documents).Documents(ctx)
	defer docs.Stop()
	for read := 1; ; read++ {
		doc, err := docs.Next()
		if errors.Is(err, iterator.Done) {
			return false, nil
		}
		if err != nil {
			return false, fmt.Errorf("read documents: %w", err)
		}
		if full, err := visit(doc); err != nil || full {
			return full, err
		}
		if read == t.limits.documents {
			return true, nil
		}
	}
}

// isBefore reports whether a document was last written at or before the time From of
// the export.
func (t *task) isBefore(doc *firestore.DocumentSnapshot) bool {
	return !doc.UpdateTime.After(t.export.Request.From)
}

func (t *task) writeRow(ctx context.Context, file *rowsFile, doc *firestore.DocumentSnapshot) error {
	row, err := t.row(ctx, doc)
	if err != nil {
		return err
	}
	return file.add(row)
}

// writeEntries is write for audit entries.
func (t *task) writeEntries(ctx context.Context, file *rowsFile) (rest export.Range, more bool, err error) {
	rest = t.part.Range
	tree, err := auditlog.ReadTreeAt(ctx, t.home.DB, t.home.Tenant, t.export.ReadTime)
	if err != nil {
		return rest, false, err
	}
	old := auditlog.NewBundles(t.tiles, tree)
	for entry, err := range t.audit.EntriesAt(ctx, t.home.DB, t.home.Tenant, old, rest.Begin, rest.End, t.export.ReadTime) {
		if errors.Is(err, auditlog.ErrMissingEntry) {
			return rest, false, unreadableError{export.MissingEntry, err}
		}
		if err != nil {
			return rest, false, unreadable(err)
		}
		if err := file.add(export.AuditRow{Index: entry.Index, Entry: entry.Leaf}); err != nil {
			return rest, false, err
		}
		if rest.Begin = entry.Index + 1; file.full() {
			return rest, rest.Begin < rest.End, nil
		}
	}
	return rest, false, nil
}

// unreadable marks the error of a value that no key opens.
func unreadable(err error) error {
	if errors.Is(err, keys.ErrSealed) {
		return unreadableError{export.UnreadableData, err}
	}
	return err
}
