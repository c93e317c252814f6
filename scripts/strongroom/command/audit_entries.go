package command

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/view"
)

// entryFilter is the flags that select entries.
type entryFilter struct {
	filter        api.AuditFilter
	actor, issuer string
	recorded      timeRange
}

func (f *entryFilter) addFlags(a *app, cmd *cobra.Command) {
	f.recorded.addFlags(cmd, "recorded")
	flags := cmd.Flags()
	flags.StringVar(&f.actor, "actor", "", "filter by the subject of who performed the action, or by an actorId that --json prints")
	flags.StringVar(&f.issuer, "issuer", "", "issuer of the actor's token (with --actor; the platform itself has none)")
	flags.StringVar(&f.filter.Action, "action", "", "filter by action, such as outputs.read")
	flags.StringVar(&f.filter.Outcome, "outcome", "", "filter by outcome: allowed, denied or done (the action has ended, or the platform itself performed it)")
	flags.StringVar(&f.filter.Resource, "resource", "", "filter by what the action affects, such as runs/RUN")
	flags.StringVar(&f.filter.Run, "run", "", "filter by run: its outputs and issues too (a prefix of its ID needs the run's workspace)")
	completeFlag(cmd, "outcome", "allowed", "denied", "done")
	completeFlagBy(a, cmd, "run", runIDs.complete)
}

// build checks the flags. A workspace selects entries only if it is a flag: the
// environment names the workspace of other commands, and that in which a prefix of a
// run's ID is looked up.
func (f *entryFilter) build(ctx context.Context, a *app) (filter api.AuditFilter, err error) {
	filter = f.filter
	if err := checkOneOf("--outcome", filter.Outcome, "allowed", "denied", "done"); err != nil {
		return filter, err
	}
	if filter.Run != "" {
		if filter.Run, err = a.resolveRun(ctx, filter.Run); err != nil {
			return filter, err
		}
		if filter.Resource != "" && !strings.HasPrefix(filter.Resource+"/", "runs/"+filter.Run+"/") {
			return filter, usageError("--resource %s contradicts --run %s: it is not a part of that run", filter.Resource, filter.Run)
		}
		if filter.Resource != "" {
			filter.Run = "" // the resource, which is a part of the run, selects the same entries
		}
	}
	switch {
	case f.actor == "" && f.issuer != "":
		return filter, usageError("--issuer requires --actor")
	case isActorID(f.actor) && f.issuer == "":
		filter.ActorID = f.actor
	case f.actor != "":
		filter.ActorID = api.ActorID(f.issuer, f.actor)
	}
	if a.settings.workspace != "" {
		id, err := a.settings.workspaceID()
		if err != nil {
			return filter, err
		}
		filter.Workspace = string(id)
	}
	filter.From, filter.To, err = f.recorded.parse(time.Now())
	return filter, err
}

// resolveRun returns the ID of the run that text is, or that alone starts with text.
func (a *app) resolveRun(ctx context.Context, text string) (string, error) {
	if err := runIDs.checkPart(text); err != nil || checkRunID(text) == nil {
		return text, err
	}
	client, err := a.settings.client("")
	if err != nil {
		return "", fmt.Errorf("find the run whose ID starts with %s: %w", text, err)
	}
	return runIDs.resolve(ctx, client, text)
}

// isActorID reports whether text is 32 hexadecimal digits.
func isActorID(text string) bool {
	return len(text) == 32 && len(bytes.Trim([]byte(text), "0123456789abcdef")) == 0
}

func listEntriesCommand(a *app) *cobra.Command {
	var f entryFilter
	var limit int
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "ls",
		Short: "List entries of the audit log, the newest first",
		Long: `List entries of the audit log, the newest first. --workspace selects the entries of
one workspace. With --json, each line is one entry with its index in the log.`,
		Example: `  strongroom audit ls --action outputs.read --from 7d
  strongroom audit ls --actor system:serviceaccount:prod:runner --issuer https://issuer.example.com --outcome denied
  strongroom audit ls --oldest --limit 0 --json > entries.jsonl`,
		Args: exactArgs(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, stop := interruptible(cmd.Context())
			defer stop()
			return a.listEntries(ctx, f, limit, asJSON)
		},
	}
	f.addFlags(a, cmd)
	cmd.Flags().BoolVar(&f.filter.Oldest, "oldest", false, "list the oldest entry first")
	cmd.Flags().IntVar(&limit, "limit", 50, "maximum number to list (0 for all)")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print each entry as a line of JSON")
	documentLines(cmd, api.AuditEntry{})
	return cmd
}

// listEntries prints each page as it arrives, so that a log of any size can be
// listed.
func (a *app) listEntries(ctx context.Context, f entryFilter, limit int, asJSON bool) error {
	if limit < 0 {
		return usageError("--limit must not be negative; use 0 for no limit")
	}
	filter, err := f.build(ctx, a)
	if err != nil {
		return err
	}
	client, log, _, err := a.logFetcher()
	if err != nil {
		return err
	}
	out := view.NewEntries(a.entriesTo(asJSON), asJSON)
	for token, listed := "", 0; ; {
		size := api.MaxAuditPage
		if limit > 0 {
			size = min(size, limit-listed)
		}
		page, err := withRetry(ctx, func(ctx context.Context) (api.AuditPage, error) {
			return client.AuditEntries(ctx, log, filter, size, token)
		})
		if err != nil {
			return err
		}
		if err := out.Print(page.Entries); err != nil {
			return err
		}
		listed, token = listed+len(page.Entries), page.NextPageToken
		if token == "" {
			return nil
		}
		if limit > 0 && listed >= limit {
			fmt.Fprintf(a.stderr, "strongroom: the list is truncated to %d entries: add a filter, or set --limit\n", listed)
			return nil
		}
	}
}
