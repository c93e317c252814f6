package command

import (
	"context"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
)

// list is a list that comes in pages.
type list[E any] struct {
	public bool // of no workspace
	most   int  // entries of a page
	ask    func(ctx context.Context, client *api.Client, size int, token string) (page []E, next string, err error)
	wrap   func(entries []E, more bool) any // what --json prints
	show   func(io.Writer, []E) error
}

// listOptions are the flags of every list.
type listOptions struct {
	limit int
	json  bool
}

func (o *listOptions) addFlags(cmd *cobra.Command) {
	cmd.Flags().IntVar(&o.limit, "limit", 50, "list so many at most; 0: all")
	cmd.Flags().BoolVar(&o.json, "json", false, "print the list as JSON")
}

// print asks for page after page and writes the entries.
func (l list[E]) print(ctx context.Context, a *app, o listOptions) error {
	if o.limit < 0 {
		return usage("--limit is 1 or more, or 0 for all")
	}
	connect := a.settings.publicClient
	if !l.public {
		connect = func() (*api.Client, error) { return a.settings.client("") }
	}
	client, err := connect()
	if err != nil {
		return err
	}
	entries, more, err := l.collect(ctx, client, o.limit)
	if err != nil {
		return err
	}
	if o.json {
		return writeJSON(a.stdout, l.wrap(entries, more))
	}
	if err := l.show(a.stdout, entries); err != nil {
		return err
	}
	a.noteTruncation(more, len(entries))
	return nil
}

// collect gives limit entries at most, though a page may have more than were
// asked for.
func (l list[E]) collect(ctx context.Context, client *api.Client, limit int) (entries []E, more bool, err error) {
	entries = []E{}
	more, err = eachPage(ctx, limit, l.most, func(ctx context.Context, size int, token string) (int, string, error) {
		page, next, err := l.ask(ctx, client, size, token)
		entries = append(entries, page...)
		return len(page), next, err
	})
	if limit > 0 && len(entries) > limit {
		entries, more = entries[:limit], true
	}
	return entries, more, err
}

// oneOf refuses what a flag does not know. Empty, it was not given.
func oneOf(flag, value string, known ...string) error {
	if value == "" || slices.Contains(known, value) {
		return nil
	}
	return usage("%s is one of %s", flag, strings.Join(known, ", "))
}

// span are the flags --from and --to.
type span struct{ from, to string }

// addFlags says in the help what happened at a time within the span.
func (s *span) addFlags(cmd *cobra.Command, what string) {
	cmd.Flags().StringVar(&s.from, "from", "", what+" then or later: a time in RFC 3339, or how long ago, as 90m, 12h or 7d")
	cmd.Flags().StringVar(&s.to, "to", "", what+" before then, likewise")
}

// parse gives the times, zero where none is given: once for all pages.
func (s *span) parse(now time.Time) (from, to time.Time, err error) {
	if from, err = parseAgo("--from", s.from, now); err != nil {
		return from, to, err
	}
	to, err = parseAgo("--to", s.to, now)
	return from, to, err
}
