package command

import (
	"context"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/retry"
)

// action is a command about one thing, which its argument names.
type action[T any] struct {
	use, short, long, example string             // use begins with the verb and what the argument is
	check                     func(string) error // refuses a name, or flags, before anything is asked
	do                        func(context.Context, *api.Client, string) (T, error)
	show                      func(io.Writer, T) error
}

// command makes the command. What it does is tried again where it may succeed
// then.
func (act action[T]) command(a *app) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: act.use, Short: act.short, Long: act.long, Example: act.example,
		Args: exactly(strings.Fields(act.use)[1]),
		RunE: func(cmd *cobra.Command, args []string) error {
			answer, err := act.ask(cmd.Context(), a, args[0])
			if err != nil {
				return err
			}
			if asJSON {
				return writeJSON(a.stdout, answer)
			}
			return act.show(a.stdout, answer)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print it as JSON")
	return cmd
}

func (act action[T]) ask(ctx context.Context, a *app, name string) (none T, err error) {
	if err := act.check(name); err != nil {
		return none, err
	}
	client, err := a.settings.client("")
	if err != nil {
		return none, err
	}
	return retried(ctx, func(ctx context.Context) (T, error) { return act.do(ctx, client, name) })
}

// retried asks for what may be asked again.
func retried[T any](ctx context.Context, ask func(context.Context) (T, error)) (answer T, err error) {
	err = retry.Policy{For: readFor}.Do(ctx, func(ctx context.Context) error {
		answer, err = ask(ctx)
		return err
	})
	return answer, err
}
