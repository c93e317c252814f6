package view

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
)

// Usage writes what a tenant has used, a day in each line.
func Usage(w io.Writer, u api.Usage) error {
	out := NewEscaper(w)
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "DAY\tBYTES\tPARTS\tRUNS\tSAMPLES\tSIGHTINGS\tEXPORTS\tMODEL SENDS\tREQUESTS")
	for _, d := range u.Days {
		fmt.Fprint(table, d.Day)
		for _, c := range []api.UsedCount{d.Bytes, d.Parts, d.Runs, d.Samples, d.Sightings, d.Exports, d.ModelSends, d.Requests} {
			fmt.Fprintf(table, "\t%d", c.Used)
		}
		fmt.Fprintln(table)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	return out.Flush()
}

// writeQuotas writes the quotas of a tenant, if it has them.
func writeQuotas(b *strings.Builder, quotas []api.Quota) {
	if len(quotas) == 0 {
		return
	}
	b.WriteString("\nQUOTAS\n")
	table := tabwriter.NewWriter(b, 0, 0, 2, ' ', 0)
	for _, q := range quotas {
		fmt.Fprintf(table, "  %s\t%d in a %s\t%d used today\n", q.Quota, q.Limit, q.Period, q.Today.Used)
		if q.Workspace > 0 {
			fmt.Fprintf(table, "  \t%d in each workspace\t\n", q.Workspace)
		}
	}
	_ = table.Flush() // a strings.Builder does not fail
}
