package command

import (
	"context"
	"errors"
	"time"

	"github.com/spf13/cobra"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/view"
)

func (a *app) runsCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "runs", Short: "Read what is recorded of runs"}
	cmd.AddCommand(a.listRunsCommand(), a.showRunCommand(), a.runIssuesCommand())
	return cmd
}

// listRunsOptions are the flags of runs ls.
type listRunsOptions struct {
	listOptions
	filter api.RunFilter
	span   span // of the filter
}

func (a *app) listRunsCommand() *cobra.Command {
	var o listRunsOptions
	cmd := &cobra.Command{
		Use:   "ls",
		Short: "List runs, the newest start first",
		Example: `  strongroom runs ls --task dns-check --outcome failure --from 7d
  strongroom runs ls --state running --limit 0 --json | jq -r '.runs[].id'`,
		Args: exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error { return a.listRuns(cmd.Context(), o) },
	}
	o.addFlags(cmd)
	o.span.addFlags(cmd, "started")
	flags := cmd.Flags()
	flags.StringVar(&o.filter.Task, "task", "", "task")
	flags.StringVar(&o.filter.SLX, "slx", "", "service-level experience")
	flags.StringVar(&o.filter.Resource, "resource", "", "resource")
	flags.StringVar(&o.filter.Outcome, "outcome", "", "success, failure (the check failed), error (the task broke), timeout or canceled")
	flags.StringVar(&o.filter.State, "state", "", "running or ended")
	return cmd
}

// check fills in the times of the filter.
func (o *listRunsOptions) check() (err error) {
	if err := errors.Join(
		oneOf("--outcome", o.filter.Outcome, "success", "failure", "error", "timeout", "canceled"),
		oneOf("--state", o.filter.State, "running", "ended"),
	); err != nil {
		return err
	}
	o.filter.From, o.filter.To, err = o.span.parse(time.Now())
	return err
}

// runList is what runs ls --json prints.
type runList struct {
	Runs []api.Run `json:"runs"`
	More bool      `json:"more"` // there may be, beyond the limit
}

func (a *app) listRuns(ctx context.Context, o listRunsOptions) error {
	if err := o.check(); err != nil {
		return err
	}
	return list[api.Run]{
		most: api.MaxRunPage, show: view.Runs,
		ask: func(ctx context.Context, c *api.Client, size int, token string) ([]api.Run, string, error) {
			page, err := c.Runs(ctx, o.filter, size, token)
			return page.Runs, page.NextPageToken, err
		},
		wrap: func(runs []api.Run, more bool) any { return runList{runs, more} },
	}.print(ctx, a, o.listOptions)
}

func (a *app) showRunCommand() *cobra.Command {
	return action[api.Listing]{
		use: "show RUN", short: "Show a run, what it put out, and how to read it",
		example: `  strongroom runs show 01890a5d-ac96-774b-bcce-b302099a8057
  strongroom runs show 01890a5d-ac96-774b-bcce-b302099a8057 --json | jq .run.issues`,
		check: checkRun, do: wholeRun, show: view.Run,
	}.command(a)
}

// wholeRun reads the run with what it reported, and its outputs.
func wholeRun(ctx context.Context, c *api.Client, id string) (api.Listing, error) {
	run, err := c.Run(ctx, id)
	if err != nil {
		return api.Listing{}, err
	}
	listing, err := c.Outputs(ctx, id)
	listing.Run = run
	return listing, err
}

func (a *app) runIssuesCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "issues RUN",
		Short: "Write the issues that a run reported to stdout, as its issues.jsonl had them",
		Long: `Writes the lines of issues.jsonl that a run reported, byte for byte. On a terminal,
control characters are shown as escapes and not obeyed. That it was read is on the
audit log.`,
		Example: `  strongroom runs issues 01890a5d-ac96-774b-bcce-b302099a8057 | jq -r .title`,
		Args:    exactly("RUN"),
		RunE:    func(cmd *cobra.Command, args []string) error { return a.runIssues(cmd.Context(), args[0]) },
	}
}

func (a *app) runIssues(ctx context.Context, run string) error {
	client, err := a.clientFor(run)
	if err != nil {
		return err
	}
	lines, err := retried(ctx, func(ctx context.Context) ([]byte, error) { return client.IssueLines(ctx, run) })
	if err != nil {
		return err
	}
	out, flush := a.safeOutput(false)
	_, err = out.Write(lines)
	return errors.Join(err, flush())
}
