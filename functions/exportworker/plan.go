package exportworker

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"cloud.google.com/go/firestore"
	"google.golang.org/api/iterator"

	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/export"
	"github.com/strongroom-dev/strongroom/shared/exportjob"
	"github.com/strongroom-dev/strongroom/shared/keys"
)

// maxDivisions limits how many ranges one plan looks at. Each takes up to two queries,
// so a plan takes seconds.
const maxDivisions = 200

// plan divides the range of the part. What does not fit into one part becomes a plan
// of its own.
func (t *task) plan(ctx context.Context) error {
	switch {
	case t.part.Table == "":
		return t.planTables(ctx)
	case t.part.Table == export.AuditTable:
		return t.finish(ctx, divideIndexes(t.part.Range, int64(t.limits.documents)))
	case t.part.Table == export.PartsTable && !inWorkspace(t.part.Range):
		next, err := t.planWorkspaces(ctx)
		if err != nil {
			return err
		}
		return t.finish(ctx, next)
	case t.part.Range == export.Range{} && len(t.export.Request.Workspaces) > 0:
		var next []export.Part
		for _, w := range t.export.Request.Workspaces {
			from := fmt.Sprintf("tenants/%s/workspaces/%s", t.home.Tenant, w)
			next = append(next, export.NewPart(export.PlanPart, t.part.Table, export.Range{From: from, To: from + afterID}))
		}
		return t.finish(ctx, next)
	}
	next, err := t.planDocuments(ctx)
	if err != nil {
		return err
	}
	return t.finish(ctx, next)
}

// planTables plans each table, and decides which audit entries the export has: those
// of the published tree at the read time.
func (t *task) planTables(ctx context.Context) error {
	var next []export.Part
	for _, table := range t.export.Request.Tables() {
		r := export.Range{}
		if table == export.AuditTable {
			var err error
			if r, err = t.auditRange(ctx); err != nil {
				return err
			}
			t.part.Range = r
		}
		next = append(next, export.NewPart(export.PlanPart, table, r))
	}
	return t.finish(ctx, next)
}

// auditRange returns the indexes of the audit entries that were published from the
// time From on, and before the read time.
func (t *task) auditRange(ctx context.Context) (export.Range, error) {
	tree, err := auditlog.ReadTreeAt(ctx, t.home.DB, t.home.Tenant, t.export.ReadTime)
	if err != nil {
		return export.Range{}, err
	}
	r := export.Range{Begin: t.export.AuditBegin, End: tree.Size}
	from := t.export.Request.From
	if r.Begin > 0 || from.IsZero() || t.deps.Now().Sub(from) > export.MaxReadAge {
		return r, nil
	}
	before, err := auditlog.ReadTreeAt(ctx, t.home.DB, t.home.Tenant, from)
	r.Begin = before.Size
	return r, err
}

// divideIndexes divides a range of audit entries into at most MaxChildren parts. One
// part reads at most the given number.
func divideIndexes(r export.Range, most int64) []export.Part {
	step, typ := max(most, (r.End-r.Begin+export.MaxChildren-1)/export.MaxChildren), export.RowsPart
	if step > most {
		typ = export.PlanPart
	}
	var parts []export.Part
	for begin := r.Begin; begin < r.End; begin += step {
		parts = append(parts, export.NewPart(typ, export.AuditTable, export.Range{Begin: begin, End: min(r.End, begin+step)}))
	}
	return parts
}

// planDocuments divides a range until each piece has few enough documents for one
// part. It begins with the first pieces, so what is left over is one range at the
// end of each level of division.
func (t *task) planDocuments(ctx context.Context) ([]export.Part, error) {
	open, next := []export.Range{t.part.Range}, []export.Part{}
	for looked := 0; len(open) > 0; looked++ {
		if looked == maxDivisions || len(open)+len(next)+2 > export.MaxChildren {
			break
		}
		r := open[len(open)-1]
		open = open[:len(open)-1]
		first, err := t.first(ctx, r)
		if err != nil {
			return nil, err
		}
		if first == "" {
			continue
		}
		low, high, divided, err := t.divide(ctx, r, first)
		if err != nil {
			return nil, err
		}
		if divided {
			open = append(open, high, low)
			continue
		}
		next = append(next, export.NewPart(export.RowsPart, t.part.Table, r))
	}
	for _, r := range open {
		next = append(next, export.NewPart(export.PlanPart, t.part.Table, r))
	}
	return next, nil
}

// afterID, added to the name of a document, is after that document and everything
// below it, and before every other document: IDs consist of letters, digits and
// hyphens, which are greater than "!".
const afterID = "!"

// divide divides a range in two if it has more documents than one part reads. first
// is its first document.
//
// The client counts the documents of the present, not those of the read time. That
// only changes how the work is divided: a part with too many documents is continued
// by another one.
func (t *task) divide(ctx context.Context, r export.Range, first string) (low, high export.Range, divided bool, err error) {
	query, most, between := t.documents(t.part.Table, r), t.limits.documents, boundary
	switch t.part.Table {
	case export.PartsTable:
		query, most, between = t.grants(r), t.limits.copies, runBoundary
	case export.ConfigsTable:
		most = export.MaxPartBundles
	}
	count, err := exportjob.Count(ctx, query.Limit(most+1))
	if err != nil || count <= int64(most) {
		return low, high, false, err
	}
	at, ok := between(first, r.To)
	return export.Range{From: r.From, To: at}, export.Range{From: at, To: r.To}, ok, nil
}

// boundary returns a name between the first document of a range and its end: the end
// of the first workspace if the range goes beyond it, and otherwise a name half-way
// between the two IDs. It returns false if none exists.
func boundary(first, end string) (at string, ok bool) {
	const segments = 6 // tenants/{t}/workspaces/{w}/{collection}/{id}
	names := strings.SplitN(first, "/", segments+1)
	workspace := strings.Join(names[:4], "/")
	collection := workspace + "/" + names[4] + "/"
	to, within := strings.CutPrefix(end, collection)
	if !within && end != workspace+afterID {
		return workspace + afterID, true
	}
	if !within {
		to = ""
	}
	to, _, _ = strings.Cut(to, "/")
	middle, ok := export.Middle(names[5], to)
	return collection + middle, ok
}

// first returns the name of the first document of a range, or nothing. For a range of
// objects, it returns the first object.
func (t *task) first(ctx context.Context, r export.Range) (string, error) {
	if t.part.Table == export.PartsTable {
		return t.firstObject(ctx, r)
	}
	doc, err := firstOf(ctx, t.documents(t.part.Table, r).Select())
	if err != nil || doc == nil {
		return "", err
	}
	return keys.RelativePath(doc.Ref), nil
}

// firstOf returns the first document of a query, or nil.
func firstOf(ctx context.Context, query firestore.Query) (*firestore.DocumentSnapshot, error) {
	docs := query.Limit(1).Documents(ctx)
	defer docs.Stop()
	doc, err := docs.Next()
	if errors.Is(err, iterator.Done) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("find the first document: %w", err)
	}
	return doc, nil
}
