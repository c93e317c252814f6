package view

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
)

// SLIs writes SLIs as a table.
func SLIs(w io.Writer, all []api.SLI) error {
	table := tabwriter.NewWriter(NewEscaper(w), 0, 0, 2, ' ', 0)
	slis(table, all)
	return table.Flush()
}

// SLI writes the details of an SLI.
func SLI(w io.Writer, s api.SLI) error {
	last := "none"
	if s.Last != nil {
		last = fmt.Sprintf("%g, at %s", s.Last.Value, formatExactTime(s.Last.Time))
	}
	if err := fields(w, [][2]string{
		{"SLI", s.Name}, {"SLX", s.SLX}, {"Alert", alert(s)}, {"Last sample", last},
		{"Objective", objective(s.Objective)}, {"Thresholds", thresholds(s.Thresholds)},
	}); err != nil {
		return err
	}
	table := tabwriter.NewWriter(NewEscaper(w), 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "\nWINDOW\tSAMPLES\tMEAN\tDEVIATION\tGOOD\tBURN")
	for _, row := range []struct {
		name   string
		window api.Window
	}{{"5m", s.Windows.FiveMinutes}, {"30m", s.Windows.HalfHour}, {"1h", s.Windows.Hour}, {"6h", s.Windows.SixHours}, {"3d", s.Windows.ThreeDays}} {
		v := row.window
		fmt.Fprintf(table, "%s\t%d\t%.4g\t%.4g\t%s\t%.1f\n", row.name, v.Samples, v.Mean, v.Deviation, share(v), v.Burn)
	}
	return table.Flush()
}

func objective(o api.Objective) string {
	var bounds []string
	if o.Min != nil {
		bounds = append(bounds, fmt.Sprintf("at least %g", *o.Min))
	}
	if o.Max != nil {
		bounds = append(bounds, fmt.Sprintf("at most %g", *o.Max))
	}
	if len(bounds) == 0 {
		return "none"
	}
	return fmt.Sprintf("%s; target %g", strings.Join(bounds, " and "), o.Target)
}

func thresholds(t api.Thresholds) string {
	var set []string
	for _, rate := range []struct {
		name  string
		value float64
	}{{"page", t.Page}, {"ticket", t.Ticket}, {"slow", t.Slow}, {"samples", float64(t.Samples)}} {
		if rate.value != 0 {
			set = append(set, fmt.Sprintf("%s %g", rate.name, rate.value))
		}
	}
	if t.StaleAfter != 0 {
		set = append(set, "stale after "+(time.Duration(t.StaleAfter)*time.Second).String())
	}
	if len(set) == 0 {
		return "default"
	}
	return strings.Join(set, ", ") + "; otherwise default"
}

// Samples writes samples as a table.
func Samples(w io.Writer, samples []api.RunSample) error {
	table := tabwriter.NewWriter(NewEscaper(w), 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "TIME\tVALUE\tRUN\tSLX")
	for _, s := range samples {
		fmt.Fprintf(table, "%s\t%g\t%s\t%s\n", formatExactTime(s.Time), s.Value, s.Run, cell(s.SLX))
	}
	return table.Flush()
}

// formatExactTime formats a time with its fraction of a second.
func formatExactTime(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }
