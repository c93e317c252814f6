package command

import (
	"context"
	"errors"
	"time"

	"github.com/spf13/cobra"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/retry"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/view"
)

// tailOptions are the flags of audit tail.
type tailOptions struct {
	entryFilter
	fromStart bool
	after     int64
	interval  time.Duration
	json      bool
}

func tailCommand(a *app) *cobra.Command {
	var o tailOptions
	cmd := &cobra.Command{
		Use:   "tail",
		Short: "Print entries of the audit log as they arrive",
		Long: `Print entries of the audit log as they arrive, in the order of the log, until the
command is interrupted. An entry appears within about a minute. None is skipped and
none is printed twice, also after errors: the command follows the index of the log,
not the time. To continue later, use --after with the last index that was printed.`,
		Example: `  strongroom audit tail --outcome denied
  strongroom audit tail --from-start --json >> audit.jsonl`,
		Args: exactArgs(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, stop := interruptible(cmd.Context())
			defer stop()
			return a.tail(ctx, o)
		},
	}
	o.addFlags(a, cmd)
	flags := cmd.Flags()
	flags.BoolVar(&o.fromStart, "from-start", false, "begin with the first entry of the log (default: with the next one)")
	flags.Int64Var(&o.after, "after", -1, "begin after the entry with this index")
	flags.DurationVar(&o.interval, "interval", 10*time.Second, "how long to wait for new entries, at least 1s")
	flags.BoolVar(&o.json, "json", false, "print each entry as a line of JSON")
	documentLines(cmd, api.AuditEntry{})
	return cmd
}

func (a *app) tail(ctx context.Context, o tailOptions) error {
	switch {
	case o.interval < time.Second:
		return usageError("--interval must be at least 1s")
	case o.fromStart && o.after >= 0:
		return usageError("use either --from-start or --after, not both")
	}
	filter, err := o.build(ctx, a)
	if err != nil {
		return err
	}
	client, log, _, err := a.logFetcher()
	if err != nil {
		return err
	}
	filter.Oldest = true
	t := tailer{client: client, log: log, filter: filter, out: view.NewEntries(a.stdout, o.json)}
	for start := true; ; start = false {
		var err error
		switch {
		case start && o.after >= 0:
			index := uint64(o.after)
			t.filter.After = &index
		case t.filter.After == nil && !o.fromStart:
			err = t.skip(ctx)
		}
		if err == nil {
			err = t.printNew(ctx)
		}
		switch {
		case ctx.Err() != nil:
			return nil // the usual end
		case err != nil && !isRetryable(err):
			return err
		case err != nil:
			a.notice("%v; trying again in %s", err, o.interval)
		}
		if !wait(ctx, o.interval) {
			return nil
		}
	}
}

// isRetryable reports whether another attempt may succeed.
func isRetryable(err error) bool {
	var transient *retry.Transient
	var gaveUp *retry.GaveUp
	return errors.As(err, &transient) || errors.As(err, &gaveUp)
}

// tailer follows a log. Its filter's After is the index of the last entry that was
// read.
type tailer struct {
	client *api.Client
	log    api.AuditLog
	filter api.AuditFilter
	out    *view.Entries
}

// skip sets the position to the newest entry.
func (t *tailer) skip(ctx context.Context) error {
	page, err := t.client.AuditEntries(ctx, t.log, api.AuditFilter{}, 1, "")
	if err != nil {
		return err
	}
	for _, e := range page.Entries {
		t.filter.After = e.Index
	}
	return nil
}

// printNew prints the entries after the position.
func (t *tailer) printNew(ctx context.Context) error {
	for token := ""; ; {
		page, err := t.client.AuditEntries(ctx, t.log, t.filter, api.MaxAuditPage, token)
		if err != nil {
			return err
		}
		if err := t.out.Print(page.Entries); err != nil {
			return err
		}
		if n := len(page.Entries); n > 0 {
			t.filter.After = page.Entries[n-1].Index
		}
		if token = page.NextPageToken; token == "" {
			return nil
		}
	}
}
