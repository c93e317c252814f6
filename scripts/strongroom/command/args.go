package command

import (
	"cmp"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/strongroom-dev/strongroom/shared/issue"
	"github.com/strongroom-dev/strongroom/shared/run"
	"github.com/strongroom-dev/strongroom/shared/sli"
)

// exactArgs requires one argument for each name.
func exactArgs(names ...string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) != len(names) {
			return usageError("%s requires %s: %s", cmd.CommandPath(), cmp.Or(strings.Join(names, " and "), "no arguments"), cmd.UseLine())
		}
		return nil
	}
}

// maxOneArg allows one argument or none.
func maxOneArg(name string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) > 1 {
			return usageError("%s accepts at most one %s: %s", cmd.CommandPath(), name, cmd.UseLine())
		}
		return nil
	}
}

// onlyOneOf rejects a command line with more than one of these flags.
func onlyOneOf(cmd *cobra.Command, names ...string) {
	next := cmd.PreRunE
	cmd.PreRunE = func(cmd *cobra.Command, args []string) error {
		var set []string
		for _, name := range names {
			if cmd.Flags().Changed(name) {
				set = append(set, "--"+name)
			}
		}
		if len(set) > 1 {
			return usageError("%s contradict each other; use only one of them", strings.Join(set, " and "))
		}
		if next == nil {
			return nil
		}
		return next(cmd, args)
	}
}

// checkOneOf rejects a flag's value that is not in allowed. An empty value means
// that the flag is not set.
func checkOneOf[T ~string](flag string, value T, allowed ...T) error {
	if value == "" || slices.Contains(allowed, value) {
		return nil
	}
	var names []string
	for _, a := range allowed {
		names = append(names, string(a))
	}
	return usageError("%s must be one of %s", flag, strings.Join(names, ", "))
}

func checkRunID(id string) error {
	if _, err := run.ParseID(id); err != nil {
		return usageError("%q is not a valid run ID: %w", id, err)
	}
	return nil
}

func checkIssueID(id string) error {
	if _, ok := issue.ParseID(id); !ok {
		return usageError("%q is not a valid issue ID, which has 52 characters from a-z and 2-7; to list issues: strongroom issues ls", id)
	}
	return nil
}

// checkSLI rejects names that no SLI can have, and names that a URL path cannot
// have.
func checkSLI(name string) error {
	if err := sli.CheckName(name); err != nil {
		return &exitError{exitUsage, err}
	}
	return nil
}
