package api

import (
	"context"
	"net/http"
	"net/url"
	"time"
)

// SLIFilter narrows a list of SLIs. Empty fields narrow nothing.
type SLIFilter struct {
	SLX   string
	Alert string // warning, ticket or page: that, or more urgent
}

// MaxSLIPage is the most SLIs that one page has.
const MaxSLIPage = 200

// SLIPage is a page of a list, by name. It may be empty and not the last.
type SLIPage struct {
	AsOf          time.Time `json:"asOf"`
	SLIs          []SLI     `json:"slis"`
	NextPageToken string    `json:"nextPageToken,omitempty"` // empty: it is the last
}

// SLIs reads the page of at most size SLIs that token is for; the first if it is
// empty.
func (c *Client) SLIs(ctx context.Context, filter SLIFilter, size int, token string) (SLIPage, error) {
	query := pageQuery(size, token, map[string]string{"slx": filter.SLX, "alert": filter.Alert})
	var page SLIPage
	err := c.call(ctx, request{what: "list SLIs", method: http.MethodGet, path: c.workspacePath() + "/slis", query: query}, &page)
	return page, err
}

// SLI reads how an SLI does.
func (c *Client) SLI(ctx context.Context, name string) (SLI, error) {
	var sli SLI
	err := c.call(ctx, request{what: "read the SLI", method: http.MethodGet, path: c.sliPath(name)}, &sli)
	return sli, err
}

// SLISettings are all that is set of an SLI.
type SLISettings struct {
	Objective  Objective  `json:"objective"`
	Thresholds Thresholds `json:"thresholds"`
}

// SetSLI sets what an SLI is held against, which may have no sample yet. It may
// be repeated.
func (c *Client) SetSLI(ctx context.Context, name string, settings SLISettings) (SLI, error) {
	var sli SLI
	err := c.call(ctx, request{what: "set the SLI", method: http.MethodPut, path: c.sliPath(name), in: settings}, &sli)
	return sli, err
}

// RunSample is one sample, and the run that took it.
type RunSample struct {
	Measured
	Run string `json:"run"`
	SLX string `json:"slx,omitempty"`
}

// MaxSeriesPage is of how many runs one page has the samples.
const MaxSeriesPage = 100

// SamplePage is a page of an SLI's samples: run by run, in the order of each
// run's last one. It may be empty and not the last.
type SamplePage struct {
	Samples       []RunSample
	NextPageToken string // empty: it is the last
}

// Samples reads the page with the samples of at most size runs that token is
// for, the first if it is empty, of the time [from, to).
func (c *Client) Samples(ctx context.Context, sli string, from, to time.Time, size int, token string) (SamplePage, error) {
	query := pageQuery(size, token, map[string]string{"from": stamp(from), "to": stamp(to)})
	var answer struct {
		Series []struct {
			Run, SLX string
			Samples  []Measured
		}
		NextPageToken string
	}
	err := c.call(ctx, request{what: "list samples", method: http.MethodGet, path: c.sliPath(sli) + "/samples", query: query}, &answer)
	page := SamplePage{NextPageToken: answer.NextPageToken}
	for _, series := range answer.Series {
		for _, sample := range series.Samples {
			page.Samples = append(page.Samples, RunSample{sample, series.Run, series.SLX})
		}
	}
	return page, err
}

func (c *Client) sliPath(name string) string {
	return c.workspacePath() + "/slis/" + url.PathEscape(name)
}
