package api

import (
	"context"
	"net/http"
	"time"
)

// RunFilter selects runs. Empty fields match every run.
type RunFilter struct {
	IDPrefix string    `json:"idPrefix,omitempty"` // start of the ID; without other filters, and for the first page only
	Task     string    `json:"task,omitempty"`
	SLX      string    `json:"slx,omitempty"`
	Resource string    `json:"resource,omitempty"`
	Outcome  string    `json:"outcome,omitempty"`
	State    string    `json:"state,omitempty"`
	From     time.Time `json:"from,omitzero"` // started in [From, To)
	To       time.Time `json:"to,omitzero"`
}

// MaxRunPage is the maximum number of runs that this program requests on one
// page. The platform allows 500, but 500 runs with MaxOutputs outputs each would
// exceed maxResponse.
const MaxRunPage = 100

// RunPage is one page of a list, the newest start first.
type RunPage struct {
	Runs          []Run  `json:"runs"`
	NextPageToken string `json:"nextPageToken,omitempty"` // empty: this is the last page
}

// Runs reads one page of at most size runs. An empty token reads the first page.
func (c *Client) Runs(ctx context.Context, filter RunFilter, size int, token string) (RunPage, error) {
	r := request{what: "list runs", method: http.MethodPost, path: c.workspacePath() + "/runs/search"}
	r.in = struct {
		RunFilter
		page
	}{filter, page{size, token}}
	var found RunPage
	err := c.call(ctx, r, &found)
	return found, err
}

// Run reads one run.
func (c *Client) Run(ctx context.Context, id string) (Run, error) {
	var recorded Run
	err := c.call(ctx, request{what: "read the run", method: http.MethodGet, path: c.runPath(id)}, &recorded)
	return recorded, err
}

// IssueLines reads the issue lines that a run reported, byte for byte.
func (c *Client) IssueLines(ctx context.Context, run string) ([]byte, error) {
	r := request{what: "read the run's issues", method: http.MethodGet, path: c.runPath(run) + "/issues"}
	return c.readAll(ctx, r, nil, MaxReportBytes)
}
