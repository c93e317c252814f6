package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
)

// check is one named property of the tree.
type check struct {
	name  string
	does  string // one line for the help text
	asked bool   // runs only when it is named

	// run returns a note for the line of a pass, or an error that lists what is
	// wrong, one thing a line. A skip says why the check could not run.
	run func(context.Context, *tree) (note string, err error)
}

// checks are all checks, fast ones first.
var checks = []check{
	{name: "format", does: "Go files are formatted as by gofmt", run: checkFormat},
	{name: "shape", does: "short functions and files, clear package names, keyed literals, a tidy top level", run: checkShape},
	{name: "leaks", does: "no paths of one machine, registry hosts, private keys or merge markers", run: checkLeaks},
	{name: "workflows", does: "GitHub's workflows use pinned actions, and each of their steps is a script", run: checkWorkflows},
	{name: "words", does: "plain, present-day English; phrases.go lists what to write instead", run: checkWords},
	{name: "imports", does: "every package is in one layer, and imports follow the order of the layers", run: checkImports},
	{name: "infra", does: "Terraform is formatted, valid, tested, and agrees with the embedded cloud (needs terraform)", run: checkInfra},
	{name: "bundle", does: "the console's bundle is what its sources and its vendored packages give", run: checkBundle},
	{name: "tidy", does: "go.mod and go.sum list what is used and no more", run: checkTidy},
	{name: "vet", does: "go vet reports nothing", run: checkVet},
	{name: "platforms", does: "emulator and strongroom have the right types on Windows and macOS", run: checkPlatforms},
	{name: "lint", does: "staticcheck reports nothing; settings in .staticcheck", run: checkLint},
	{name: "deadcode", does: "every function is called by a program, or is listed as an exception for tests", run: checkDeadCode},
	{name: "vulnerabilities", asked: true, run: checkVulnerabilities,
		does: "no known vulnerability is called; the result can change while the tree does not"},
}

// skip is the error of a check that could not run; its text says why.
type skip string

func (s skip) Error() string { return string(s) }

// result is what a check returned.
type result struct {
	note string
	err  error
	took time.Duration
}

// runAll runs the checks in parallel, prints a line for each in their order,
// and returns the exit code. Each check is mostly one process or one pass over
// the files, so together they take about as long as the slowest.
func runAll(ctx context.Context, out io.Writer, t *tree, chosen []check) int {
	results := make([]chan result, len(chosen))
	for i, c := range chosen {
		results[i] = make(chan result, 1)
		go func() {
			start := time.Now()
			note, err := c.run(ctx, t)
			results[i] <- result{note, err, time.Since(start)}
		}()
	}
	failed := 0
	for i, c := range chosen {
		if r := <-results[i]; !report(out, c.name, r) {
			failed++
		}
	}
	if failed > 0 {
		fmt.Fprintf(out, "%d of %d checks failed\n", failed, len(chosen))
		return 1
	}
	return 0
}

// report prints the result of a check and returns false if it failed.
func report(out io.Writer, name string, r result) bool {
	var why skip
	switch {
	case errors.As(r.err, &why):
		fmt.Fprintf(out, "skip  %s: %s\n", name, why)
	case r.err != nil:
		fmt.Fprintf(out, "FAIL  %s\n%s\n", name, indent(r.err.Error()))
		return false
	case r.note != "":
		fmt.Fprintf(out, "ok    %s (%.1f s): %s\n", name, r.took.Seconds(), r.note)
	default:
		fmt.Fprintf(out, "ok    %s (%.1f s)\n", name, r.took.Seconds())
	}
	return true
}

func indent(text string) string {
	return "      " + strings.ReplaceAll(strings.TrimSpace(text), "\n", "\n      ")
}

// found returns an error with these lines, or nil if none exist.
func found(lines []string) error {
	if len(lines) == 0 {
		return nil
	}
	return errors.New(strings.Join(lines, "\n"))
}
