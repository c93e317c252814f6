package command

import (
	"context"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

// finishCommands adds to all commands below root what they have in common.
func finishCommands(a *app, root *cobra.Command) {
	root.SetUsageTemplate(strings.Replace(root.UsageTemplate(), "{{if .Runnable}}", "{{if and .Runnable (not .HasAvailableSubCommands)}}", 1))
	root.SetUsageTemplate(strings.Replace(root.UsageTemplate(), "{{if .HasHelpSubCommands}}", jsonHelp+"{{if .HasHelpSubCommands}}", 1))
	root.SetHelpCommand(helpCommand(root))
	for _, cmd := range root.Commands() {
		if cmd.HasSubCommands() {
			finishGroup(a, cmd)
		}
	}
	for _, name := range []string{"token"} {
		if cmd, _, err := root.Find([]string{name}); err == nil {
			addTimeout(cmd)
		}
	}
	addCommonFlags(a, root)
	root.Args = unknownCommand
	root.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
}

// finishGroup completes a command that only has subcommands, and its subcommands.
func finishGroup(a *app, group *cobra.Command) {
	group.Args = unknownCommand
	group.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() } // also of a group in a group
	for _, cmd := range group.Commands() {
		if cmd.HasSubCommands() {
			finishGroup(a, cmd)
			continue
		}
		switch cmd.Name() {
		case "ls":
			cmd.Aliases = append(cmd.Aliases, "list")
		case "show":
			cmd.SuggestFor = append(cmd.SuggestFor, "view", "get", "describe")
		}
		if cmd.Flags().Lookup("spool") == nil && cmd.Flags().Lookup("timeout") == nil {
			addTimeout(cmd)
		}
	}
}

// addCommonFlags adds to each command below cmd what depends on its flags.
func addCommonFlags(a *app, cmd *cobra.Command) {
	for _, sub := range cmd.Commands() {
		if sub.HasSubCommands() {
			addCommonFlags(a, sub)
			continue
		}
		if sub.Flags().Lookup("json") != nil {
			addJQ(a, sub)
		}
		if paged[sub.Name()] {
			addPager(a, sub)
		}
	}
}

// unknownCommand rejects the name of a subcommand that does not exist.
func unknownCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	return usageError("unknown command %q for %q%s\nSee %s --help", args[0], cmd.CommandPath(), didYouMean(cmd, args[0]), cmd.CommandPath())
}

// didYouMean returns the subcommands with similar names as a question, or "".
func didYouMean(cmd *cobra.Command, name string) string {
	cmd.SuggestionsMinimumDistance = 2
	similar := cmd.SuggestionsFor(name)
	if len(similar) == 0 {
		return ""
	}
	return "; did you mean " + strings.Join(similar, " or ") + "?"
}

func helpCommand(root *cobra.Command) *cobra.Command {
	return &cobra.Command{
		Use:   "help [COMMAND]",
		Short: "Show the help of a command",
		RunE: func(_ *cobra.Command, args []string) error {
			cmd, rest, err := root.Find(args)
			if err != nil || len(rest) > 0 && cmd.HasSubCommands() {
				return unknownCommand(cmd, rest)
			}
			cmd.InitDefaultHelpFlag()
			return cmd.Help()
		},
	}
}

// addTimeout adds --timeout to a command that reads.
func addTimeout(cmd *cobra.Command) {
	var timeout time.Duration
	cmd.Flags().DurationVar(&timeout, "timeout", 0, "give up after this long in all (default no limit; each request is retried for 2m)")
	run := cmd.RunE
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if timeout < 0 {
			return usageError("--timeout must not be negative")
		}
		if timeout > 0 {
			ctx, cancel := context.WithTimeoutCause(cmd.Context(), timeout, &timeoutError{timeout})
			defer cancel()
			cmd.SetContext(ctx)
		}
		return run(cmd, args)
	}
}
