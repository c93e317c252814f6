package command

import (
	"context"
	"errors"
	"time"

	"github.com/spf13/cobra"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/view"
	"github.com/strongroom-dev/strongroom/shared/run"
)

func runsCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{Use: "runs", Short: "List runs and show their details"}
	a.addSubcommands(cmd, func() []*cobra.Command {
		return []*cobra.Command{
			webList(a, listRunsCommand(a), "runs"), showRunCommand(a), watchRunCommand(a), runIssuesCommand(a),
		}
	})
	return cmd
}

// listRunsOptions are the flags of runs ls.
type listRunsOptions struct {
	listOptions
	filter  api.RunFilter
	started timeRange
}

func listRunsCommand(a *app) *cobra.Command {
	var o listRunsOptions
	cmd := &cobra.Command{
		Use:   "ls",
		Short: "List runs, the newest start first",
		Example: `  strongroom runs ls --task dns-check --outcome failure --from 7d
  strongroom runs ls --state running --limit 0 --json | jq -r '.runs[].id'`,
		Args: exactArgs(),
		RunE: func(cmd *cobra.Command, _ []string) error { return a.listRuns(cmd.Context(), o) },
	}
	o.addFlags(cmd, runList{})
	o.started.addFlags(cmd, "started")
	flags := cmd.Flags()
	flags.StringVar(&o.filter.Task, "task", "", "filter by task")
	flags.StringVar(&o.filter.SLX, "slx", "", "filter by service-level experience")
	flags.StringVar(&o.filter.Resource, "resource", "", "filter by resource")
	flags.StringVar(&o.filter.Outcome, "outcome", "", "filter by outcome: success, failure (the check failed), error (the task broke), timeout or canceled")
	flags.StringVar(&o.filter.State, "state", "", "filter by state: running, ended or lost (its runner has not called for 15 minutes)")
	completeFlag(cmd, "outcome", "success", "failure", "error", "timeout", "canceled")
	completeFlag(cmd, "state", "running", "ended", "lost")
	return cmd
}

// check validates the flags and sets the times of the filter.
func (o *listRunsOptions) check() (err error) {
	if err := errors.Join(
		checkOneOf("--outcome", run.Outcome(o.filter.Outcome), outcomes...),
		checkOneOf("--state", run.State(o.filter.State), run.Running, run.Ended, run.Lost),
	); err != nil {
		return err
	}
	if state := run.State(o.filter.State); o.filter.Outcome != "" && state != "" && state != run.Ended {
		return usageError("--state %s contradicts --outcome: only ended runs have an outcome", state)
	}
	o.filter.From, o.filter.To, err = o.started.parse(time.Now())
	return err
}

// runList is what runs ls --json prints.
type runList struct {
	Runs []api.Run `json:"runs"`
	More bool      `json:"more" doc:"the limit may have cut off more runs"`
}

func (a *app) listRuns(ctx context.Context, o listRunsOptions) error {
	if err := o.check(); err != nil {
		return err
	}
	return list[api.Run]{
		pageSize: api.MaxRunPage, show: view.Runs,
		fetch: func(ctx context.Context, c *api.Client, size int, token string) ([]api.Run, string, error) {
			page, err := c.Runs(ctx, o.filter, size, token)
			return page.Runs, page.NextPageToken, err
		},
		wrap: func(runs []api.Run, more bool) any { return runList{runs, more} },
	}.print(ctx, a, o.listOptions)
}

func showRunCommand(a *app) *cobra.Command {
	return action[api.Listing]{
		use: "show RUN", short: "Show a run and its outputs",
		example: `  strongroom runs show 01890a5d-ac96-774b-bcce-b302099a8057
  strongroom runs show 01890a5d-ac96-774b-bcce-b302099a8057 --json | jq .run.issues`,
		check: runIDs.checkPart, ids: &runIDs, do: readRun, show: view.Run, page: "runs",
	}.command(a)
}

// readRun reads a run with its report and its outputs.
func readRun(ctx context.Context, c *api.Client, id string) (api.Listing, error) {
	recorded, err := c.Run(ctx, id)
	if err != nil {
		return api.Listing{}, err
	}
	listing, err := c.Outputs(ctx, id)
	listing.Run = recorded
	return listing, err
}

func runIssuesCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "issues RUN",
		Short: "Print the issues.jsonl lines that a run reported",
		Long: `Print the lines of issues.jsonl that a run reported, byte for byte. On a terminal,
control characters are printed as visible escapes. The audit log records this read.`,
		Example: `  strongroom runs issues 01890a5d-ac96-774b-bcce-b302099a8057 | jq -r .title`,
		Args:    exactArgs("RUN"),
		RunE:    func(cmd *cobra.Command, args []string) error { return a.printIssueLines(cmd.Context(), args[0]) },
	}
	completeArgs(a, cmd, runIDs.complete)
	return cmd
}

func (a *app) printIssueLines(ctx context.Context, id string) error {
	client, id, err := a.clientForRun(ctx, id)
	if err != nil {
		return err
	}
	lines, err := withRetry(ctx, func(ctx context.Context) ([]byte, error) { return client.IssueLines(ctx, id) })
	if err != nil {
		return err
	}
	out, flush := a.safeOutput()
	_, err = out.Write(lines)
	return errors.Join(err, flush())
}
