package view

import (
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
)

// Runs writes runs as a table.
func Runs(w io.Writer, runs []api.Run) error {
	table := tabwriter.NewWriter(NewEscaper(w), 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "RUN\tSTART\tTOOK\tOUTCOME\tISSUES\tSAMPLES\tTASK\tSLX\tRESOURCE")
	for _, r := range runs {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%d\t%d\t%s\t%s\t%s\n", r.ID, first(started(r), "-"), first(took(r), "-"),
			first(r.Outcome, r.State), r.Issues, r.Samples, cell(r.Task), cell(r.SLX), cell(r.Resource))
	}
	return table.Flush()
}

// started is empty before the start is told.
func started(r api.Run) string {
	if r.Start.IsZero() {
		return ""
	}
	return stamp(r.Start)
}

// took is empty unless start and end are known.
func took(r api.Run) string {
	if r.Start.IsZero() || r.End == nil {
		return ""
	}
	return r.End.Sub(r.Start).Round(time.Millisecond).String()
}

// Run writes a run, its outputs, and how to read what it left.
func Run(w io.Writer, listing api.Listing) error {
	r := listing.Run
	ended := ""
	if r.End != nil {
		ended = stamp(*r.End)
	}
	if took := took(r); took != "" {
		ended += ", after " + took
	}
	if err := fields(w, [][2]string{
		{"Run", r.ID}, {"Task", r.Task}, {"SLX", r.SLX}, {"Resource", r.Resource}, {"State", outcome(r)}, {"Start", started(r)}, {"End", ended},
		{"Issues", left(r, r.Issues, "strongroom runs issues "+r.ID)},
		{"Samples", left(r, r.Samples, "strongroom slis samples NAME, and strongroom slis ls has the names")},
		{"Outputs", left(r, len(listing.Outputs), "strongroom outputs cat "+r.ID+" NAME")},
	}); err != nil || len(listing.Outputs) == 0 {
		return err
	}
	if _, err := fmt.Fprintln(w); err != nil {
		return err
	}
	return outputs(w, listing.Outputs)
}

// outcome says how a run ended, or that it has not.
func outcome(r api.Run) string {
	text := first(r.Outcome, r.State)
	if r.ExitCode != nil {
		text += fmt.Sprintf(", exit code %d", *r.ExitCode)
	}
	return text
}

// left says how to read what a run left of something. As long as it runs, none
// is not the last word.
func left(r api.Run, n int, read string) string {
	switch {
	case n > 0:
		return fmt.Sprintf("%d: %s", n, read)
	case r.End == nil:
		return "none yet"
	}
	return "none"
}
