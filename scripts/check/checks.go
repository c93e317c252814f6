package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
)

// check is one named question to the tree.
type check struct {
	name  string
	does  string // one line for the help text
	asked bool   // runs only when it is named

	// run answers with a note for the line of a pass, or an error that lists
	// what is wrong, one thing a line; a skip says why it could not look.
	run func(context.Context, *tree) (note string, err error)
}

// checks is all there are, quick ones first.
var checks = []check{
	{name: "format", does: "Go files are as gofmt writes them", run: checkFormat},
	{name: "shape", does: "short functions and files, telling package names, a tidy top level", run: checkShape},
	{name: "leaks", does: "no paths of one machine, registry hosts, private keys or merge markers", run: checkLeaks},
	{name: "words", does: "plain, present-day English; phrases.go has the phrases and what to write instead", run: checkWords},
	{name: "imports", does: "imports flow one way: functions, shared, standard library", run: checkImports},
	{name: "infra", does: "Terraform is formatted, valid, tested, and agrees with the embedded cloud (needs terraform)", run: checkInfra},
	{name: "tidy", does: "go.mod and go.sum name what is used and no more", run: checkTidy},
	{name: "vet", does: "go vet finds nothing", run: checkVet},
	{name: "lint", does: "staticcheck finds nothing; settings in .staticcheck", run: checkLint},
	{name: "vulnerabilities", asked: true, run: checkVulnerabilities,
		does: "no known vulnerability is called; its answer changes while the tree does not"},
}

// skip is the error of a check that could not look; its text says why.
type skip string

func (s skip) Error() string { return string(s) }

// runAll runs every check, prints a line for each, and gives the exit code.
func runAll(ctx context.Context, out io.Writer, t *tree, chosen []check) int {
	failed := 0
	for _, c := range chosen {
		start := time.Now()
		note, err := c.run(ctx, t)
		if !report(out, c.name, note, err, time.Since(start)) {
			failed++
		}
	}
	if failed > 0 {
		fmt.Fprintf(out, "%d of %d checks failed\n", failed, len(chosen))
		return 1
	}
	return 0
}

// report prints what became of a check, and whether that is well.
func report(out io.Writer, name, note string, err error, took time.Duration) bool {
	var why skip
	switch {
	case errors.As(err, &why):
		fmt.Fprintf(out, "skip  %s: %s\n", name, why)
	case err != nil:
		fmt.Fprintf(out, "FAIL  %s\n%s\n", name, indent(err.Error()))
		return false
	case note != "":
		fmt.Fprintf(out, "ok    %s (%.1f s): %s\n", name, took.Seconds(), note)
	default:
		fmt.Fprintf(out, "ok    %s (%.1f s)\n", name, took.Seconds())
	}
	return true
}

func indent(text string) string {
	return "      " + strings.ReplaceAll(strings.TrimSpace(text), "\n", "\n      ")
}

// found makes an error of what was found; nothing found is none.
func found(lines []string) error {
	if len(lines) == 0 {
		return nil
	}
	return errors.New(strings.Join(lines, "\n"))
}
