package view

import (
	"cmp"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/vbauerster/mpb/v8/decor"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
)

// Exports writes exports as a table.
func Exports(w io.Writer, all []api.Export) error {
	table := tabwriter.NewWriter(NewEscaper(w), 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "EXPORT\tSTATE\tCREATED\tAS OF\tKINDS\tWORKSPACES\tBY")
	for _, e := range all {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", e.ID, e.State, FormatTime(e.Created), FormatTime(e.ReadTime),
			cell(strings.Join(e.Kinds, ",")), cell(cmp.Or(strings.Join(e.Workspaces, ","), "all")), cell(requester(e)))
	}
	return table.Flush()
}

// requester says who created an export.
func requester(e api.Export) string {
	switch {
	case e.Schedule != "":
		return "schedule " + e.Schedule
	case e.Staff:
		return "the platform's staff"
	}
	return "the tenant"
}

// Export writes an export.
func Export(w io.Writer, e api.Export) error {
	state := e.State
	if reason := ExportReason(e); reason != "" {
		state += ": " + reason
	}
	rows := [][2]string{
		{"Export", e.ID}, {"State", state}, {"Kinds", strings.Join(e.Kinds, ", ")},
		{"Workspaces", cmp.Or(strings.Join(e.Workspaces, ", "), "all")}, {"From", timeOrNone(e.From)}, {"As of", FormatTime(e.ReadTime)},
		{"Bucket", OneLine(e.Bucket)},
		{"Created", FormatTime(e.Created) + ", by " + requester(e)}, {"Ended", timeOrNone(e.Ended)},
	}
	if e.Parts > 0 {
		rows = append(rows, [2]string{"Parts", fmt.Sprintf("%d of %d done", e.PartsDone, e.Parts)},
			[2]string{"Rows", fmt.Sprint(e.Rows)}, [2]string{"Size", size(e.Bytes)}, [2]string{"Done at", timeOrNone(e.Estimate)})
	}
	if e.State == api.ExportDone {
		rows = append(rows, [2]string{"To copy it", "strongroom exports pull " + e.ID + " DIR"})
	}
	return fields(w, rows)
}

func timeOrNone(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return FormatTime(t)
}

func size(n int64) string { return fmt.Sprintf("% .1f", decor.SizeB1024(n)) }

// reasons says what each reason of the platform means, and what to do.
var reasons = map[string]string{
	"key-locked":          "the tenant's key is disabled or destroyed",
	"storage-unavailable": "the platform may not use one of the tenant's buckets; verify it with strongroom tenant storage verify",
	"read-time-too-old":   "the database cannot be read any more as it was at that time, after 7 days; create another export with a later --to",
	"unreadable-data":     "a document cannot be decoded or opened; ask the platform's staff, and name the failed part",
	"missing-entry":       "an entry of the audit log is not in the database; ask the platform's staff, and name the failed part",
}

// ExportReason says why an export is paused or failed, and what to do. It is empty for
// any other state.
func ExportReason(e api.Export) string {
	reason := cmp.Or(reasons[e.Reason], OneLine(e.Reason))
	if e.State == api.ExportPaused {
		remedy := "enable the key"
		if e.Reason == "storage-unavailable" {
			remedy = "grant the access again"
		}
		reason += "; " + remedy + ", and the export continues within 15 minutes. After a day, it fails"
	}
	if e.FailedPart != "" {
		reason += " (failed part: " + OneLine(e.FailedPart) + ")"
	}
	return reason
}

// ExportProgress describes in one line how far an export is.
func ExportProgress(e api.Export, now time.Time) string {
	switch e.State {
	case api.ExportQueued:
		return fmt.Sprintf("queued: begins when its read time is over, at %s", FormatTime(e.ReadTime))
	case api.ExportPaused:
		return "paused: " + ExportReason(e)
	}
	text := fmt.Sprintf("%s: %d of %d parts, %d rows, %s", printableState(e), e.PartsDone, e.Parts, e.Rows, size(e.Bytes))
	if left := e.Estimate.Sub(now); !e.Estimate.IsZero() {
		text += fmt.Sprintf(", about %s left", max(left, time.Second).Round(time.Second))
	}
	return text
}

// printableState keeps a state that the platform sent from controlling the terminal.
func printableState(e api.Export) string {
	for _, known := range []string{api.ExportRunning, api.ExportDone, api.ExportFailed, api.ExportCanceled} {
		if e.State == known {
			return known
		}
	}
	return "in an unknown state"
}

// Schedules writes schedules of exports as a table.
func Schedules(w io.Writer, all []api.ExportSchedule) error {
	table := tabwriter.NewWriter(NewEscaper(w), 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "SCHEDULE\tEVERY\tTIME ZONE\tNEXT WINDOW ENDS\tKINDS\tWORKSPACES\tLAST EXPORT")
	for _, s := range all {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", s.Name, s.Every, cell(s.TimeZone), nextWindow(s),
			cell(strings.Join(s.Kinds, ",")), cell(cmp.Or(strings.Join(s.Workspaces, ","), "all")), cell(s.Last))
	}
	return table.Flush()
}

func nextWindow(s api.ExportSchedule) string {
	if s.Locked {
		return FormatTime(s.End) + " (waits: the tenant's key is disabled)"
	}
	return FormatTime(s.End)
}

// Schedule writes a schedule of exports.
func Schedule(w io.Writer, s api.ExportSchedule) error {
	return fields(w, [][2]string{
		{"Schedule", s.Name}, {"Every", s.Every}, {"Time zone", s.TimeZone}, {"Kinds", strings.Join(s.Kinds, ", ")},
		{"Workspaces", cmp.Or(strings.Join(s.Workspaces, ", "), "all")}, {"Next window", "begins " + FormatTime(s.Begin) + ", ends " + nextWindow(s)},
		{"Last export", s.Last},
	})
}
