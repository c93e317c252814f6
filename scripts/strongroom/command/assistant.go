package command

import (
	"context"
	"regexp"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/view"
)

func (a *app) assistantCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "assistant", Short: "Ask a workspace's assistant, and set it"}
	cmd.AddCommand(a.showAssistantCommand(), a.setAssistantCommand())
	return cmd
}

func (a *app) showAssistantCommand() *cobra.Command {
	return action[api.Answer]{
		use: "show NAME", short: "Show what is wrong now, how SLIs do, and which task to run next",
		example: "  strongroom assistant show oncall",
		check:   checkAssistant, show: view.Answer,
		do: func(ctx context.Context, c *api.Client, id string) (api.Answer, error) { return c.Ask(ctx, id) },
	}.command(a)
}

var assistantID = regexp.MustCompile(`^[a-z0-9-]{1,63}$`)

func checkAssistant(id string) error {
	if !assistantID.MatchString(id) {
		return usage("%q is not the name of an assistant, which is 1 to 63 of a-z, 0-9 and hyphen", id)
	}
	return nil
}

func (a *app) setAssistantCommand() *cobra.Command {
	var settings api.AssistantSettings
	cmd := action[api.Assistant]{
		use: "set NAME --name TEXT", short: "Make or change an assistant (admins)",
		long: `Makes an assistant, or sets all of it anew: what is not given becomes the
platform's own, which is a relevance of 0.85 and read-only.`,
		example: `  strongroom assistant set oncall --name "Eager Edgar"
  strongroom assistant set oncall --name "Eager Edgar" --relevance 0.7 --access read-write`,
		check: func(id string) error {
			if err := checkAssistant(id); err != nil {
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
	flags.StringVar(&settings.Name, "name", "", "what people call it")
	flags.Func("relevance", "`score` from 0 to 1: tasks that score less are not suggested", func(text string) error {
		score, err := parseFinite(text)
		settings.Relevance = &score
		return err
	})
	flags.StringVar(&settings.AccessLevel, "access", "", "read-only: suggest no task that says that it writes; or read-write")
	return cmd
}

func checkAssistantSettings(s api.AssistantSettings) error {
	switch n := utf8.RuneCountInString(s.Name); {
	case n == 0:
		return usage("--name: say what people call the assistant")
	case n > api.MaxAssistantName:
		return usage("--name has %d characters, it may have %d", n, api.MaxAssistantName)
	case s.Relevance != nil && (*s.Relevance < 0 || *s.Relevance > 1):
		return usage("--relevance is from 0 to 1")
	}
	return oneOf("--access", s.AccessLevel, "read-only", "read-write")
}
