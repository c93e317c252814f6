package view

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
)

// Retention writes what of a tenant is deleted when, what is due, and what was deleted.
func Retention(w io.Writer, r api.Retention) error {
	var b strings.Builder
	table := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "CLASS\tDELETED AFTER\tLOCKED FOR\tSET BY")
	for _, s := range r.Settings {
		days, locked := daysOr(s.Days, "never"), daysOr(s.Locked, "-")
		if s.Owner == "customer" {
			days, locked = "as the customer decides", "as the customer decides"
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", s.Class, days, locked, s.Owner)
	}
	_ = table.Flush() // a strings.Builder does not fail
	writeDeletions(&b, "DUE, FROM EACH DAY ON", r.Due)
	writeDeletions(&b, "DELETED IN THE LAST 30 DAYS", r.Deleted)
	if r.Marked != nil {
		fmt.Fprintf(&b, "\nlast looked for what is due: %s\n", r.Marked.UTC().Format(time.RFC3339))
	}
	if len(r.Runs) > 0 {
		table = tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
		fmt.Fprintln(table, "\nRUN\tDELETED AFTER")
		for _, run := range r.Runs {
			fmt.Fprintf(table, "%s\t%s\n", run.Run, run.Deleted.UTC().Format(time.RFC3339))
		}
		_ = table.Flush()
	}
	out := NewEscaper(w)
	fmt.Fprint(out, b.String())
	return out.Flush()
}

func writeDeletions(b *strings.Builder, title string, days []api.Deletions) {
	fmt.Fprintf(b, "\n%s\n", title)
	if len(days) == 0 {
		b.WriteString("  nothing\n")
		return
	}
	table := tabwriter.NewWriter(b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "  DAY\tRUNS\tSAMPLES\tISSUES\tEXPORTS\tAUDIT ENTRIES")
	for _, d := range days {
		fmt.Fprintf(table, "  %s\t%d\t%d\t%d\t%d\t%d\n", d.Day, d.Runs, d.Samples, d.Issues, d.Exports, d.AuditEntries)
	}
	_ = table.Flush()
}

func daysOr(days int64, none string) string {
	if days == 0 {
		return none
	}
	return fmt.Sprintf("%d days", days)
}
