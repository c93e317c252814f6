package api

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"github.com/strongroom-dev/strongroom/shared/secret"
)

// ExportContent is what an export contains.
type ExportContent struct {
	Kinds      []string `json:"kinds"`
	Workspaces []string `json:"workspaces,omitempty"` // empty: all
}

// ExportRequest is a request for an export.
type ExportRequest struct {
	ExportContent
	From time.Time `json:"from,omitzero"` // leaves out what was last written before it; zero: nothing
	To   time.Time `json:"to,omitzero"`   // the export is as of this time; zero: the next whole minute
}

// States of an export.
const (
	ExportQueued   = "queued"
	ExportRunning  = "running"
	ExportPaused   = "paused" // the tenant's key is disabled
	ExportDone     = "done"
	ExportFailed   = "failed"
	ExportCanceled = "canceled"
)

// Export is an export and how much of it is written.
type Export struct {
	ID string `json:"id"`
	ExportRequest
	State      string    `json:"state"`
	Reason     string    `json:"reason,omitempty"`     // why it is paused or failed
	FailedPart string    `json:"failedPart,omitempty"` // the part that failed
	ReadTime   time.Time `json:"readTime"`             // the export is as of this time
	Bucket     string    `json:"bucket"`               // has the files
	Created    time.Time `json:"created"`
	Ended      time.Time `json:"ended,omitzero"`     // zero: it has not ended
	Schedule   string    `json:"schedule,omitempty"` // that created it
	Staff      bool      `json:"staff,omitempty"`    // the platform's staff created it

	// Only the method Export sets these.
	Parts     int64     `json:"parts,omitempty"` // known so far
	PartsDone int64     `json:"partsDone,omitempty"`
	Rows      int64     `json:"rows,omitempty"`  // that are written
	Bytes     int64     `json:"bytes,omitempty"` // of the files that are written
	Estimate  time.Time `json:"estimatedEnd,omitzero"`
}

// HasEnded reports whether the export does not change any more.
func (e Export) HasEnded() bool {
	return e.State == ExportDone || e.State == ExportFailed || e.State == ExportCanceled
}

// CreateExport creates an export with an ID that the caller chooses. A repeated
// request returns the export.
func (c *Client) CreateExport(ctx context.Context, id string, in ExportRequest) (Export, error) {
	var e Export
	err := c.call(ctx, request{what: "create the export", method: http.MethodPut, path: exportPath(id), in: in}, &e)
	return e, err
}

// Export reads an export and its progress.
func (c *Client) Export(ctx context.Context, id string) (Export, error) {
	var e Export
	err := c.call(ctx, request{what: "read the export", method: http.MethodGet, path: exportPath(id)}, &e)
	return e, err
}

// CancelExport cancels an export that has not ended. It is safe to retry.
func (c *Client) CancelExport(ctx context.Context, id string) (Export, error) {
	var e Export
	err := c.call(ctx, request{what: "cancel the export", method: http.MethodPost, path: exportPath(id) + "/cancel"}, &e)
	return e, err
}

func exportPath(id string) string { return "/v1/exports/" + url.PathEscape(id) }

// MaxExportPage is the maximum number of exports on one page.
const MaxExportPage = 200

// ExportPage is one page of a list.
type ExportPage struct {
	Exports       []Export `json:"exports"`
	NextPageToken string   `json:"nextPageToken,omitempty"` // empty: this is the last page
}

// Exports reads one page of at most size exports, the newest first. An empty token
// reads the first page.
func (c *Client) Exports(ctx context.Context, size int, token string) (ExportPage, error) {
	var page ExportPage
	r := request{what: "list exports", method: http.MethodGet, path: "/v1/exports", query: pageQuery(size, token, nil)}
	err := c.call(ctx, r, &page)
	return page, err
}

// ExportFile is a file of an export, with a URL that reads it.
type ExportFile struct {
	Name   string        `json:"name"` // its path within the export
	Size   int64         `json:"size"`
	CRC32C string        `json:"crc32c"` // base64 of the big-endian checksum
	SHA256 string        `json:"sha256"` // hexadecimal digits; empty: not known
	URL    secret.String `json:"url"`    // works for 15 minutes
}

// MaxExportFilesPage is the maximum number of parts of an export whose files are on
// one page.
const MaxExportFilesPage = 100

// ExportFilePage is one page of the files of an export. It can be empty and have a
// next page.
type ExportFilePage struct {
	Files         []ExportFile `json:"files"`
	NextPageToken string       `json:"nextPageToken,omitempty"` // empty: this is the last page
}

// ExportFiles reads one page of the files of an export that is done. Reading the same
// page again returns new URLs. An empty token reads the first page.
func (c *Client) ExportFiles(ctx context.Context, id, token string) (ExportFilePage, error) {
	var page ExportFilePage
	r := request{
		what: "list the files of the export", method: http.MethodGet, path: exportPath(id) + "/files",
		query: pageQuery(MaxExportFilesPage, token, nil),
	}
	err := c.call(ctx, r, &page)
	return page, err
}

// ExportSettings are the settings of a schedule of exports.
type ExportSettings struct {
	ExportContent
	Every    string `json:"every"`              // hourly, daily, weekly or monthly
	TimeZone string `json:"timeZone,omitempty"` // of the IANA database; empty: UTC
}

// ExportSchedule is a schedule that exports each window after its end.
type ExportSchedule struct {
	Name string `json:"name"`
	ExportSettings
	Begin  time.Time `json:"begin"`                // of the next window
	End    time.Time `json:"end"`                  // of the next window
	Last   string    `json:"lastExport,omitempty"` // empty: none yet
	Locked bool      `json:"keyLocked,omitempty"`  // the tenant's key is disabled, so windows wait
}

// SetExportSchedule creates or changes a schedule. It is safe to retry.
func (c *Client) SetExportSchedule(ctx context.Context, name string, settings ExportSettings) (ExportSchedule, error) {
	return c.exportSchedule(ctx, request{what: "set the schedule", method: http.MethodPut, in: settings}, name)
}

// ExportSchedule reads a schedule.
func (c *Client) ExportSchedule(ctx context.Context, name string) (ExportSchedule, error) {
	return c.exportSchedule(ctx, request{what: "read the schedule", method: http.MethodGet}, name)
}

// DeleteExportSchedule deletes a schedule. Its exports remain.
func (c *Client) DeleteExportSchedule(ctx context.Context, name string) (ExportSchedule, error) {
	return c.exportSchedule(ctx, request{what: "delete the schedule", method: http.MethodDelete}, name)
}

func (c *Client) exportSchedule(ctx context.Context, r request, name string) (s ExportSchedule, err error) {
	r.path = "/v1/export-schedules/" + url.PathEscape(name)
	err = c.call(ctx, r, &s)
	return s, err
}

// ExportSchedules lists all schedules, sorted by name.
func (c *Client) ExportSchedules(ctx context.Context) ([]ExportSchedule, error) {
	var list struct {
		Schedules []ExportSchedule `json:"schedules"`
	}
	err := c.call(ctx, request{what: "list schedules", method: http.MethodGet, path: "/v1/export-schedules"}, &list)
	return list.Schedules, err
}
