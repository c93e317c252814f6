package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os/exec"
	"strings"
)

// checkInfra checks the format of the Terraform files, and runs the tests of
// infra/: the comparisons, the policies, and each module's own tests. The note
// lists what was not checked because a tool or provider is missing.
func checkInfra(ctx context.Context, t *tree) (string, error) {
	if len(t.ending(".tf")) == 0 {
		return "", skip("there are no Terraform files")
	}
	var missing []string
	if _, err := exec.LookPath("terraform"); err != nil {
		missing = append(missing, "Terraform: it is not on the PATH (developer.hashicorp.com/terraform/install)")
	} else if _, err := output(ctx, t.root, "terraform", "fmt", "-check", "-diff", "-recursive", "infra"); err != nil {
		return "", err
	}
	if _, err := exec.LookPath("tflint"); err != nil {
		missing = append(missing, "tflint: it is not on the PATH (github.com/terraform-linters/tflint)")
	} else if _, err := output(ctx, t.root, "tflint", "--chdir=infra", "--recursive", "--config="+t.path("infra/.tflint.hcl")); err != nil {
		return "", err
	}
	events, err := output(ctx, t.root, "go", "test", "-json", "-timeout=30m", "./infra/...")
	if err != nil {
		return "", fmt.Errorf("run go test ./infra/...: %w", failures(err.Error(), err))
	}
	if missing = append(missing, skipped(events)...); len(missing) > 0 {
		return fmt.Sprintf("NOT CHECKED: %d: %s", len(missing), strings.Join(missing, "; ")), nil
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

// skipped returns the reasons for which tests were skipped, each reason once.
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

// failures returns the output of the tests as an error, without the JSON of
// test2json, or otherwise if there is no output.
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
