package view

import (
	"cmp"
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
)

// Members writes a line for each member of a workspace.
func Members(w io.Writer, all []api.Member) error {
	out := NewEscaper(w)
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "ISSUER\tSUBJECT\tOWNER\tADDED")
	for _, m := range all {
		added := "-"
		if m.Added != nil {
			added = FormatTime(*m.Added)
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", cmp.Or(m.Issuer, "-"), m.Subject, m.Owner, added)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	return out.Flush()
}
