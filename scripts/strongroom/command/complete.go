package command

import (
	"context"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/retry"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/view"
	"github.com/strongroom-dev/strongroom/shared/outputname"
)

// Bounds of a completion: a person waits for it.
const (
	completionTime = 2 * time.Second
	maxCompletions = 50
)

// completer returns what may follow in place of an argument. It makes one attempt.
type completer func(ctx context.Context, a *app, args []string, prefix string) ([]candidate, error)

// completeArgs sets the completers of a command's arguments, one for each. Errors and
// slow platforms complete nothing.
func completeArgs(a *app, cmd *cobra.Command, completers ...completer) {
	cmd.ValidArgsFunction = func(cmd *cobra.Command, args []string, prefix string) ([]string, cobra.ShellCompDirective) {
		at := len(args)
		if cmd.Args == nil { // any number of the last one
			at = min(at, len(completers)-1)
		}
		if at >= len(completers) || completers[at] == nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return completers[at].completions(a, cmd, args, prefix)
	}
}

// completions returns what the shell shows.
func (c completer) completions(a *app, cmd *cobra.Command, args []string, prefix string) (shown []string, _ cobra.ShellCompDirective) {
	ctx, cancel := context.WithTimeout(retry.WithReporter(cmd.Context(), nil), completionTime)
	defer cancel()
	found, err := c(ctx, a, args, prefix)
	if err != nil {
		cobra.CompDebugln(err.Error(), false)
	}
	for _, c := range found {
		if strings.HasPrefix(c.id, prefix) {
			shown = append(shown, cobra.CompletionWithDesc(c.id, view.Name(c.description)))
		}
	}
	return shown, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveKeepOrder
}

// completeFlagBy sets the completer of a flag's value.
func completeFlagBy(a *app, cmd *cobra.Command, flag string, c completer) {
	_ = cmd.RegisterFlagCompletionFunc(flag, func(cmd *cobra.Command, args []string, prefix string) ([]string, cobra.ShellCompDirective) { // fails as in completeFlag
		return c.completions(a, cmd, args, prefix)
	})
}

// complete completes IDs.
func (k idKind) complete(ctx context.Context, a *app, _ []string, prefix string) ([]candidate, error) {
	if prefix != "" && !k.part.MatchString(prefix) {
		return nil, nil
	}
	client, err := k.client(a)
	if err != nil {
		return nil, err
	}
	return k.find(ctx, client, prefix, maxCompletions)
}

// completeOutput completes the names of the outputs of the run in the first argument.
func completeOutput(ctx context.Context, a *app, args []string, _ string) (found []candidate, err error) {
	client, err := a.settings.client("")
	if err != nil {
		return nil, err
	}
	run, err := runIDs.resolve(ctx, client, args[0])
	if err != nil {
		return nil, err
	}
	listing, err := client.Outputs(ctx, run)
	for _, o := range listing.Outputs {
		found = append(found, candidate{outputname.Text(o.Name), o.State})
	}
	return found, err
}

// completeSLI completes the names of SLIs.
func completeSLI(ctx context.Context, a *app, _ []string, _ string) (found []candidate, err error) {
	client, err := a.settings.client("")
	if err != nil {
		return nil, err
	}
	page, err := client.SLIs(ctx, api.SLIFilter{}, api.MaxSLIPage, "")
	for _, s := range page.SLIs {
		found = append(found, candidate{s.Name, s.Alert})
	}
	return found, err
}

// completeSpooled completes the IDs of spooled runs.
func completeSpooled(t *transfer) completer {
	return func(_ context.Context, a *app, _ []string, _ string) (found []candidate, err error) {
		dir, err := t.open(a.settings.env)
		if err != nil {
			return nil, err
		}
		ids, err := dir.Runs()
		for _, id := range ids {
			found = append(found, candidate{id, describeSpooled(dir, id)})
		}
		return found, err
	}
}

// completeFlag sets the values of a flag.
func completeFlag(cmd *cobra.Command, flag string, values ...string) {
	_ = cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp)) // fails for an unknown flag only, and then a test of the flag does too
}
