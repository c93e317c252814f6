package command

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/retry"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/view"
)

func searchOutputsCommand(a *app) *cobra.Command {
	var search api.Search
	var isPattern bool
	cmd := &cobra.Command{
		Use:   "search RUN NAME TEXT",
		Short: "Find a text in an output, on the platform",
		Long: `Find a text in an output, and print each match with its line number. The platform
searches, so the output itself is not downloaded. NAME is the name of the file, as the
lists show it. The exit code is 1 if nothing matches.`,
		Example: `  strongroom outputs search 01890a5d stdout.log "connection refused"
  strongroom outputs search 01890a5d stdout.log --pattern "status=5[0-9][0-9]"`,
		Args: exactArgs("RUN", "NAME", "TEXT"),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx, stop := interruptible(cmd.Context())
			defer stop()
			if search.Text = args[2]; isPattern {
				search.Text, search.Pattern = "", args[2]
			}
			return a.search(ctx, search, args[0], args[1])
		},
	}
	cmd.Flags().BoolVar(&isPattern, "pattern", false, "TEXT is an RE2 pattern, which matches within lines")
	cmd.Flags().BoolVarP(&search.IgnoreCase, "ignore-case", "i", false, "ignore the difference between uppercase and lowercase letters")
	completeArgs(a, cmd, runIDs.complete, completeOutput)
	return cmd
}

// errNoMatch ends the program with exit code 1 and without a message, like grep.
var errNoMatch = errors.New("nothing matches")

func (a *app) search(ctx context.Context, search api.Search, run, name string) error {
	client, run, err := a.clientForRun(ctx, run)
	if err != nil {
		return err
	}
	if name, err = outputNamed(ctx, client, run, name); err != nil {
		return err
	}
	opened, err := withRetry(ctx, func(ctx context.Context) (api.View, error) { return client.OpenView(ctx, run, name) })
	if err != nil {
		return err
	}
	defer a.closeView(ctx, client, run, name, opened.Token)
	search.View = opened.Token
	out, flush := a.safeOutput()
	found, err := searchAll(ctx, client, search, run, name, out)
	if err = errors.Join(err, flush()); err == nil && found == 0 {
		return errNoMatch
	}
	return err
}

// searchAll repeats the search until the whole output is searched. It prints the matches
// of a request when the request has succeeded, so a request that is repeated prints none
// twice.
func searchAll(ctx context.Context, client *api.Client, search api.Search, run, name string, out io.Writer) (found int, err error) {
	for {
		var matches []api.Match
		var next string
		err := retry.Policy{For: defaultRetry}.Do(ctx, func(ctx context.Context) (err error) {
			matches = matches[:0]
			next, err = client.SearchOutput(ctx, run, name, search, func(m api.Match) error {
				matches = append(matches, m)
				return nil
			})
			return err
		})
		if err != nil {
			return found, err
		}
		for _, m := range matches {
			if _, err := fmt.Fprintf(out, "%d:%s\n", m.Line, m.Text); err != nil {
				return found, fmt.Errorf("print match: %w", err)
			}
		}
		if found += len(matches); next == "" {
			return found, nil
		}
		search.Continue = next
	}
}

// closeView ends a view. If it fails, the platform ends the view later.
func (a *app) closeView(ctx context.Context, client *api.Client, run, name, token string) {
	a.noticeOpenView(client.CloseView(context.WithoutCancel(ctx), run, name, token))
}

// closeReader ends the view that a reader has opened.
func (a *app) closeReader(ctx context.Context, r *view.Reader) {
	a.noticeOpenView(r.Close(context.WithoutCancel(ctx)))
}

func (a *app) noticeOpenView(err error) {
	if err != nil {
		a.notice("the view could not be closed, so the platform ends it in 2 hours: %v", err)
	}
}
