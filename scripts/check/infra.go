package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os/exec"
	"strings"
)

// checkInfra looks at the form of the Terraform files, and runs the tests of
// infra/: the comparisons, the policies, and each module's own tests. What a
// missing tool or provider kept from being looked at is in the note.
func checkInfra(ctx context.Context, t *tree) (string, error) {
	if len(t.ending(".tf")) == 0 {
		return "", skip("there are no Terraform files")
	}
	var missing []string
	if _, err := exec.LookPath("terraform"); err != nil {
		missing = append(missing, "all of Terraform: it is not on the PATH (developer.hashicorp.com/terraform/install)")
	} else if _, err := output(ctx, t.root, "terraform", "fmt", "-check", "-diff", "-recursive", "infra"); err != nil {
		return "", err
	}
	if _, err := exec.LookPath("tflint"); err != nil {
		missing = append(missing, "tflint: it is not on the PATH (github.com/terraform-linters/tflint)")
	} else if _, err := output(ctx, t.root, "tflint", "--chdir=infra", "--recursive"); err != nil {
		return "", err
	}
	events, err := output(ctx, t.root, "go", "test", "-json", "./infra/...")
	if err != nil {
		return "", fmt.Errorf("run go test ./infra/...: %w", failures(err.Error(), err))
	}
	if missing = append(missing, skipped(events)...); len(missing) > 0 {
		return "not looked at: " + strings.Join(missing, "; "), nil
	}
	return "", nil
}

// testEvent is one line of go test -json: pkg.go.dev/cmd/test2json.
type testEvent struct{ Action, Test, Output string }

func testEvents(lines string) []testEvent {
	var all []testEvent
	for line := range strings.Lines(lines) {
		var e testEvent
		if json.Unmarshal([]byte(line), &e) == nil {
			all = append(all, e)
		}
	}
	return all
}

// skipped gives the reason of each test that was skipped, each reason once.
func skipped(lines string) []string {
	var reasons []string
	for _, e := range testEvents(lines) {
		if _, reason, found := strings.Cut(e.Output, ": skipped: "); found && e.Test != "" {
			reasons = append(reasons, strings.TrimSpace(reason))
		}
	}
	return unique(reasons)
}

func unique(all []string) []string {
	seen := map[string]bool{}
	var once []string
	for _, s := range all {
		if !seen[s] {
			once = append(once, s)
		}
		seen[s] = true
	}
	return once
}

// failures is what the tests printed, without what test2json wraps around it.
func failures(lines string, otherwise error) error {
	var text strings.Builder
	for _, e := range testEvents(lines) {
		text.WriteString(e.Output)
	}
	if text.Len() == 0 {
		return otherwise
	}
	return fmt.Errorf("\n%s", text.String())
}
