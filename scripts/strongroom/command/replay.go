package command

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/view"
)

func replayCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "replay",
		Short: "Redeliver dead letters and quarantined messages",
		Long: `Redeliver dead letters and quarantined messages. This is for platform staff: it
requires a token with the role platform, and no workspace.

Fix the cause first. Otherwise, the messages will fail again. Messages that fail
again while the command runs are left for the next replay. It is safe to run again.`,
		Example: `  strongroom replay ls                              # list messages that were permanently rejected, and why
  strongroom replay dead-letters run-events         # redeliver messages that failed 20 times
  strongroom replay quarantine assistant-update --code no-such-run`,
	}
	a.addSubcommands(cmd, func() []*cobra.Command {
		return []*cobra.Command{
			listRefusedCommand(a), replayDeadLettersCommand(a), replayQuarantineCommand(a),
		}
	})
	return cmd
}

func replayDeadLettersCommand(a *app) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "dead-letters TOPIC",
		Short: "Publish a topic's dead letters to the topic again",
		Example: `  strongroom replay dead-letters run-events
  strongroom replay dead-letters object-events --json`,
		Args: exactArgs("TOPIC"),
		RunE: func(cmd *cobra.Command, args []string) error {
			what := "dead letters of " + args[0]
			return a.replay(cmd.Context(), what, asJSON, func(ctx context.Context, c *api.Client, before time.Time) (api.Replayed, error) {
				return c.ReplayDeadLetters(ctx, args[0], before)
			})
		},
	}
	addJSONFlag(cmd, &asJSON, replaySummary{})
	return cmd
}

func replayQuarantineCommand(a *app) *cobra.Command {
	var code string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "quarantine FUNCTION",
		Short: "Publish messages again that a function permanently rejected",
		Long: `Publish the references in each quarantine record as a message to the function's
topic, and delete the record. If the function rejects the message again, it creates a
new record.`,
		Example: `  strongroom replay quarantine assistant-update
  strongroom replay quarantine assistant-update --code no-such-tenant`,
		Args: exactArgs("FUNCTION"),
		RunE: func(cmd *cobra.Command, args []string) error {
			what := "messages quarantined by " + args[0]
			return a.replay(cmd.Context(), what, asJSON, func(ctx context.Context, c *api.Client, before time.Time) (api.Replayed, error) {
				return c.ReplayQuarantine(ctx, args[0], code, before)
			})
		},
	}
	cmd.Flags().StringVar(&code, "code", "", "replay only messages that were rejected with this reason code")
	addJSONFlag(cmd, &asJSON, replaySummary{})
	return cmd
}

// replaySummary is what replay --json prints.
type replaySummary struct {
	Replayed int       `json:"replayed"`
	AsOf     time.Time `json:"asOf" doc:"later messages were not replayed"`
}

// replayBatch redelivers one batch of messages from before a time.
type replayBatch func(ctx context.Context, c *api.Client, before time.Time) (api.Replayed, error)

// replay calls batch until no messages are left. All calls use the time of the
// first one, so that a message that fails again is not replayed forever.
func (a *app) replay(ctx context.Context, what string, asJSON bool, batch replayBatch) error {
	ctx, stop := interruptible(ctx)
	defer stop()
	client, err := a.settings.publicClient()
	if err != nil {
		return err
	}
	var sum replaySummary
	for more := true; more; {
		done, err := withRetry(ctx, func(ctx context.Context) (api.Replayed, error) { return batch(ctx, client, sum.AsOf) })
		if err != nil && sum.Replayed > 0 {
			return fmt.Errorf("redelivered %d: %w; run the command again to continue", sum.Replayed, err)
		}
		if err != nil {
			return err
		}
		if sum.AsOf.IsZero() {
			sum.AsOf = done.AsOf
		}
		sum.Replayed, more = sum.Replayed+done.Replayed, done.More
		a.notice("redelivered %d", sum.Replayed)
	}
	if asJSON {
		return a.writeJSON(a.stdout, sum)
	}
	_, err = fmt.Fprintf(a.stdout, "redelivered %s: %d\n", what, sum.Replayed)
	return err
}

func listRefusedCommand(a *app) *cobra.Command {
	var o listOptions
	cmd := &cobra.Command{
		Use:   "ls [FUNCTION]",
		Short: "List messages that were permanently rejected, the oldest first",
		Example: `  strongroom replay ls
  strongroom replay ls assistant-update --limit 0 --json | jq -r '.records[].code' | sort | uniq -c`,
		Args: maxOneArg("FUNCTION"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.listRefused(cmd.Context(), cmp.Or(args...), o)
		},
	}
	o.addFlags(cmd, refusedList{})
	return cmd
}

// refusedList is what replay ls --json prints.
type refusedList struct {
	Records []api.Refused `json:"records"`
	More    bool          `json:"more" doc:"the limit may have cut off more records"`
}

func (a *app) listRefused(ctx context.Context, function string, o listOptions) error {
	return list[api.Refused]{
		public: true, pageSize: api.MaxRefusedPage, show: view.Refused,
		fetch: func(ctx context.Context, c *api.Client, size int, token string) ([]api.Refused, string, error) {
			page, err := c.Quarantine(ctx, function, size, token)
			return page.Records, page.NextPageToken, err
		},
		wrap: func(records []api.Refused, more bool) any { return refusedList{records, more} },
	}.print(ctx, a, o)
}
