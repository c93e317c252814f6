package api

import (
	"net/url"
	"strconv"
	"time"
)

// pageQuery asks for the page of at most size entries that token is for, the
// first if it is empty, of a list that is narrowed by what is not empty.
func pageQuery(size int, token string, narrow map[string]string) url.Values {
	query := url.Values{"pageSize": {strconv.Itoa(size)}}
	if token != "" {
		query.Set("pageToken", token)
	}
	for name, value := range narrow {
		if value != "" {
			query.Set(name, value)
		}
	}
	return query
}

// stamp is a time in a query; empty where there is none.
func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}
