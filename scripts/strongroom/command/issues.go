package command

import (
	"context"
	"io"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/retry"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/view"
)

func (a *app) issuesCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "issues", Short: "Read issues, and say what becomes of them"}
	cmd.AddCommand(a.listIssuesCommand(), a.showIssueCommand(), a.investigateCommand(), a.ignoreCommand())
	return cmd
}

// listIssuesOptions are the flags of issues ls.
type listIssuesOptions struct {
	filter   api.IssueFilter
	from, to string // of the filter
	limit    int
	json     bool
}

func (a *app) listIssuesCommand() *cobra.Command {
	var o listIssuesOptions
	cmd := &cobra.Command{
		Use:   "ls",
		Short: "List issues: those that stand first, the worst first",
		Example: `  strongroom issues ls --state standing --severity 1
  strongroom issues ls --state resolved --from 7d --to 12h
  strongroom issues ls --slx dns --limit 0 --json | jq -r '.issues[].id'`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.listIssues(cmd.Context(), o) },
	}
	flags := cmd.Flags()
	flags.StringVar(&o.filter.State, "state", "", "standing (all but resolved and ignored), detected, open, investigated, reopened, resolved or ignored")
	flags.IntVar(&o.filter.Severity, "severity", 0, "1 (critical) to 4 (informational)")
	flags.StringVar(&o.filter.SLX, "slx", "", "service-level experience")
	flags.StringVar(&o.filter.Resource, "resource", "", "resource of the runs")
	flags.StringVar(&o.filter.Task, "task", "", "task of the runs")
	flags.StringVar(&o.from, "from", "", "last seen then or later: a time in RFC 3339, or how long ago, as 90m, 12h or 7d")
	flags.StringVar(&o.to, "to", "", "last seen before then, likewise")
	flags.IntVar(&o.limit, "limit", 50, "list so many at most; 0: all")
	flags.BoolVar(&o.json, "json", false, "print the list as JSON")
	return cmd
}

var issueStates = []string{"", "standing", "detected", "open", "investigated", "reopened", "resolved", "ignored"}

func (o *listIssuesOptions) check() error {
	switch {
	case !slices.Contains(issueStates, o.filter.State):
		return usage("--state is one of %s", strings.Join(issueStates[1:], ", "))
	case o.filter.Severity < 0 || o.filter.Severity > 4:
		return usage("--severity is 1 (critical) to 4 (informational)")
	case o.limit < 0:
		return usage("--limit is 1 or more, or 0 for all")
	}
	return o.span(time.Now())
}

// span fills in the times of the filter, once for all pages.
func (o *listIssuesOptions) span(now time.Time) (err error) {
	if o.filter.From, err = parseAgo("--from", o.from, now); err != nil {
		return err
	}
	o.filter.To, err = parseAgo("--to", o.to, now)
	return err
}

func (a *app) listIssues(ctx context.Context, o listIssuesOptions) error {
	if err := o.check(); err != nil {
		return err
	}
	client, err := a.settings.client("")
	if err != nil {
		return err
	}
	list := issueList{Issues: []api.Issue{}}
	list.More, err = eachPage(ctx, o.limit, api.MaxIssuePage, func(ctx context.Context, size int, token string) (int, string, error) {
		page, err := client.Issues(ctx, o.filter, size, token)
		list.AsOf, list.Issues = page.AsOf, append(list.Issues, page.Issues...)
		return len(page.Issues), page.NextPageToken, err
	})
	if err != nil {
		return err
	}
	if o.json {
		return writeJSON(a.stdout, list)
	}
	if err := view.Issues(a.stdout, list.Issues); err != nil {
		return err
	}
	a.sayMore(list.More, len(list.Issues))
	return nil
}

// issueList is what issues ls --json prints.
type issueList struct {
	AsOf   time.Time   `json:"asOf"`
	Issues []api.Issue `json:"issues"`
	More   bool        `json:"more"` // there may be, beyond the limit
}

// retried asks for what may be asked again.
func retried[T any](ctx context.Context, ask func(context.Context) (T, error)) (answer T, err error) {
	err = retry.Policy{For: readFor}.Do(ctx, func(ctx context.Context) error {
		answer, err = ask(ctx)
		return err
	})
	return answer, err
}

func (a *app) showIssueCommand() *cobra.Command {
	return a.issueCommand(issueAction{
		use: "show ID", short: "Show an issue whole", example: "  strongroom issues show ID", show: view.Issue,
		do: func(ctx context.Context, c *api.Client, id string) (api.Issue, error) { return c.Issue(ctx, id) },
	})
}

func (a *app) investigateCommand() *cobra.Command {
	return a.issueCommand(issueAction{
		use: "investigate ID", short: "Say that you look after an issue", example: "  strongroom issues investigate ID", show: view.IssueState,
		do: func(ctx context.Context, c *api.Client, id string) (api.Issue, error) { return c.Investigate(ctx, id) },
	})
}

func (a *app) ignoreCommand() *cobra.Command {
	var until string
	var end time.Time
	cmd := a.issueCommand(issueAction{
		use: "ignore ID --until TIME|DURATION", short: "Leave an issue alone for a time, a year at most", show: view.IssueState,
		example: `  strongroom issues ignore ID --until 12h
  strongroom issues ignore ID --until 7d
  strongroom issues ignore ID --until 2026-12-24T18:00:00Z
  strongroom issues ignore ID --until 0s                      # no longer`,
		check: func() (err error) {
			end, err = parseUntil(until, time.Now())
			return err
		},
		do: func(ctx context.Context, c *api.Client, id string) (api.Issue, error) { return c.Ignore(ctx, id, end) },
	})
	cmd.Flags().StringVar(&until, "until", "", "a time in RFC 3339, or how long from now, as 90m, 12h or 7d")
	return cmd
}

// issueAction is a command about one issue.
type issueAction struct {
	use, short, example string
	check               func() error // of flags; may be nil
	do                  func(context.Context, *api.Client, string) (api.Issue, error)
	show                func(io.Writer, api.Issue) error
}

func (a *app) issueCommand(action issueAction) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: action.use, Short: action.short, Example: action.example, Args: exactly("ID"),
		RunE: func(cmd *cobra.Command, args []string) error {
			issue, err := a.doIssue(cmd.Context(), action, args[0])
			if err != nil {
				return err
			}
			if asJSON {
				return writeJSON(a.stdout, issue)
			}
			return action.show(a.stdout, issue)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the issue as JSON")
	return cmd
}

var issueID = regexp.MustCompile(`^[a-z2-7]{52}$`)

func (a *app) doIssue(ctx context.Context, action issueAction, id string) (api.Issue, error) {
	if !issueID.MatchString(id) {
		return api.Issue{}, usage("%q is not the id of an issue, which is 52 of a-z and 2-7: strongroom issues ls shows them", id)
	}
	if action.check != nil {
		if err := action.check(); err != nil {
			return api.Issue{}, err
		}
	}
	client, err := a.settings.client("")
	if err != nil {
		return api.Issue{}, err
	}
	return retried(ctx, func(ctx context.Context) (api.Issue, error) { return action.do(ctx, client, id) })
}
