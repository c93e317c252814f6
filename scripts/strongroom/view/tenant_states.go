package view

import (
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
)

// TenantStatuses writes one line for each tenant.
func TenantStatuses(w io.Writer, all []api.TenantStatus) error {
	out := NewEscaper(w)
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "TENANT\tSTATE\tTERRAFORM\tCHANGED WITH THE API")
	for _, t := range all {
		changed := "-"
		if c := t.Change; c != nil {
			changed = fmt.Sprintf("to %s %s, everywhere by %s", c.State, FormatTime(c.Changed), FormatTime(c.Everyone))
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", t.ID, t.State, t.TerraformState, changed)
	}
	for _, t := range all {
		for i, q := range t.Quotas {
			if i == 0 {
				fmt.Fprintln(table, "\nQUOTA\tLIMIT\tTERRAFORM\tLOWERED BY THE STAFF")
			}
			lowered := "-"
			if q.Lowered > 0 {
				lowered = fmt.Sprint(q.Lowered)
			}
			fmt.Fprintf(table, "%s\t%d\t%d\t%s\n", q.Quota, q.Limit, q.Terraform, lowered)
		}
	}
	if err := table.Flush(); err != nil {
		return err
	}
	return out.Flush()
}

// Holds writes a line for each legal hold, and one for a request to lift it.
func Holds(w io.Writer, all []api.Hold) error {
	out := NewEscaper(w)
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "HOLD\tCOVERS\tPLACED\tBUCKETS")
	for _, h := range all {
		covers, marked := "the tenant", "not marked yet"
		if h.Workspace != "" {
			covers = "workspace " + h.Workspace
		}
		if h.Run != "" {
			covers = "run " + h.Workspace + "/" + h.Run
		}
		if h.Marked {
			marked = "marked"
		}
		if h.Ended {
			marked = "ended"
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", h.ID, covers, FormatTime(h.Placed), marked)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	for _, h := range all {
		if l := h.Lifting; l != nil && !h.Ended {
			fmt.Fprintf(out, "to lift %s, another admin or the platform's staff confirms %s by %s\n", h.ID, l.ID, FormatTime(l.Expires))
		}
	}
	return out.Flush()
}
