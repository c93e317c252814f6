package api

import (
	"context"
	"net/http"
	"net/url"
	"time"
)

// Issue is a finding that persists across runs.
type Issue struct {
	ID              string         `json:"id"`
	State           string         `json:"state" doc:"detected, open, investigated, reopened, resolved or ignored"`
	Severity        int            `json:"severity" doc:"1 (critical) to 4 (informational), from the newest sighting"`
	SeverityFlagged bool           `json:"severityFlagged,omitempty" doc:"true if the task gave no severity that is understood"`
	Task            string         `json:"task"`
	SLX             string         `json:"slx,omitempty"`
	Resource        string         `json:"resource,omitempty"`
	FirstSeen       time.Time      `json:"firstSeen" doc:"start of the first run that saw it; lastSeen and since are starts of runs too"`
	LastSeen        time.Time      `json:"lastSeen"`
	LastRun         string         `json:"lastRun" doc:"ID of the newest run that saw it"`
	ObservedAt      *time.Time     `json:"observedAt,omitempty" doc:"as the task reported it"`
	Sightings       int            `json:"sightings"`
	Runs            int            `json:"runs" doc:"number of runs that saw it"`
	Since           time.Time      `json:"since" doc:"when it began, or came back"`
	ResolvedAt      *time.Time     `json:"resolvedAt,omitempty"`
	Reopened        int            `json:"reopened" doc:"how many times it came back"`
	Investigated    *Investigation `json:"investigated,omitempty"`
	Ignored         *Ignoring      `json:"ignored,omitempty" doc:"may have expired"`
	Seen            []time.Time    `json:"seen,omitempty" doc:"starts of the newest runs that saw it, at most 128; a list does not have them"`

	// The text of the newest sighting. Responses to Investigate and Ignore do
	// not have it.
	Title         string   `json:"title,omitempty"`
	Expected      string   `json:"expected,omitempty"`
	Actual        string   `json:"actual,omitempty"`
	Details       string   `json:"details,omitempty"`
	ReproduceHint string   `json:"reproduceHint,omitempty"`
	NextSteps     []string `json:"nextSteps,omitempty"`
	Summary       string   `json:"summary,omitempty"`
	Unreadable    bool     `json:"unreadable,omitempty" doc:"the text was changed after it was encrypted"`
}

// Investigation records who investigates an issue.
type Investigation struct {
	By string    `json:"by"`
	At time.Time `json:"at"`
}

// Ignoring records until when an issue is ignored.
type Ignoring struct {
	By    string    `json:"by"`
	At    time.Time `json:"at"`
	Until time.Time `json:"until"`

	Reason string `json:"reason,omitempty"` // in the words of that person; only lists and issues have it
}

// IssueFilter selects issues. Empty fields match every issue.
type IssueFilter struct {
	IDPrefix string    `json:"idPrefix,omitempty"` // start of the ID; without other filters, and for the first page only
	State    string    `json:"state,omitempty"`    // an issue's state, or "active": all states except resolved and ignored
	Severity int       `json:"severity,omitempty"` // 1 to 4; 0: any
	SLX      string    `json:"slx,omitempty"`
	Resource string    `json:"resource,omitempty"`
	Task     string    `json:"task,omitempty"`
	From     time.Time `json:"from,omitzero"` // last seen in [From, To)
	To       time.Time `json:"to,omitzero"`
}

// MaxIssuePage is the maximum number of issues on one page.
const MaxIssuePage = 200

// IssuePage is one page of a list: unresolved issues first, then by severity.
type IssuePage struct {
	AsOf          time.Time `json:"asOf"`
	Issues        []Issue   `json:"issues"`
	NextPageToken string    `json:"nextPageToken,omitempty"` // empty: this is the last page
}

// Issues reads one page of at most size issues. An empty token reads the first
// page.
func (c *Client) Issues(ctx context.Context, filter IssueFilter, size int, token string) (IssuePage, error) {
	r := request{what: "list issues", method: http.MethodPost, path: c.workspacePath() + "/issues/search"}
	r.in = struct {
		IssueFilter
		page
	}{filter, page{size, token}}
	var found IssuePage
	err := c.call(ctx, r, &found)
	return found, err
}

// Issue reads one issue.
func (c *Client) Issue(ctx context.Context, id string) (Issue, error) {
	var issue Issue
	err := c.call(ctx, request{what: "read the issue", method: http.MethodGet, path: c.issuePath(id)}, &issue)
	return issue, err
}

// Investigate records that the caller investigates an issue. It is safe to retry.
func (c *Client) Investigate(ctx context.Context, id string) (Issue, error) {
	var issue Issue
	err := c.call(ctx, request{what: "investigate the issue", method: http.MethodPost, path: c.issuePath(id) + "/investigate"}, &issue)
	return issue, err
}

// Ignore ignores an issue until a time, for a reason that may be empty. A time in the
// past ends this. It is safe to retry.
func (c *Client) Ignore(ctx context.Context, id string, until time.Time, reason string) (Issue, error) {
	r := request{what: "ignore the issue", method: http.MethodPost, path: c.issuePath(id) + "/ignore"}
	r.in = struct {
		Until  time.Time `json:"until"`
		Reason string    `json:"reason,omitempty"`
	}{until, reason}
	var issue Issue
	err := c.call(ctx, r, &issue)
	return issue, err
}

func (c *Client) workspacePath() string { return "/v1/workspaces/" + url.PathEscape(c.workspace) }

func (c *Client) issuePath(id string) string {
	return c.workspacePath() + "/issues/" + url.PathEscape(id)
}
