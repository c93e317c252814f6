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
	public                    bool   // the resource belongs to no workspace
	page                      string // of the console that shows the resource; empty: no page does
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
	if act.page != "" {
		addWeb(a, cmd, func(ctx context.Context, args []string) ([]string, error) { return act.webPage(ctx, a, args[0]) })
	}
	return cmd
}

// webPage returns the segments of the page that shows the resource.
func (act action[T]) webPage(ctx context.Context, a *app, argument string) ([]string, error) {
	_, id, err := act.resolve(ctx, a, argument)
	return []string{act.page, id}, err
}

// resolve returns a client, and the name or the whole ID in the argument.
func (act action[T]) resolve(ctx context.Context, a *app, argument string) (client *api.Client, id string, err error) {
	if err := act.check(argument); err != nil {
		return nil, "", err
	}
	if act.public {
		client, err = a.settings.publicClient()
	} else {
		client, err = a.settings.client("")
	}
	if err != nil || act.ids == nil {
		return client, argument, err
	}
	id, err = act.ids.resolve(ctx, client, argument)
	return client, id, err
}

func (act action[T]) call(ctx context.Context, a *app, argument string) (zero T, err error) {
	client, id, err := act.resolve(ctx, a, argument)
	if err != nil {
		return zero, err
	}
	return withRetry(ctx, func(ctx context.Context) (T, error) { return act.do(ctx, client, id) })
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
