package api

import (
	"net/url"
	"strconv"
	"time"
)

// page selects one page of a search. An empty token selects the first page.
type page struct {
	PageSize  int    `json:"pageSize"`
	PageToken string `json:"pageToken,omitempty"`
}

// pageQuery is the query for one page of a list. An empty token requests the
// first page. Empty filters are left out.
func pageQuery(size int, token string, filters map[string]string) url.Values {
	query := url.Values{"pageSize": {strconv.Itoa(size)}}
	if token != "" {
		query.Set("pageToken", token)
	}
	for name, value := range filters {
		if value != "" {
			query.Set(name, value)
		}
	}
	return query
}

// stamp formats a time for a query. The zero time is empty.
func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}
