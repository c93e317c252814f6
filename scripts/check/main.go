// Check runs the project's checks. Each has a name and replaces something that a
// reviewer would otherwise look for.
//
//	go run ./scripts/check            # all
//	go run ./scripts/check lint words # these two
//	go run ./scripts/check -h         # the list
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

// run executes the command line and returns the exit code: 0 if every check
// passed, 1 if a check failed, 2 if the arguments are invalid.
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
		"Run the named checks, or all except those marked *. Every check runs, even if one fails.\n",
		"Exit code: 0 every check passed, 1 a check failed, 2 invalid arguments.\n\n")
	for _, c := range checks {
		mark := " "
		if c.asked {
			mark = "*"
		}
		fmt.Fprintf(out, "  %-16s%s %s\n", c.name, mark, c.does)
	}
}

// choose returns the named checks in the order of all. Without names, it returns
// all checks that run by default.
func choose(all []check, names []string) ([]check, error) {
	var chosen []check
	for _, c := range all {
		if len(names) == 0 && !c.asked || slices.Contains(names, c.name) {
			chosen = append(chosen, c)
		}
	}
	for _, name := range names {
		if !slices.ContainsFunc(all, func(c check) bool { return c.name == name }) {
			return nil, fmt.Errorf("there is no check %q; the checks are: %s", name, listed(all))
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
