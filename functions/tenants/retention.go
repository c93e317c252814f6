package tenants

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"cloud.google.com/go/firestore"

	"github.com/strongroom-dev/strongroom/shared/access"
	"github.com/strongroom-dev/strongroom/shared/api"
	"github.com/strongroom-dev/strongroom/shared/records"
	"github.com/strongroom-dev/strongroom/shared/retention"
	"github.com/strongroom-dev/strongroom/shared/run"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// deletedDays is the number of days before today of which deletions are shown.
const deletedDays = 30

type retentionRequest struct {
	Workspace string `query:"workspace" class:"operational" example:"prod" doc:"Also list the runs of this workspace that are due"`
	PageRequest
}

type retentionResponse struct {
	Body struct {
		Settings []RetentionBody `json:"settings" doc:"What is deleted when. Terraform sets it, in \"retention\", \"outputs\", \"exports\" and \"audit\" of the tenant"`
		Marked   *time.Time      `json:"marked,omitempty" class:"operational" doc:"When the last pass began that marked what is due; absent: none has"`
		Due      []DeletionsBody `json:"due" doc:"Documents that are deleted from today on, by day, if no legal hold is placed before; days without deletions are left out"`
		Deleted  []DeletionsBody `json:"deleted" doc:"Documents that were deleted in the 30 days before today. Firestore deletes them usually within 24 hours after the beginning of the day"`
		Runs     []DueRunBody    `json:"runs" doc:"Runs of the workspace that are due, the next one first"`
		Next     string          `json:"nextPageToken,omitempty" class:"operational" doc:"Absent on the last page of runs"`
	}
}

// RetentionBody is what is deleted when.
type RetentionBody struct {
	Class   string `json:"class" class:"operational" enum:"runs,samples,issues,exports,auditEntries,outputs,exportFiles,audit" doc:"runs have their grants, sightings and indexes with them; auditEntries are the documents, and audit are the objects that have the same entries"`
	Days    int64  `json:"days" class:"configuration" doc:"After which it is deleted; 0: it is kept until the tenant is offboarded"`
	Locked  int64  `json:"lockedDays" class:"configuration" doc:"During which the bucket refuses to delete an object"`
	Deletes string `json:"deletes" class:"operational" enum:"ttl,lifecycle,none" doc:"What deletes it: the TTL policy of documents, or the lifecycle rule of the bucket"`
	Owner   string `json:"owner" class:"operational" enum:"terraform,customer" doc:"Who can change it"`
}

// DeletionsBody counts documents that are deleted from a day on.
type DeletionsBody struct {
	Day     string `json:"day" class:"operational" format:"date"`
	Runs    int64  `json:"runs" class:"operational"`
	Samples int64  `json:"samples" class:"operational" doc:"Documents: each has the samples of an SLI from one run"`
	Issues  int64  `json:"issues" class:"operational"`
	Exports int64  `json:"exports" class:"operational"`

	AuditEntries int64 `json:"auditEntries" class:"operational" doc:"Documents; the audit bucket has the entries"`
}

// DueRunBody is a run that is deleted soon.
type DueRunBody struct {
	Run     string    `json:"run" class:"operational"`
	Deleted time.Time `json:"deletedAfter" class:"operational"`
}

