package api

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"
)

// Run is one execution of a task, as recorded.
type Run struct {
	ID       string     `json:"id"`
	Task     string     `json:"task"` // empty before the run's start is told, as SLX and Resource
	SLX      string     `json:"slx,omitempty"`
	Resource string     `json:"resource,omitempty"`
	State    string     `json:"state"` // running or ended
	Outcome  string     `json:"outcome,omitempty"`
	ExitCode *int       `json:"exitCode,omitempty"`
	Start    time.Time  `json:"start,omitzero"` // zero before it is told
	End      *time.Time `json:"end,omitempty"`

	// What the run reported; a Listing is without it.
	Outputs []Claim `json:"outputs,omitempty"`
	Issues  int     `json:"issues,omitempty"` // lines
	Samples int     `json:"samples,omitempty"`
}

// RunFilter narrows a list of runs. Empty fields narrow nothing.
type RunFilter struct {
	Task     string
	SLX      string
	Resource string
	Outcome  string
	State    string
	From, To time.Time // of the start: [From, To)
}

// MaxRunPage is the most runs that one page has here: the platform gives 500,
// but of MaxOutputs each these would be more than maxAnswer.
const MaxRunPage = 100

// RunPage is a page of a list, the newest start first.
type RunPage struct {
	Runs          []Run  `json:"runs"`
	NextPageToken string `json:"nextPageToken,omitempty"` // empty: it is the last
}

// Runs reads the page of at most size runs that token is for; the first if it is
// empty.
func (c *Client) Runs(ctx context.Context, filter RunFilter, size int, token string) (RunPage, error) {
	query := pageQuery(size, token, map[string]string{
		"task": filter.Task, "slx": filter.SLX, "resource": filter.Resource, "outcome": filter.Outcome, "state": filter.State,
		"from": stamp(filter.From), "to": stamp(filter.To),
	})
	var page RunPage
	err := c.call(ctx, request{what: "list runs", method: http.MethodGet, path: c.workspacePath() + "/runs", query: query}, &page)
	return page, err
}

// Run reads one run.
func (c *Client) Run(ctx context.Context, id string) (Run, error) {
	var run Run
	err := c.call(ctx, request{what: "read the run", method: http.MethodGet, path: c.runPath(id)}, &run)
	return run, err
}

// IssueLines reads the lines of issues that a run reported, byte for byte.
func (c *Client) IssueLines(ctx context.Context, run string) ([]byte, error) {
	r := request{what: "read the run's issues", method: http.MethodGet, path: c.runPath(run) + "/issues"}
	ctx, alive, cancel := watch(ctx)
	defer cancel()
	res, err := c.send(ctx, r, nil)
	if err != nil {
		return nil, err
	}
	defer closeBody(res.Body)
	lines, err := io.ReadAll(io.LimitReader(&liveReader{res.Body, alive}, MaxReportBytes+1))
	switch {
	case err != nil:
		return nil, unreachable(ctx, r.what, err)
	case len(lines) > MaxReportBytes:
		return nil, fmt.Errorf("%s: they have more than the %d bytes of a report", r.what, MaxReportBytes)
	}
	return lines, nil
}
