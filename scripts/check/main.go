// Check runs the project's checks, each under a name: what a reviewer would
// otherwise look for by eye.
//
//	go run ./scripts/check            # all
//	go run ./scripts/check lint words # these two
//	go run ./scripts/check -h         # what there is
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	code := run(ctx, os.Args[1:], os.Stdout)
	stop()
	os.Exit(code)
}

// run does what args ask and gives the exit code: 0 when nothing failed, 1
// when a check did, 2 when the question was wrong.
func run(ctx context.Context, args []string, out io.Writer) int {
	names, err := parse(args, out)
	if err == flag.ErrHelp {
		return 0
	}
	if err != nil {
		return 2
	}
	chosen, err := choose(checks, names)
	if err != nil {
		fmt.Fprintln(out, err)
		return 2
	}
	tree, err := openTree(ctx)
	if err != nil {
		fmt.Fprintln(out, err)
		return 2
	}
	return runAll(ctx, out, tree, chosen)
}

func parse(args []string, out io.Writer) ([]string, error) {
	flags := flag.NewFlagSet("check", flag.ContinueOnError)
	flags.SetOutput(out)
	flags.Usage = func() { usage(out) }
	err := flags.Parse(args)
	return flags.Args(), err
}

func usage(out io.Writer) {
	fmt.Fprint(out, "Usage: go run ./scripts/check [NAME…]\n\n",
		"Runs the named checks, or all but those marked *. Every check runs, even when one fails.\n",
		"Exit code: 0 nothing failed, 1 a check failed, 2 wrong usage.\n\n")
	for _, c := range checks {
		mark := " "
		if c.asked {
			mark = "*"
		}
		fmt.Fprintf(out, "  %-16s%s %s\n", c.name, mark, c.does)
	}
}

// choose gives the named checks in the order of all; without names, all that
// need not be asked for.
func choose(all []check, names []string) ([]check, error) {
	var chosen []check
	for _, c := range all {
		if len(names) == 0 && !c.asked || slices.Contains(names, c.name) {
			chosen = append(chosen, c)
		}
	}
	for _, name := range names {
		if !slices.ContainsFunc(all, func(c check) bool { return c.name == name }) {
			return nil, fmt.Errorf("there is no check %q; there are: %s", name, listed(all))
		}
	}
	return chosen, nil
}

func listed(all []check) string {
	var names []string
	for _, c := range all {
		names = append(names, c.name)
	}
	return strings.Join(names, ", ")
}
