package command

import (
	"context"
	"regexp"

	"github.com/spf13/cobra"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/view"
)

func (a *app) assistantCommand() *cobra.Command {
	var asJSON bool
	show := &cobra.Command{
		Use:     "show NAME",
		Short:   "Show what is wrong now, how SLIs do, and which task to run next",
		Example: "  strongroom assistant show oncall",
		Args:    exactly("NAME"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.showAssistant(cmd.Context(), args[0], asJSON)
		},
	}
	show.Flags().BoolVar(&asJSON, "json", false, "print the answer as JSON")
	cmd := &cobra.Command{Use: "assistant", Short: "Ask a workspace's assistant"}
	cmd.AddCommand(show)
	return cmd
}

var assistantID = regexp.MustCompile(`^[a-z0-9-]{1,63}$`)

func (a *app) showAssistant(ctx context.Context, id string, asJSON bool) error {
	if !assistantID.MatchString(id) {
		return usage("%q is not the name of an assistant, which is 1 to 63 of a-z, 0-9 and hyphen", id)
	}
	client, err := a.settings.client("")
	if err != nil {
		return err
	}
	answer, err := retried(ctx, func(ctx context.Context) (api.Answer, error) { return client.Ask(ctx, id) })
	if err != nil {
		return err
	}
	if asJSON {
		return writeJSON(a.stdout, answer)
	}
	return view.Answer(a.stdout, answer)
}
