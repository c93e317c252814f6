package exportworker

import (
	"context"
	"fmt"
	"strings"

	"cloud.google.com/go/firestore"

	"github.com/strongroom-dev/strongroom/shared/export"
	"github.com/strongroom-dev/strongroom/shared/grant"
	"github.com/strongroom-dev/strongroom/shared/issue"
	"github.com/strongroom-dev/strongroom/shared/keys"
	"github.com/strongroom-dev/strongroom/shared/records"
	"github.com/strongroom-dev/strongroom/shared/sli"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// row returns the row of a document. An error that no repetition can fix is an
// unreadableError.
func (t *task) row(ctx context.Context, doc *firestore.DocumentSnapshot) (any, error) {
	w := workspaceOf(doc.Ref)
	switch t.part.Table {
	case export.RunsTable:
		r, err := records.DecodeRun(doc)
		return export.NewRunRow(w, r), malformed(err)
	case export.SamplesTable:
		return samplesRow(w, doc)
	case export.SightingsTable:
		return t.sightingRow(ctx, w, doc)
	case export.IssuesTable:
		return t.issueRow(ctx, w, doc)
	case export.SLIsTable:
		s, err := records.Decode[sli.SLI](doc)
		return export.NewSLIRow(w, s), malformed(err)
	case export.AssistantsTable:
		return t.assistantRow(ctx, w, doc)
	case export.ReviewsTable:
		return t.reviewRow(ctx, w, doc)
	case export.GrantsTable:
		g, err := records.Decode[grant.Grant](doc)
		return export.NewGrantRow(g), malformed(err)
	default:
		return nil, fmt.Errorf("the part has the unknown table %q", t.part.Table)
	}
}

// malformed marks the error of a document that cannot be decoded.
func malformed(err error) error {
	if err == nil {
		return nil
	}
	return unreadableError{export.UnreadableData, err}
}

func samplesRow(w tenant.WorkspaceID, doc *firestore.DocumentSnapshot) (any, error) {
	s, err := records.Decode[sli.Series](doc)
	if err != nil {
		return nil, malformed(err)
	}
	row, err := export.NewSamplesRow(w, s)
	return row, malformed(err)
}

func (t *task) sightingRow(ctx context.Context, w tenant.WorkspaceID, doc *firestore.DocumentSnapshot) (any, error) {
	r, err := records.Decode[issue.Record](doc)
	if err != nil {
		return nil, malformed(err)
	}
	line, err := records.CryptFunc(t.keys.Open).Apply(ctx, doc.Ref, r.Line)
	return export.NewSightingRow(w, r, line), unreadable(err)
}

func (t *task) issueRow(ctx context.Context, w tenant.WorkspaceID, doc *firestore.DocumentSnapshot) (any, error) {
	i, err := records.Decode[issue.Issue](doc)
	if err != nil {
		return nil, malformed(err)
	}
	text, err := records.OpenIssueText(ctx, t.keys.Open, doc.Ref, i.Text)
	if err != nil {
		return nil, unreadable(err)
	}
	var reason []byte
	if len(i.IgnoreReason) > 0 {
		reason, err = records.CryptFunc(t.keys.Open).Apply(ctx, doc.Ref, i.IgnoreReason)
	}
	return export.NewIssueRow(w, i, export.IssueTexts{Title: text.Title, Line: text.Line, Reason: string(reason)}, t.export.ReadTime), unreadable(err)
}

func (t *task) assistantRow(ctx context.Context, w tenant.WorkspaceID, doc *firestore.DocumentSnapshot) (any, error) {
	a, err := records.Decode[records.Assistant](doc)
	if err != nil {
		return nil, malformed(err)
	}
	name, err := records.CryptFunc(t.keys.Open).Apply(ctx, doc.Ref, a.Name)
	return export.AssistantRow{Workspace: w, Assistant: doc.Ref.ID, Name: string(name), Relevance: a.Relevance, AccessLevel: a.Access}, unreadable(err)
}

// workspaceOf returns the workspace of a document below
// tenants/{t}/workspaces/{w}.
func workspaceOf(ref *firestore.DocumentRef) tenant.WorkspaceID {
	return tenant.WorkspaceID(strings.SplitN(keys.RelativePath(ref), "/", 5)[3])
}
