package api

import (
	"context"
	"net/http"
	"net/url"
	"time"
)

// SLIFilter selects SLIs. Empty fields match every SLI.
type SLIFilter struct {
	SLX   string `json:"slx,omitempty"`
	Alert string `json:"alert,omitempty" doc:"warning, ticket or page: this alert or a more urgent one"`
}

// MaxSLIPage is the maximum number of SLIs on one page.
const MaxSLIPage = 200

// SLIPage is one page of a list, sorted by name. A page that is not the last one
// may be empty.
type SLIPage struct {
	AsOf          time.Time `json:"asOf"`
	SLIs          []SLI     `json:"slis"`
	NextPageToken string    `json:"nextPageToken,omitempty" doc:"empty: this is the last page"`
}

// SLIs reads one page of at most size SLIs. An empty token reads the first page.
func (c *Client) SLIs(ctx context.Context, filter SLIFilter, size int, token string) (SLIPage, error) {
	r := request{what: "list SLIs", method: http.MethodPost, path: c.workspacePath() + "/slis/search"}
	r.in = struct {
		SLIFilter
		page
	}{filter, page{size, token}}
	var found SLIPage
	err := c.call(ctx, r, &found)
	return found, err
}

// SLI reads an SLI and its health.
func (c *Client) SLI(ctx context.Context, name string) (SLI, error) {
	var sli SLI
	err := c.call(ctx, request{what: "read the SLI", method: http.MethodGet, path: c.sliPath(name)}, &sli)
	return sli, err
}

// SLISettings are the settings of an SLI.
type SLISettings struct {
	Objective  Objective  `json:"objective"`
	Thresholds Thresholds `json:"thresholds"`
}

// SetSLI replaces the objective and the thresholds of an SLI, which may have no
// samples yet. It is safe to retry.
func (c *Client) SetSLI(ctx context.Context, name string, settings SLISettings) (SLI, error) {
	var sli SLI
	err := c.call(ctx, request{what: "set the SLI", method: http.MethodPut, path: c.sliPath(name), in: settings}, &sli)
	return sli, err
}

// RunSample is one sample and the run that took it.
type RunSample struct {
	Measured
	Run string `json:"run"`
	SLX string `json:"slx,omitempty"`
}

// MaxSeriesPage is the maximum number of runs whose samples are on one page.
const MaxSeriesPage = 100

// SamplePage is one page of an SLI's samples. It is sorted by run, in the order
// of each run's last sample. A page that is not the last one may be empty.
type SamplePage struct {
	Samples       []RunSample
	NextPageToken string // empty: this is the last page
}

// Samples reads one page with the samples of at most size runs, with times in
// [from, to). An empty token reads the first page.
func (c *Client) Samples(ctx context.Context, sli string, from, to time.Time, size int, token string) (SamplePage, error) {
	query := pageQuery(size, token, map[string]string{"from": stamp(from), "to": stamp(to)})
	var response struct {
		Series []struct {
			Run, SLX string
			Samples  []Measured
		}
		NextPageToken string
	}
	err := c.call(ctx, request{what: "list samples", method: http.MethodGet, path: c.sliPath(sli) + "/samples", query: query}, &response)
	page := SamplePage{NextPageToken: response.NextPageToken}
	for _, series := range response.Series {
		for _, sample := range series.Samples {
			page.Samples = append(page.Samples, RunSample{sample, series.Run, series.SLX})
		}
	}
	return page, err
}

func (c *Client) sliPath(name string) string {
	return c.workspacePath() + "/slis/" + url.PathEscape(name)
}
