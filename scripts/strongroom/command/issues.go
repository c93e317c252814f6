package command

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/view"
)

func issuesCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{Use: "issues", Short: "List issues, and investigate, ignore or explain them"}
	a.addSubcommands(cmd, func() []*cobra.Command {
		return []*cobra.Command{
			webList(a, listIssuesCommand(a), "issues"), showIssueCommand(a), explainIssueCommand(a), investigateCommand(a),
			ignoreCommand(a),
		}
	})
	return cmd
}

// listIssuesOptions are the flags of issues ls.
type listIssuesOptions struct {
	listOptions
	filter api.IssueFilter
	seen   timeRange
}

func listIssuesCommand(a *app) *cobra.Command {
	var o listIssuesOptions
	cmd := &cobra.Command{
		Use:   "ls",
		Short: "List issues: unresolved issues first, then by severity",
		Example: `  strongroom issues ls --state active --severity 1
  strongroom issues ls --state resolved --from 7d --to 12h
  strongroom issues ls --slx dns --limit 0 --json | jq -r '.issues[].id'`,
		Args: exactArgs(),
		RunE: func(cmd *cobra.Command, _ []string) error { return a.listIssues(cmd.Context(), o) },
	}
	o.addFlags(cmd, issueList{})
	o.seen.addFlags(cmd, "last seen")
	flags := cmd.Flags()
	flags.StringVar(&o.filter.State, "state", "", "filter by state: active (all except resolved and ignored), detected, open, investigated, reopened, resolved or ignored")
	flags.IntVar(&o.filter.Severity, "severity", 0, "filter by severity: 1 (critical) to 4 (informational)")
	flags.StringVar(&o.filter.SLX, "slx", "", "filter by service-level experience")
	flags.StringVar(&o.filter.Resource, "resource", "", "filter by the resource of the runs")
	flags.StringVar(&o.filter.Task, "task", "", "filter by the task of the runs")
	completeFlag(cmd, "state", "active", "detected", "open", "investigated", "reopened", "resolved", "ignored")
	completeFlag(cmd, "severity", "1\tcritical", "2\tmajor", "3\tminor", "4\tinformational")
	return cmd
}

// check validates the flags and sets the times of the filter.
func (o *listIssuesOptions) check() (err error) {
	if err := checkOneOf("--state", o.filter.State, "active", "detected", "open", "investigated", "reopened", "resolved", "ignored"); err != nil {
		return err
	}
	if o.filter.Severity < 0 || o.filter.Severity > 4 {
		return usageError("--severity must be from 1 (critical) to 4 (informational)")
	}
	o.filter.From, o.filter.To, err = o.seen.parse(time.Now())
	return err
}

// issueList is what issues ls --json prints.
type issueList struct {
	AsOf   time.Time   `json:"asOf"`
	Issues []api.Issue `json:"issues"`
	More   bool        `json:"more" doc:"the limit may have cut off more issues"`
}

func (a *app) listIssues(ctx context.Context, o listIssuesOptions) error {
	if err := o.check(); err != nil {
		return err
	}
	var asOf time.Time
	return list[api.Issue]{
		pageSize: api.MaxIssuePage, show: view.Issues,
		fetch: func(ctx context.Context, c *api.Client, size int, token string) ([]api.Issue, string, error) {
			page, err := c.Issues(ctx, o.filter, size, token)
			asOf = page.AsOf
			return page.Issues, page.NextPageToken, err
		},
		wrap: func(issues []api.Issue, more bool) any { return issueList{asOf, issues, more} },
	}.print(ctx, a, o.listOptions)
}

func showIssueCommand(a *app) *cobra.Command {
	return action[api.Issue]{
		use: "show ID", short: "Show the details of an issue", example: "  strongroom issues show ID",
		check: issueIDs.checkPart, ids: &issueIDs, show: view.Issue, page: "issues",
		do: func(ctx context.Context, c *api.Client, id string) (api.Issue, error) { return c.Issue(ctx, id) },
	}.command(a)
}

func investigateCommand(a *app) *cobra.Command {
	return action[api.Issue]{
		use: "investigate ID", short: "Record that you investigate an issue", example: "  strongroom issues investigate ID",
		check: issueIDs.checkPart, ids: &issueIDs, show: view.IssueState,
		do: func(ctx context.Context, c *api.Client, id string) (api.Issue, error) { return c.Investigate(ctx, id) },
	}.command(a)
}

func ignoreCommand(a *app) *cobra.Command {
	var until, reason string
	var end time.Time
	cmd := action[api.Issue]{
		use: "ignore ID --until TIME|DURATION [--reason TEXT]", short: "Ignore an issue until a time, at most 366 days ahead", show: view.IssueState, ids: &issueIDs,
		example: `  strongroom issues ignore ID --until 12h
  strongroom issues ignore ID --until 7d --reason "waits for the new disk"
  strongroom issues ignore ID --until 2026-12-24T18:00:00Z
  strongroom issues ignore ID --until 0s                      # stop ignoring it`,
		check: func(id string) (err error) {
			if err := issueIDs.checkPart(id); err != nil {
				return err
			}
			end, err = parseUntil(until, time.Now())
			return err
		},
		do: func(ctx context.Context, c *api.Client, id string) (api.Issue, error) {
			return c.Ignore(ctx, id, end, reason)
		},
	}.command(a)
	cmd.Flags().StringVar(&until, "until", "", "when to stop ignoring the issue: RFC 3339, or a duration from now such as 90m, 12h or 7d")
	cmd.Flags().StringVar(&reason, "reason", "", "why you ignore the issue, at most 1000 characters")
	return cmd
}
