package view

import (
	"cmp"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
)

// Answer writes an assistant's answer.
func Answer(w io.Writer, a api.Answer) error {
	out := NewEscaper(w)
	if _, err := fmt.Fprintf(out, "%s, as of %s\n", OneLine(a.Name), FormatTime(a.AsOf)); err != nil {
		return err
	}
	for _, write := range []func(io.Writer, api.Answer) error{wrong, health} {
		if err := write(out, a); err != nil {
			return err
		}
	}
	if err := next(out, a.Next); err != nil {
		return err
	}
	return out.Flush()
}

func wrong(w io.Writer, a api.Answer) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(table, "\nWRONG NOW: %s\n", counts(a.Wrong.Counts))
	for _, slx := range a.Wrong.SLXs {
		fmt.Fprintf(table, "%s\n", cmp.Or(OneLine(slx.SLX), "(no SLX)"))
		for _, i := range slx.Issues {
			fmt.Fprintf(table, "  severity %d\t%s\t%s\t%s\t%s\n", i.Severity, i.State, cell(i.Title), cell(i.Resource), i.ID)
		}
	}
	if a.Wrong.Capped {
		fmt.Fprintln(table, "There are more issues. To list them: strongroom issues ls --state active")
	}
	return table.Flush()
}

func counts(all []api.SeverityCount) string {
	var words []string
	for _, c := range all {
		if c.Active == 0 {
			continue
		}
		more := ""
		if c.OrMore {
			more = " or more"
		}
		words = append(words, fmt.Sprintf("%d%s with severity %d", c.Active, more, c.Severity))
	}
	return cmp.Or(strings.Join(words, ", "), "no known issues")
}

func health(w io.Writer, a api.Answer) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "\nHEALTH")
	if len(a.Health.SLIs) == 0 {
		fmt.Fprintln(table, "no SLI has samples")
		return table.Flush()
	}
	slis(table, a.Health.SLIs)
	if a.Health.Capped {
		fmt.Fprintln(table, "There may be more SLIs. To list them: strongroom slis ls")
	}
	return table.Flush()
}

func slis(table io.Writer, all []api.SLI) {
	fmt.Fprintln(table, "SLI\tALERT\tLAST\tGOOD 1H\tGOOD 6H\tGOOD 3D\tBURN 1H")
	for _, s := range all {
		last := "-"
		if s.Last != nil {
			last = fmt.Sprintf("%g", s.Last.Value)
		}
		v := s.Windows
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\t%.1f\n", cell(s.Name), alert(s), last, share(v.Hour), share(v.SixHours), share(v.ThreeDays), v.Hour.Burn)
	}
}

func alert(s api.SLI) string {
	if s.Stale {
		return s.Alert + ", stale"
	}
	return s.Alert
}

func share(w api.Window) string {
	if w.Samples == 0 {
		return "-"
	}
	return fmt.Sprintf("%.1f%%", 100*w.Share)
}

func next(w io.Writer, n api.Next) error {
	var text strings.Builder
	fmt.Fprintf(&text, "\nNEXT\n%s\n", OneLine(n.Summary))
	for _, t := range n.Tasks {
		fmt.Fprintf(&text, "\n%.2f  %s\n", t.Score, OneLine(t.Name))
		for _, field := range [][2]string{{"from the " + t.From, t.Source}, {"suite", t.Suite}, {"SLX", t.SLX}, {"resource", t.Resource}} {
			if field[1] != "" {
				fmt.Fprintf(&text, "      %s: %s\n", field[0], OneLine(field[1]))
			}
		}
		configured(&text, t.Configured)
		for _, e := range t.Evidence {
			fmt.Fprintf(&text, "      matches a next step of issue %s: %q (%s; %.2f)\n", e.Issue, OneLine(e.Step), strings.Join(e.Words, ", "), e.Score)
		}
	}
	_, err := io.WriteString(w, text.String())
	return err
}

// configured writes where the configuration has a task.
func configured(w io.Writer, c *api.Configured) {
	switch {
	case c == nil:
	case c.SLX == "":
		fmt.Fprintf(w, "      configured for %d SLXs\n", c.SLXs)
	default:
		on := ""
		if c.Resource != "" {
			on = " on " + OneLine(c.Resource)
		}
		fmt.Fprintf(w, "      configured: %q for SLX %s%s (%s)\n", OneLine(c.Task), OneLine(c.SLX), on, OneLine(c.Path))
	}
}

// Assistant writes an assistant's settings in one line.
func Assistant(w io.Writer, a api.Assistant) error {
	_, err := fmt.Fprintf(NewEscaper(w), "assistant %s: name %s, relevance %g, access %s\n", a.ID, OneLine(a.Name), a.Relevance, a.AccessLevel)
	return err
}

// Found writes the tasks that a search of the catalog found.
func Found(w io.Writer, found api.FoundTasks) error {
	table := tabwriter.NewWriter(NewEscaper(w), 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "SCORE\tTASK\tKIND\tSUITE\tSUPPORTS\tWORDS\tSOURCE")
	for _, t := range found.Tasks {
		fmt.Fprintf(table, "%.2f\t%s\t%s\t%s\t%s\t%s\t%s\n", t.Score, cell(t.Name), cell(cmp.Or(t.Kind, "task")),
			cell(cmp.Or(t.DisplayName, t.Suite)), cell(strings.Join(t.Supports, " ")), cell(strings.Join(t.Words, " ")), OneLine(t.Source))
	}
	return table.Flush()
}
