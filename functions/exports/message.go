package exports

import (
	"cmp"
	"errors"
	"net/http"
	"time"

	"github.com/strongroom-dev/strongroom/shared/api"
	"github.com/strongroom-dev/strongroom/shared/export"
	"github.com/strongroom-dev/strongroom/shared/exportjob"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// ContentBody is what an export contains. Its name is exported because the OpenAPI
// document omits the fields of embedded types that are not.
type ContentBody struct {
	Kinds      []string `json:"kinds" class:"operational" minItems:"1" maxItems:"5" maxLength:"20" doc:"audit, configuration, inventory, metadata, outputs"`
	Workspaces []string `json:"workspaces,omitempty" class:"operational" maxItems:"100" maxLength:"63" doc:"Whose rows are exported; default: all. The kind audit has no workspaces"`
	Format     string   `json:"format,omitempty" class:"operational" enum:"jsonl" default:"jsonl" doc:"jsonl: JSON Lines, compressed with gzip"`
}

func (b ContentBody) request() export.Request {
	var r export.Request
	for _, kind := range b.Kinds {
		r.Kinds = append(r.Kinds, export.Kind(kind))
	}
	for _, w := range b.Workspaces {
		r.Workspaces = append(r.Workspaces, tenant.WorkspaceID(w))
	}
	return r
}

func showContent(r export.Request) ContentBody {
	b := ContentBody{Format: "jsonl"}
	for _, kind := range r.Kinds {
		b.Kinds = append(b.Kinds, string(kind))
	}
	for _, w := range r.Workspaces {
		b.Workspaces = append(b.Workspaces, string(w))
	}
	return b
}

// RequestBody is a request for an export.
type RequestBody struct {
	ContentBody
	From *time.Time `json:"from,omitempty" class:"operational" doc:"Leave out documents that were last written before this time, a whole minute; default: none"`
	To   *time.Time `json:"to,omitempty" class:"operational" doc:"Export the documents as they were at this time, a whole minute at most 6 days ago; default: the next whole minute"`
}

func (b RequestBody) request() export.Request {
	r := b.ContentBody.request()
	if b.From != nil {
		r.From = *b.From
	}
	if b.To != nil {
		r.To = *b.To
	}
	return r.Canonical()
}

// ExportBody is an export.
type ExportBody struct {
	ID string `json:"id" class:"operational"`
	RequestBody
	State      string     `json:"state" class:"operational" enum:"queued,running,paused,done,failed,canceled"`
	Reason     string     `json:"reason,omitempty" class:"operational" doc:"Why it is paused or failed: key-locked, storage-unavailable, read-time-too-old, unreadable-data or missing-entry"`
	FailedPart string     `json:"failedPart,omitempty" class:"operational" doc:"The part that failed"`
	ReadTime   time.Time  `json:"readTime" class:"operational" doc:"The documents are exported as they were at this time"`
	Bucket     string     `json:"bucket" class:"operational" doc:"Has the files. It stays the same when the tenant's storage changes"`
	Created    time.Time  `json:"created" class:"operational"`
	Ended      *time.Time `json:"ended,omitempty" class:"operational" doc:"Absent while it is queued, running or paused"`
	Schedule   string     `json:"schedule,omitempty" class:"operational" doc:"The schedule that created it"`
	Staff      bool       `json:"staff,omitempty" class:"operational" doc:"The platform's staff created it"`
}

// show returns an export of a tenant.
func show(t tenant.Record, e export.Export) ExportBody {
	b := ExportBody{
		ID: string(e.ID), RequestBody: RequestBody{ContentBody: showContent(e.Request), From: known(e.Request.From), To: known(e.Request.To)},
		State: string(e.State), Reason: string(e.Reason), FailedPart: e.Failed,
		ReadTime: e.ReadTime.UTC(), Bucket: cmp.Or(e.Bucket, t.Buckets(tenant.Exports)[0]), Created: e.Created.UTC(), Ended: known(e.Ended), Schedule: string(e.Schedule), Staff: e.Staff,
	}
	return b
}

// known returns nil for the zero time.
func known(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

// ProgressBody is how much of an export is written.
type ProgressBody struct {
	Parts     int64      `json:"parts" class:"operational" doc:"Parts that are known so far; planning adds some"`
	PartsDone int64      `json:"partsDone" class:"operational"`
	Rows      int64      `json:"rows" class:"operational" doc:"Rows that are written"`
	Bytes     int64      `json:"bytes" class:"operational" doc:"Size of the files that are written"`
	Estimate  *time.Time `json:"estimatedEnd,omitempty" class:"operational" doc:"When it will be done, if it continues as it did so far; absent if that is not known"`
}

func showProgress(e export.Export, p exportjob.Progress, now time.Time) ProgressBody {
	b := ProgressBody{Parts: p.Parts, PartsDone: p.Done, Rows: p.Rows, Bytes: p.Bytes}
	if elapsed := now.Sub(e.ReadTime); e.State == export.Running && p.Done > 0 && elapsed > 0 {
		left := time.Duration(float64(elapsed) * float64(p.Parts-p.Done) / float64(p.Done))
		b.Estimate = known(now.Add(left).Truncate(time.Second))
	}
	return b
}

// parseID returns the ID of an export that a client sent. The error is a 400.
func parseID(raw string) (export.ID, error) {
	id, err := export.ParseID(raw)
	if err != nil {
		return "", api.Refuse(http.StatusBadRequest, err.Error())
	}
	return id, nil
}

// invalid returns a 422 with the FieldErrors that err joins.
func invalid(err error) error {
	faults := []api.Fault{}
	joined, _ := err.(interface{ Unwrap() []error })
	for _, one := range joined.Unwrap() {
		var field export.FieldError
		if errors.As(one, &field) {
			faults = append(faults, api.Fault{Message: field.Message, Location: "body." + field.Field})
		}
	}
	return api.Refuse(http.StatusUnprocessableEntity, "the request is invalid; correct the fields listed in errors", faults...)
}

// toProblem returns the problem for an error of exportjob.
func toProblem(err error) error {
	switch {
	case errors.Is(err, exportjob.ErrNotFound):
		return api.Refuse(http.StatusNotFound, "the tenant has no such export")
	case errors.Is(err, exportjob.ErrConflict):
		return api.Refuse(http.StatusConflict, "this export ID is already used for another request; create a new UUIDv7")
	case errors.Is(err, exportjob.ErrTooMany):
		return api.Refuse(http.StatusTooManyRequests, "the tenant has 5 exports that are not done; wait until one is done, or cancel one").With("Retry-After", "60")
	case errors.Is(err, export.ErrEnded):
		return api.Refuse(http.StatusConflict, "the export has ended, so it cannot be canceled")
	}
	return err
}
