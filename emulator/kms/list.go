package kms

import (
	"maps"
	"slices"
	"strings"
)

const (
	defaultPage = 100
	maxPage     = 1000
)

// listRequest has the fields that all List requests have.
type listRequest interface {
	GetPageSize() int32
	GetPageToken() string
	GetFilter() string
	GetOrderBy() string
}

// page is one page of a list: names, the token of the next page ("" at the end)
// and the number of all names.
type page struct {
	names []string
	next  string
	total int32
}

// pageOf returns the requested page of names. A page token is the last name of the
// page before.
func pageOf(names []string, r listRequest) (page, error) {
	if r.GetFilter() != "" || r.GetOrderBy() != "" {
		return page{}, unmodeled("Filtering or ordering a list")
	}
	size := min(int(r.GetPageSize()), maxPage)
	if size < 0 {
		return page{}, invalid("The page size must not be negative.")
	}
	if size == 0 {
		size = defaultPage
	}
	start := slices.Index(names, r.GetPageToken()) + 1
	if start == 0 && r.GetPageToken() != "" {
		return page{}, invalid("The page token is invalid.")
	}
	end := min(start+size, len(names))
	p := page{names: names[start:end], total: int32(len(names))}
	if end < len(names) {
		p.next = names[end-1]
	}
	return p, nil
}

// below lists the names that start with prefix, in order.
func below[V any](from map[string]V, prefix string) []string {
	names := slices.DeleteFunc(slices.Collect(maps.Keys(from)), func(name string) bool {
		return !strings.HasPrefix(name, prefix)
	})
	slices.Sort(names)
	return names
}
