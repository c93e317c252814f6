package command

import (
	"context"
	"regexp"
	"time"

	"github.com/spf13/cobra"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/view"
)

func (a *app) issuesCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "issues", Short: "Read issues, and say what becomes of them"}
	cmd.AddCommand(a.listIssuesCommand(), a.showIssueCommand(), a.investigateCommand(), a.ignoreCommand())
	return cmd
}

// listIssuesOptions are the flags of issues ls.
type listIssuesOptions struct {
	listOptions
	filter api.IssueFilter
	span   span // of the filter
}

func (a *app) listIssuesCommand() *cobra.Command {
	var o listIssuesOptions
	cmd := &cobra.Command{
		Use:   "ls",
		Short: "List issues: those that stand first, the worst first",
		Example: `  strongroom issues ls --state standing --severity 1
  strongroom issues ls --state resolved --from 7d --to 12h
  strongroom issues ls --slx dns --limit 0 --json | jq -r '.issues[].id'`,
		Args: exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error { return a.listIssues(cmd.Context(), o) },
	}
	o.addFlags(cmd)
	o.span.addFlags(cmd, "last seen")
	flags := cmd.Flags()
	flags.StringVar(&o.filter.State, "state", "", "standing (all but resolved and ignored), detected, open, investigated, reopened, resolved or ignored")
	flags.IntVar(&o.filter.Severity, "severity", 0, "1 (critical) to 4 (informational)")
	flags.StringVar(&o.filter.SLX, "slx", "", "service-level experience")
	flags.StringVar(&o.filter.Resource, "resource", "", "resource of the runs")
	flags.StringVar(&o.filter.Task, "task", "", "task of the runs")
	return cmd
}

// check fills in the times of the filter.
func (o *listIssuesOptions) check() (err error) {
	if err := oneOf("--state", o.filter.State, "standing", "detected", "open", "investigated", "reopened", "resolved", "ignored"); err != nil {
		return err
	}
	if o.filter.Severity < 0 || o.filter.Severity > 4 {
		return usage("--severity is 1 (critical) to 4 (informational)")
	}
	o.filter.From, o.filter.To, err = o.span.parse(time.Now())
	return err
}

// issueList is what issues ls --json prints.
type issueList struct {
	AsOf   time.Time   `json:"asOf"`
	Issues []api.Issue `json:"issues"`
	More   bool        `json:"more"` // there may be, beyond the limit
}

func (a *app) listIssues(ctx context.Context, o listIssuesOptions) error {
	if err := o.check(); err != nil {
		return err
	}
	var asOf time.Time
	return list[api.Issue]{
		most: api.MaxIssuePage, show: view.Issues,
		ask: func(ctx context.Context, c *api.Client, size int, token string) ([]api.Issue, string, error) {
			page, err := c.Issues(ctx, o.filter, size, token)
			asOf = page.AsOf
			return page.Issues, page.NextPageToken, err
		},
		wrap: func(issues []api.Issue, more bool) any { return issueList{asOf, issues, more} },
	}.print(ctx, a, o.listOptions)
}

func (a *app) showIssueCommand() *cobra.Command {
	return action[api.Issue]{
		use: "show ID", short: "Show an issue whole", example: "  strongroom issues show ID",
		check: checkIssue, show: view.Issue,
		do: func(ctx context.Context, c *api.Client, id string) (api.Issue, error) { return c.Issue(ctx, id) },
	}.command(a)
}

func (a *app) investigateCommand() *cobra.Command {
	return action[api.Issue]{
		use: "investigate ID", short: "Say that you look after an issue", example: "  strongroom issues investigate ID",
		check: checkIssue, show: view.IssueState,
		do: func(ctx context.Context, c *api.Client, id string) (api.Issue, error) { return c.Investigate(ctx, id) },
	}.command(a)
}

func (a *app) ignoreCommand() *cobra.Command {
	var until string
	var end time.Time
	cmd := action[api.Issue]{
		use: "ignore ID --until TIME|DURATION", short: "Leave an issue alone for a time, a year at most", show: view.IssueState,
		example: `  strongroom issues ignore ID --until 12h
  strongroom issues ignore ID --until 7d
  strongroom issues ignore ID --until 2026-12-24T18:00:00Z
  strongroom issues ignore ID --until 0s                      # no longer`,
		check: func(id string) (err error) {
			if err := checkIssue(id); err != nil {
				return err
			}
			end, err = parseUntil(until, time.Now())
			return err
		},
		do: func(ctx context.Context, c *api.Client, id string) (api.Issue, error) { return c.Ignore(ctx, id, end) },
	}.command(a)
	cmd.Flags().StringVar(&until, "until", "", "a time in RFC 3339, or how long from now, as 90m, 12h or 7d")
	return cmd
}

var issueID = regexp.MustCompile(`^[a-z2-7]{52}$`)

func checkIssue(id string) error {
	if !issueID.MatchString(id) {
		return usage("%q is not the id of an issue, which is 52 of a-z and 2-7: strongroom issues ls shows them", id)
	}
	return nil
}
