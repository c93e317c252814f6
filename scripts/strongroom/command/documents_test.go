package command

import (
	"context"
	"strings"
	"testing"

	"github.com/strongroom-dev/strongroom/scripts/documents"
)

// TestEveryDocumentedCommandExists parses each command of this program in the documentation: its
// name, its flags, and, where a reader can execute it as it stands, its arguments.
func TestEveryDocumentedCommandExists(t *testing.T) {
	t.Parallel()
	all, err := documents.Read("../../..")
	if err != nil {
		t.Fatal(err)
	}
	checked := 0
	for _, c := range all {
		args, ours := ownArguments(c.Words)
		if !ours || len(args) > 0 && args[0] == "COMMAND" { // stands for any
			continue
		}
		checked++
		if err := parseCommand(args, c.Block); err != nil {
			t.Errorf("%s: %v", c, err)
		}
	}
	if checked < 100 {
		t.Errorf("found %d commands, want at least 100: does the search still find them?", checked)
	}
}

func TestADocumentedCommandThatDoesNotExistIsFound(t *testing.T) {
	t.Parallel()
	for line, block := range map[string]bool{
		"tenants offbord SLUG":                 false,
		"tenants offboard SLUG --reqest ID":    false,
		"tenants offboard SLUG OTHER":          true,
		"exports create --parallel many":       false,
		"nonsense":                             false,
		"consents give explain-issue --until ": true,
	} {
		if parseCommand(strings.Fields(line), block) == nil {
			t.Errorf("%s has no fault", line)
		}
	}
}

// ownArguments returns the arguments of this program.
func ownArguments(words []string) ([]string, bool) {
	if words[0] == "strongroom" {
		return words[1:], true
	}
	if len(words) > 2 && words[0] == "go" && words[1] == "run" && words[2] == "./scripts/strongroom" {
		return words[3:], true
	}
	return nil, false
}

// parseCommand parses a command and executes nothing. A mention in a sentence may omit arguments.
func parseCommand(args []string, complete bool) error {
	root := rootCommand(&app{settings: settings{env: func(string) string { return "" }}})
	root.SetContext(context.Background())
	root.InitDefaultHelpFlag()
	root.InitDefaultHelpCmd()
	root.InitDefaultVersionFlag()
	cmd, rest, err := root.Find(args)
	if err != nil {
		return err
	}
	cmd.InitDefaultHelpFlag()
	if err := cmd.ParseFlags(rest); err != nil {
		return err
	}
	if !complete && !cmd.HasSubCommands() {
		return nil
	}
	if err := cmd.ValidateArgs(cmd.Flags().Args()); err != nil {
		return err
	}
	return cmd.ValidateRequiredFlags()
}
