package view

import (
	"cmp"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
)

// Runs writes runs as a table.
func Runs(w io.Writer, runs []api.Run) error {
	table := tabwriter.NewWriter(NewEscaper(w), 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "RUN\tSTART\tDURATION\tOUTCOME\tISSUES\tSAMPLES\tTASK\tSLX\tRESOURCE")
	for _, r := range runs {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%d\t%d\t%s\t%s\t%s\n", r.ID, cmp.Or(start(r), "-"), cmp.Or(duration(r), "-"),
			cmp.Or(string(r.Outcome), string(r.State)), r.Issues, r.Samples, cell(r.Task), cell(r.SLX), cell(r.Resource))
	}
	return table.Flush()
}

// RunLine describes a run in one line.
func RunLine(r api.Run) string {
	return strings.Join(strings.Fields(strings.Join([]string{r.Task, start(r), cmp.Or(string(r.Outcome), string(r.State))}, " ")), " ")
}

// start is empty until the start is recorded.
func start(r api.Run) string {
	if r.Start.IsZero() {
		return ""
	}
	return FormatTime(r.Start)
}

// duration is empty unless start and end are known.
func duration(r api.Run) string {
	if r.Start.IsZero() || r.End == nil {
		return ""
	}
	return r.End.Sub(r.Start).Round(time.Millisecond).String()
}

// Run writes a run, its outputs, and the commands that read its data.
func Run(w io.Writer, listing api.Listing) error {
	r := listing.Run
	ended := ""
	if r.End != nil {
		ended = FormatTime(*r.End)
	}
	if d := duration(r); d != "" {
		ended += ", after " + d
	}
	if err := fields(w, [][2]string{
		{"Run", r.ID}, {"Task", r.Task}, {"SLX", r.SLX}, {"Resource", r.Resource}, {"State", outcome(r)}, {"Start", start(r)}, {"End", ended},
		{"Issues", countWithHint(r, r.Issues, "strongroom runs issues "+r.ID)},
		{"Samples", countWithHint(r, r.Samples, "strongroom slis samples NAME (for names: strongroom slis ls)")},
		{"Outputs", countWithHint(r, len(listing.Outputs), "strongroom outputs cat "+r.ID+" NAME")},
		{"Left out", leftOut(r)},
	}); err != nil || len(listing.Outputs) == 0 {
		return err
	}
	if _, err := fmt.Fprintln(w); err != nil {
		return err
	}
	return outputs(w, listing.Outputs)
}

// leftOut returns what the run does not have of its task, or "" if it has everything.
func leftOut(r api.Run) string {
	var all []string
	if r.LeftOut > 0 {
		all = append(all, fmt.Sprintf("%d invalid values of the report", r.LeftOut))
	}
	if r.FilesLeftOut > 0 {
		all = append(all, fmt.Sprintf("%d files that the runner could not upload", r.FilesLeftOut))
	}
	return strings.Join(all, ", ")
}

// outcome returns how a run ended, or its state if it has not ended.
func outcome(r api.Run) string {
	text := cmp.Or(string(r.Outcome), string(r.State))
	if r.ExitCode != nil {
		text += fmt.Sprintf(", exit code %d", *r.ExitCode)
	}
	return text
}

// countWithHint returns a count and the command that reads the data. A run that
// has not ended has "none yet".
func countWithHint(r api.Run, n int, command string) string {
	switch {
	case n > 0:
		return fmt.Sprintf("%d; to read: %s", n, command)
	case r.End == nil:
		return "none yet"
	}
	return "none"
}
