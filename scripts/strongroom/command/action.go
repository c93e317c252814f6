package command

import (
	"context"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/retry"
)

// action is a command that makes one API call for the resource in its argument.
type action[T any] struct {
	use, short, long, example string             // use starts with the verb and the argument's name
	check                     func(string) error // rejects an invalid argument or flag before the call
	ids                       *idKind            // the argument is an ID or the start of one; nil: it is a name
	complete                  completer          // of the argument; nil: that of ids
	do                        func(context.Context, *api.Client, string) (T, error)
	show                      func(io.Writer, T) error
	public                    bool // the resource belongs to no workspace
}

// command returns the command. It retries transient failures.
func (act action[T]) command(a *app) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: act.use, Short: act.short, Long: act.long, Example: act.example,
		Args: exactArgs(strings.Fields(act.use)[1]),
		RunE: func(cmd *cobra.Command, args []string) error {
			result, err := act.call(cmd.Context(), a, args[0])
			if err != nil {
				return err
			}
			if asJSON {
				return a.writeJSON(a.stdout, result)
			}
			return act.show(a.stdout, result)
		},
	}
	var result T
	addJSONFlag(cmd, &asJSON, result)
	if act.complete == nil && act.ids != nil {
		act.complete = act.ids.complete
	}
	completeArgs(a, cmd, act.complete)
	return cmd
}

func (act action[T]) call(ctx context.Context, a *app, argument string) (zero T, err error) {
	if err := act.check(argument); err != nil {
		return zero, err
	}
	connect := a.settings.publicClient
	if !act.public {
		connect = func() (*api.Client, error) { return a.settings.client("") }
	}
	client, err := connect()
	if err != nil {
		return zero, err
	}
	if act.ids != nil {
		if argument, err = act.ids.resolve(ctx, client, argument); err != nil {
			return zero, err
		}
	}
	return withRetry(ctx, func(ctx context.Context) (T, error) { return act.do(ctx, client, argument) })
}

// withRetry makes a call that is safe to retry.
func withRetry[T any](ctx context.Context, call func(context.Context) (T, error)) (result T, err error) {
	err = retry.Policy{For: defaultRetry}.Do(ctx, func(ctx context.Context) error {
		result, err = call(ctx)
		return err
	})
	return result, err
}

// addJSONFlag adds --json to a command. Result is of the type that it prints.
func addJSONFlag(cmd *cobra.Command, asJSON *bool, result any) {
	cmd.Flags().BoolVar(asJSON, "json", false, "print the result as JSON")
	documentJSON(cmd, result)
}
