package command

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/view"
)

func (a *app) replayCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "replay",
		Short: "Send again what could not be delivered, or was refused for good",
		Long: `For the platform's staff: it takes a token with the role platform, and no
workspace. Mend what was wrong first, else all comes back. Whatever comes back while
it runs is left for the next time. To repeat it does no harm.`,
		Example: `  strongroom replay ls                              # what was refused for good, and why
  strongroom replay dead-letters run-events         # what was pushed 20 times in vain
  strongroom replay quarantine assistant-update --code no-such-run`,
	}
	cmd.AddCommand(a.listRefusedCommand(), a.replayLettersCommand(), a.replayQuarantineCommand())
	return cmd
}

func (a *app) replayLettersCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "dead-letters TOPIC",
		Short: "Publish the dead letters of a topic to it again",
		Example: `  strongroom replay dead-letters run-events
  strongroom replay dead-letters object-events --json`,
		Args: exactly("TOPIC"),
		RunE: func(cmd *cobra.Command, args []string) error {
			what := "dead letters of " + args[0]
			return a.replay(cmd.Context(), what, asJSON, func(ctx context.Context, c *api.Client, before time.Time) (api.Replayed, error) {
				return c.ReplayDeadLetters(ctx, args[0], before)
			})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print what was done as JSON")
	return cmd
}

func (a *app) replayQuarantineCommand() *cobra.Command {
	var code string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "quarantine FUNCTION",
		Short: "Publish again what a function refused for good",
		Long: `Publishes the references of each record in quarantine as a message to the
function's topic, and deletes the record. What the function refuses again is a new
record.`,
		Example: `  strongroom replay quarantine assistant-update
  strongroom replay quarantine assistant-update --code no-such-tenant`,
		Args: exactly("FUNCTION"),
		RunE: func(cmd *cobra.Command, args []string) error {
			what := "messages that " + args[0] + " refused"
			return a.replay(cmd.Context(), what, asJSON, func(ctx context.Context, c *api.Client, before time.Time) (api.Replayed, error) {
				return c.ReplayQuarantine(ctx, args[0], code, before)
			})
		},
	}
	cmd.Flags().StringVar(&code, "code", "", "only what was refused for this reason")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print what was done as JSON")
	return cmd
}

// replaySummary is what replay --json prints.
type replaySummary struct {
	Replayed int       `json:"replayed"`
	AsOf     time.Time `json:"asOf"` // what came later was left
}

// replay calls once again and again, always for what was there at the first
// call, until nothing is left of that.
func (a *app) replay(ctx context.Context, what string, asJSON bool, once func(context.Context, *api.Client, time.Time) (api.Replayed, error)) error {
	ctx, stop := interruptible(ctx)
	defer stop()
	client, err := a.settings.publicClient()
	if err != nil {
		return err
	}
	var sum replaySummary
	for more := true; more; {
		done, err := retried(ctx, func(ctx context.Context) (api.Replayed, error) { return once(ctx, client, sum.AsOf) })
		if err != nil && sum.Replayed > 0 {
			return fmt.Errorf("after %d that were sent again: %w; repeat it to go on", sum.Replayed, err)
		}
		if err != nil {
			return err
		}
		if sum.AsOf.IsZero() {
			sum.AsOf = done.AsOf
		}
		sum.Replayed, more = sum.Replayed+done.Replayed, done.More
		if !a.settings.quiet {
			fmt.Fprintf(a.stderr, "strongroom: %d sent again\n", sum.Replayed)
		}
	}
	if asJSON {
		return writeJSON(a.stdout, sum)
	}
	_, err = fmt.Fprintf(a.stdout, "%s sent again: %d\n", what, sum.Replayed)
	return err
}

func (a *app) listRefusedCommand() *cobra.Command {
	var o listOptions
	cmd := &cobra.Command{
		Use:   "ls [FUNCTION]",
		Short: "List what was refused for good, the oldest first",
		Example: `  strongroom replay ls
  strongroom replay ls assistant-update --limit 0 --json | jq -r '.records[].code' | sort | uniq -c`,
		Args: atMost("FUNCTION"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.listRefused(cmd.Context(), first(args...), o)
		},
	}
	o.addFlags(cmd)
	return cmd
}

// atMost takes one argument, or none.
func atMost(name string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) > 1 {
			return usage("%s takes one %s or none, as in: %s", cmd.CommandPath(), name, cmd.UseLine())
		}
		return nil
	}
}

// refusedList is what replay ls --json prints.
type refusedList struct {
	Records []api.Refused `json:"records"`
	More    bool          `json:"more"` // there may be, beyond the limit
}

func (a *app) listRefused(ctx context.Context, function string, o listOptions) error {
	return list[api.Refused]{
		public: true, most: api.MaxRefusedPage, show: view.Refused,
		ask: func(ctx context.Context, c *api.Client, size int, token string) ([]api.Refused, string, error) {
			page, err := c.Quarantine(ctx, function, size, token)
			return page.Records, page.NextPageToken, err
		},
		wrap: func(records []api.Refused, more bool) any { return refusedList{records, more} },
	}.print(ctx, a, o)
}