func (h *Handler) retention(ctx context.Context, in *retentionRequest) (*retentionResponse, error) {
	if in.Workspace == "" { // without one, nothing has pages: each token is of another request
		if _, err := access.ParsePageToken[duePosition](ctx, in.PageToken, ""); err != nil {
			return nil, err
		}
	}
	s, now := access.From(ctx), h.deps.Now().UTC()
	out := &retentionResponse{}
	out.Body.Settings = retentionOf(s.Tenant)
	days, err := retention.ReadDays(ctx, s.DB, s.Tenant.ID, now.AddDate(0, 0, -deletedDays), now.Add(retention.Longest))
	if err != nil {
		return nil, err
	}
	out.Body.Due, out.Body.Deleted, out.Body.Runs = []DeletionsBody{}, []DeletionsBody{}, []DueRunBody{}
	today := now.Truncate(24 * time.Hour)
	for _, d := range days {
		b := DeletionsBody{Day: d.Begin.Format(time.DateOnly), Runs: d.Runs, Samples: d.Samples, Issues: d.Issues, Exports: d.Exports, AuditEntries: d.AuditEntries}
		switch {
		case b == DeletionsBody{Day: b.Day}:
		case d.Begin.Before(today):
			out.Body.Deleted = append(out.Body.Deleted, b)
		default:
			out.Body.Due = append(out.Body.Due, b)
		}
	}
	pass, err := retention.ReadPass(ctx, s.DB, s.Tenant.ID)
	if err != nil {
		return nil, err
	}
	if !pass.Started.IsZero() {
		out.Body.Marked = &pass.Started
	}
	if in.Workspace != "" {
		out.Body.Runs, out.Body.Next, err = in.dueRuns(ctx, s)
	}
	return out, err
}

// retentionOf lists what is deleted when. In a bucket of the customer's, only the customer's
// rules delete anything.
func retentionOf(t tenant.Record) []RetentionBody {
	documents := func(c retention.Class) RetentionBody {
		b := RetentionBody{Class: string(c), Days: retention.DaysOf(t.Retention, c), Deletes: "ttl", Owner: ownerTerraform}
		if b.Days == 0 {
			b.Deletes = "none"
		}
		return b
	}
	objects := func(class, bucket string, days, locked int64) RetentionBody {
		b := RetentionBody{Class: class, Days: days, Locked: locked, Deletes: "lifecycle", Owner: ownerTerraform}
		if days == 0 {
			b.Deletes = "none"
		}
		if t.IsCustomers(bucket) {
			b = RetentionBody{Class: class, Deletes: "none", Owner: "customer"}
		}
		return b
	}
	r := t.Retention
	return []RetentionBody{
		documents(retention.Runs), documents(retention.Samples), documents(retention.Issues), documents(retention.Exports), documents(retention.AuditEntries),
		objects("outputs", t.OutputsBucket, r.OutputDays, r.LockedOutputDays),
		objects("exportFiles", t.ExportsBucket, r.ExportFileDays, r.LockedExportFileDays),
		objects("audit", t.AuditBucket, 0, r.LockedAuditDays),
	}
}

// duePosition is the last run of a page.
type duePosition struct {
	At  time.Time
	Run run.ID
}

// dueRuns returns the next page of the runs of a workspace that are due.
func (in *retentionRequest) dueRuns(ctx context.Context, s access.Session) (runs []DueRunBody, next string, err error) {
	w, err := tenant.ParseWorkspaceID(in.Workspace)
	if err != nil {
		return nil, "", api.Refuse(http.StatusUnprocessableEntity, "workspace is not valid; correct it",
			api.Fault{Message: "expected the ID of a workspace", Location: "query.workspace"})
	}
	scope := "due runs of " + string(w)
	after, err := access.ParsePageToken[duePosition](ctx, in.PageToken, scope)
	if err != nil {
		return nil, "", err
	}
	query := records.Workspace(s.DB, s.Tenant.ID, w).Collection(records.RunsCollection).
		OrderBy(retention.Field, firestore.Asc).OrderBy(firestore.DocumentID, firestore.Asc)
	if after.Run != "" {
		query = query.StartAfter(after.At, string(after.Run))
	}
	docs, err := query.Select(retention.Field).Limit(in.PageSize + 1).Documents(ctx).GetAll()
	if err != nil {
		return nil, "", fmt.Errorf("list runs that are due: %w", err)
	}
	runs = []DueRunBody{}
	for i, doc := range docs {
		if i == in.PageSize {
			last := runs[i-1]
			next = access.PageToken(ctx, duePosition{last.Deleted, run.ID(last.Run)}, scope)
			break
		}
		at, _ := doc.Data()[retention.Field].(time.Time)
		runs = append(runs, DueRunBody{Run: doc.Ref.ID, Deleted: at})
	}
	return runs, next, nil
}
