package view

import (
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
)

// Storage writes the verification of a bucket: a line for each check, and what to change.
func Storage(w io.Writer, s api.Storage) error {
	out := NewEscaper(w)
	current := "not in use"
	if s.Current {
		current = "in use"
	}
	fmt.Fprintf(out, "%s is %s for %s (%s, verified %s)\n", s.Bucket, s.Result, s.Component, current, FormatTime(s.Started))
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "CHECK\tRESULT\tSEEN")
	for _, c := range s.Checks {
		fmt.Fprintf(table, "%s\t%s\t%s\n", c.ID, c.Result, c.Seen)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	for _, c := range s.Checks {
		if c.Fix != "" && c.Result != "ok" {
			fmt.Fprintf(out, "to fix %s: %s\n", c.ID, c.Fix)
		}
	}
	if s.Probe != "" {
		fmt.Fprintf(out, "the object %s stays in the bucket; you may delete it when no retention keeps it\n", s.Probe)
	}
	return out.Flush()
}
