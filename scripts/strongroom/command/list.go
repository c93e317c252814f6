package command

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
)

// list is a command that prints a paged list.
type list[E any] struct {
	public   bool // the list belongs to no workspace
	pageSize int  // maximum entries on one page
	fetch    func(ctx context.Context, client *api.Client, size int, token string) (page []E, next string, err error)
	wrap     func(entries []E, more bool) any // what --json prints
	show     func(io.Writer, []E) error
}

// listOptions are the flags of every list.
type listOptions struct {
	limit int
	json  bool
}

// addFlags adds the flags. Result is of the type that --json prints.
func (o *listOptions) addFlags(cmd *cobra.Command, result any) {
	cmd.Flags().IntVar(&o.limit, "limit", 50, "maximum number to list (0 for all)")
	addJSONFlag(cmd, &o.json, result)
}

// print fetches the pages and writes their entries.
func (l list[E]) print(ctx context.Context, a *app, o listOptions) error {
	if o.limit < 0 {
		return usageError("--limit must not be negative; use 0 for no limit")
	}
	connect := a.settings.publicClient
	if !l.public {
		connect = func() (*api.Client, error) { return a.settings.client("") }
	}
	client, err := connect()
	if err != nil {
		return err
	}
	entries, more, err := l.fetchAll(ctx, client, o.limit)
	if err != nil {
		return err
	}
	if o.json {
		return a.writeJSON(a.stdout, l.wrap(entries, more))
	}
	if err := l.show(a.stdout, entries); err != nil {
		return err
	}
	if more { // even if --quiet is set, so that nobody relies on a partial table
		fmt.Fprintf(a.stderr, "strongroom: the list is truncated to %d entries: add a filter, or set --limit\n", len(entries))
	}
	return nil
}

// fetchAll returns at most limit entries, or all if limit is 0. A page may have
// more entries than were requested. More means that there may be further entries.
func (l list[E]) fetchAll(ctx context.Context, client *api.Client, limit int) (entries []E, more bool, err error) {
	entries = []E{}
	for token := ""; ; {
		page, err := l.fetchPage(ctx, client, l.nextSize(limit, len(entries)), token)
		if err != nil {
			return nil, false, err
		}
		entries, token = append(entries, page.entries...), page.next
		switch {
		case limit > 0 && len(entries) > limit:
			return entries[:limit], true, nil
		case token == "" || limit > 0 && len(entries) == limit:
			return entries, token != "", nil
		}
	}
}

// nextSize is how many entries to request.
func (l list[E]) nextSize(limit, found int) int {
	if limit > 0 {
		return min(l.pageSize, limit-found)
	}
	return l.pageSize
}

type page[E any] struct {
	entries []E
	next    string
}

func (l list[E]) fetchPage(ctx context.Context, client *api.Client, size int, token string) (page[E], error) {
	return withRetry(ctx, func(ctx context.Context) (p page[E], err error) {
		p.entries, p.next, err = l.fetch(ctx, client, size, token)
		return p, err
	})
}
