package command

import (
	"context"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/view"
	"github.com/strongroom-dev/strongroom/shared/lazyregexp"
)

func assistantCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{Use: "assistant", Short: "Show what an assistant reports, and configure assistants"}
	a.addSubcommands(cmd, func() []*cobra.Command {
		return []*cobra.Command{
			webList(a, showAssistantCommand(a), "overview"), summarizeCommand(a), rankCommand(a), setAssistantCommand(a),
		}
	})
	return cmd
}

func showAssistantCommand(a *app) *cobra.Command {
	return action[api.Answer]{
		use: "show ID", short: "Show current issues, SLI health and the task to run next",
		example: "  strongroom assistant show oncall",
		check:   checkAssistantID, show: view.Answer,
		do: func(ctx context.Context, c *api.Client, id string) (api.Answer, error) { return c.Ask(ctx, id) },
	}.command(a)
}

var assistantID = lazyregexp.New(`^[a-z0-9-]{1,63}$`)

func checkAssistantID(id string) error {
	if !assistantID.MatchString(id) {
		return usageError("%q is not a valid assistant ID, which has 1 to 63 characters from a-z, 0-9 and hyphen", id)
	}
	return nil
}

func setAssistantCommand(a *app) *cobra.Command {
	var settings api.AssistantSettings
	cmd := action[api.Assistant]{
		use: "set ID --name TEXT", short: "Create or replace an assistant (admins only)",
		long: `Create an assistant, or replace all of its settings. Settings without a flag get the
defaults: relevance 0.85 and read-only access.`,
		example: `  strongroom assistant set oncall --name "Eager Edgar"
  strongroom assistant set oncall --name "Eager Edgar" --relevance 0.7 --access read-write`,
		check: func(id string) error {
			if err := checkAssistantID(id); err != nil {
				return err
			}
			return checkAssistantSettings(settings)
		},
		do: func(ctx context.Context, c *api.Client, id string) (api.Assistant, error) {
			return c.SetAssistant(ctx, id, settings)
		},
		show: view.Assistant,
	}.command(a)
	flags := cmd.Flags()
	flags.StringVar(&settings.Name, "name", "", "display name of the assistant")
	flags.Func("relevance", "minimum `score` of suggested tasks, from 0 to 1 (default 0.85)", func(text string) error {
		score, err := parseFinite(text)
		settings.Relevance = &score
		return err
	})
	flags.StringVar(&settings.AccessLevel, "access", "", "which tasks to suggest: read-only (only tasks that make no changes) or read-write (default read-only)")
	return cmd
}

func checkAssistantSettings(s api.AssistantSettings) error {
	switch n := utf8.RuneCountInString(s.Name); {
	case n == 0:
		return usageError("--name is required: the display name of the assistant")
	case n > api.MaxAssistantName:
		return usageError("--name must have at most %d characters; it has %d", api.MaxAssistantName, n)
	case s.Relevance != nil && (*s.Relevance < 0 || *s.Relevance > 1):
		return usageError("--relevance must be from 0 to 1")
	}
	return checkOneOf("--access", s.AccessLevel, "read-only", "read-write")
}
