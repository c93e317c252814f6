package api

import (
	"context"
	"net/http"
	"net/url"
	"time"
)

// Retention is what of the tenant is deleted when.
type Retention struct {
	Settings []RetentionSetting `json:"settings"`
	Marked   *time.Time         `json:"marked,omitempty"` // when the last pass began that marked what is due
	Due      []Deletions        `json:"due"`
	Deleted  []Deletions        `json:"deleted"`
	Runs     []DueRun           `json:"runs"` // of the workspace that was named
}

// RetentionSetting is after how many days a class is deleted.
type RetentionSetting struct {
	Class   string `json:"class"`
	Days    int64  `json:"days"`       // 0: it is kept until the tenant is offboarded
	Locked  int64  `json:"lockedDays"` // during which the bucket refuses to delete an object
	Deletes string `json:"deletes"`    // ttl, lifecycle or none
	Owner   string `json:"owner"`      // terraform or customer
}

// Deletions counts documents that are deleted from a day on.
type Deletions struct {
	Day     string `json:"day"`
	Runs    int64  `json:"runs"`
	Samples int64  `json:"samples"`
	Issues  int64  `json:"issues"`
	Exports int64  `json:"exports"`

	AuditEntries int64 `json:"auditEntries"`
}

// DueRun is a run that is deleted soon.
type DueRun struct {
	Run     string    `json:"run"`
	Deleted time.Time `json:"deletedAfter"`
}

// Retention reads what is deleted when. With a workspace, it lists its runs that are due, at most
// limit of them; 0: all.
func (c *Client) Retention(ctx context.Context, workspace string, limit int) (r Retention, err error) {
	query := url.Values{}
	if workspace != "" {
		query.Set("workspace", workspace)
		query.Set("pageSize", "200")
	}
	runs := []DueRun{}
	for {
		var page struct {
			Retention
			Next string `json:"nextPageToken"`
		}
		if err := c.call(ctx, request{what: "read the retention", method: http.MethodGet, path: "/v1/tenant/retention", query: query}, &page); err != nil {
			return r, err
		}
		r, runs = page.Retention, append(runs, page.Runs...)
		if page.Next == "" || limit > 0 && len(runs) >= limit {
			break
		}
		query.Set("pageToken", page.Next)
	}
	if limit > 0 && len(runs) > limit {
		runs = runs[:limit]
	}
	r.Runs = runs
	return r, nil
}
