package main

import (
	"context"
	"fmt"
	"os"
	"regexp"
	"strings"
)

const workflows = ".github/workflows/"

var (
	usesAction = regexp.MustCompile(`^\s*(?:- )?uses:\s*(\S+)`)
	pinned     = regexp.MustCompile(`^[\w.-]+/[\w./-]+@[0-9a-f]{40}$`)
	runsStep   = regexp.MustCompile(`^\s*(?:- )?run:\s*(\S.*)$`)
	ownScript  = regexp.MustCompile(`^(?:go run \./(scripts/\S+)|(\.\S+))(?:\s|$)`)
)

// checkWorkflows reads the workflows of GitHub. A tag of an action can move, and a step
// that is not a script runs nowhere else.
func checkWorkflows(_ context.Context, t *tree) (string, error) {
	var wrong []string
	steps := 0
	for _, name := range t.files {
		if !strings.HasPrefix(name, workflows) {
			continue
		}
		text, err := t.read(name)
		if err != nil {
			return "", err
		}
		for number, line := range strings.Split(string(text), "\n") {
			if fault := faultOfStep(t, line); fault != "" {
				wrong = append(wrong, fmt.Sprintf("%s:%d: %s", name, number+1, fault))
			}
			if runsStep.MatchString(line) {
				steps++
			}
		}
	}
	return fmt.Sprintf("%d steps", steps), found(wrong)
}

// faultOfStep returns what is wrong with a line of a workflow, or "".
func faultOfStep(t *tree, line string) string {
	if m := usesAction.FindStringSubmatch(line); m != nil && !pinned.MatchString(m[1]) {
		return m[1] + " is not pinned: use the hash of a commit"
	}
	m := runsStep.FindStringSubmatch(line)
	if m == nil {
		return ""
	}
	script := ownScript.FindStringSubmatch(m[1])
	if script == nil {
		return fmt.Sprintf("the step %q is not a script of this tree: write one, or use go run ./scripts/NAME", m[1])
	}
	if _, err := os.Stat(t.path(script[1] + script[2])); err != nil {
		return fmt.Sprintf("%s does not exist", script[1]+script[2])
	}
	return ""
}
