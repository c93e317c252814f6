package exportworker

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"cloud.google.com/go/firestore"

	"github.com/strongroom-dev/strongroom/shared/export"
	"github.com/strongroom-dev/strongroom/shared/grant"
	"github.com/strongroom-dev/strongroom/shared/records"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// The ranges of the table outputparts are names of objects. A grant's document has a
// hash as its name, but the parts of an output must follow each other, so that each
// part can say where it begins in the assembled output.
//
//	From                     To
//	""                       ""        all workspaces
//	prod!                    ""        the workspaces after prod
//	prod/                    ""        all objects of prod
//	prod/RUN                 prod/RUN  the objects of the runs from the first one on, and before the second one
//	prod/RUN/out.log/00002   …         the same, from an object on

// inWorkspace reports whether a range of objects is within one workspace.
func inWorkspace(r export.Range) bool { return strings.Contains(r.From, "/") }

// planWorkspaces plans each workspace that has parts of outputs.
func (t *task) planWorkspaces(ctx context.Context) (next []export.Part, err error) {
	plan := func(from string) {
		next = append(next, export.NewPart(export.PlanPart, export.PartsTable, export.Range{From: from}))
	}
	for _, w := range t.export.Request.Workspaces {
		plan(string(w) + "/")
	}
	if len(next) > 0 {
		return next, nil
	}
	after := t.part.Range.From
	for range export.MaxChildren - 1 {
		documents := export.Range{}
		if after != "" {
			documents.From = fmt.Sprintf("tenants/%s/workspaces/%s", t.home.Tenant, after)
		}
		doc, err := firstOf(ctx, t.documents(export.PartsTable, documents).Select())
		if err != nil || doc == nil {
			return next, err
		}
		w := string(workspaceOf(doc.Ref))
		plan(w + "/")
		after = w + afterID
	}
	plan(after)
	return next, nil
}

// grants returns the query for the grants of objects in a range, as they were at the
// read time, in the order of run, output and part.
func (t *task) grants(r export.Range) firestore.Query {
	w, from, _ := strings.Cut(r.From, "/")
	query := records.Workspace(t.home.DB, t.home.Tenant, tenant.WorkspaceID(w)).Collection(records.GrantsCollection).
		OrderBy("run", firestore.Asc).OrderBy("output", firestore.Asc).OrderBy("part", firestore.Asc)
	if from != "" {
		query = query.StartAt(position(from)...)
	}
	if _, to, ok := strings.Cut(r.To, "/"); ok {
		query = query.EndBefore(position(to)...)
	}
	return *query.WithReadOptions(firestore.ReadTime(t.export.ReadTime))
}

// position returns the values of the ordered fields for the name of an object within
// its workspace, or for the beginning of a name: what is missing sorts first.
func position(name string) []any {
	run, rest, _ := strings.Cut(name, "/")
	output, number, _ := strings.Cut(rest, "/")
	part, _ := strconv.Atoi(number) // after formats it
	return []any{run, output, part}
}

// after returns the first position after an object.
func after(o grant.Object) string {
	o.Part++
	return o.Name()
}

// firstObject returns the name of the first object of a range, or nothing.
func (t *task) firstObject(ctx context.Context, r export.Range) (string, error) {
	doc, err := firstOf(ctx, t.grants(r))
	if err != nil || doc == nil {
		return "", err
	}
	g, err := records.Decode[grant.Grant](doc)
	if err != nil {
		return "", malformed(err)
	}
	return g.Object().Name(), nil
}

// runBoundary returns a position half-way between the run of the first object of a
// range and the range's end. It returns false if none exists.
func runBoundary(first, end string) (at string, ok bool) {
	w, name, _ := strings.Cut(first, "/")
	run, _, _ := strings.Cut(name, "/")
	_, to, _ := strings.Cut(end, "/")
	middle, ok := export.Middle(run, to)
	return w + "/" + middle, ok
}
