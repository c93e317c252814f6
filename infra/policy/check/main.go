// Command check checks a Terraform plan against the rules of package policy:
//
//	terraform show -json PLAN | go run ./infra/policy/check
//
// It exits with code 1 if the plan violates a rule, and with 2 if it cannot read
// the plan.
package main

import (
	"fmt"
	"io"
	"os"

	"github.com/strongroom-dev/strongroom/infra/policy"
)

func main() {
	n, err := run(os.Stdin, os.Stdout)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	if n > 0 {
		os.Exit(1)
	}
}

// run writes the findings and returns their number.
func run(in io.Reader, out io.Writer) (int, error) {
	text, err := io.ReadAll(in)
	if err != nil {
		return 0, fmt.Errorf("read plan: %w", err)
	}
	all, err := policy.Resources(text)
	if err != nil {
		return 0, err
	}
	changes, err := policy.Changes(text)
	if err != nil {
		return 0, err
	}
	found := append(policy.Check(all), policy.CheckChanges(changes)...)
	for _, f := range found {
		fmt.Fprintln(out, f)
	}
	fmt.Fprintf(out, "%d resources, %d findings\n", len(all), len(found))
	return len(found), nil
}
