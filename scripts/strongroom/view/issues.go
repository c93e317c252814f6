package view

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
	"unicode/utf8"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
)

// maxCell is the maximum number of characters in a cell of a table.
const maxCell = 72

// Issues writes issues as a table.
func Issues(w io.Writer, issues []api.Issue) error {
	table := tabwriter.NewWriter(NewEscaper(w), 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "ID\tSEVERITY\tSTATE\tLAST SEEN\tSLX\tRESOURCE\tTITLE")
	for _, i := range issues {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", i.ID, severityCell(i), i.State, FormatTime(i.LastSeen), cell(i.SLX), cell(i.Resource), cell(titleOf(i)))
	}
	if slices.ContainsFunc(issues, func(i api.Issue) bool { return i.SeverityFlagged }) {
		fmt.Fprintln(table, flaggedNote)
	}
	return table.Flush()
}

// flaggedNote explains what severityCell adds.
const flaggedNote = "? the task gave no severity that is understood, so this is the default"

// severityCell returns an issue's severity for a table, with a question mark if the task
// gave no severity that is understood.
func severityCell(i api.Issue) string {
	if i.SeverityFlagged {
		return fmt.Sprintf("%d?", i.Severity)
	}
	return strconv.Itoa(i.Severity)
}

// IssueLine describes an issue in one line.
func IssueLine(i api.Issue) string {
	return OneLine(fmt.Sprintf("severity %s, %s: %s", severityCell(i), i.State, cell(titleOf(i))))
}

// Issue writes the details of an issue.
func Issue(w io.Writer, i api.Issue) error {
	if err := fields(w, issueRows(i)); err != nil {
		return err
	}
	escaper := NewEscaper(w)
	for _, text := range [][2]string{
		{"Summary", i.Summary}, {"Details", i.Details}, {"Expected", i.Expected}, {"Actual", i.Actual},
		{"To reproduce", i.ReproduceHint}, {"Next steps", strings.Join(i.NextSteps, "\n")},
	} {
		if text[1] == "" {
			continue
		}
		if _, err := fmt.Fprintf(escaper, "\n%s:\n%s\n", text[0], indent(text[1])); err != nil {
			return err
		}
	}
	return escaper.Flush()
}

// fields writes one line for each row that has a value.
func fields(w io.Writer, rows [][2]string) error {
	table := tabwriter.NewWriter(NewEscaper(w), 0, 0, 2, ' ', 0)
	for _, row := range rows {
		if row[1] != "" {
			fmt.Fprintf(table, "%s\t%s\n", row[0], OneLine(row[1]))
		}
	}
	return table.Flush()
}

func issueRows(i api.Issue) [][2]string {
	rows := [][2]string{
		{"Issue", i.ID},
		{"Title", titleOf(i)},
		{"State", state(i)},
		{"Severity", severity(i)},
		{"SLX", i.SLX},
		{"Task", i.Task},
		{"Resource", i.Resource},
		{"First seen", FormatTime(i.FirstSeen)},
		{"Last seen", fmt.Sprintf("%s, by run %s", FormatTime(i.LastSeen), i.LastRun)},
		{"Sightings", fmt.Sprintf("%d, by %d runs", i.Sightings, i.Runs)},
	}
	if i.State == "ignored" && i.Ignored != nil {
		rows = append(rows, [2]string{"Reason", i.Ignored.Reason})
	}
	if i.ResolvedAt != nil {
		rows = append(rows, [2]string{"Resolved", FormatTime(*i.ResolvedAt)})
	}
	if i.Reopened > 0 {
		rows = append(rows, [2]string{"Reopened", fmt.Sprintf("%d times, most recently %s", i.Reopened, FormatTime(i.Since))})
	}
	return rows
}

// IssueState writes an issue's state in one line.
func IssueState(w io.Writer, i api.Issue) error {
	_, err := fmt.Fprintf(NewEscaper(w), "issue %s is %s\n", i.ID, OneLine(state(i)))
	return err
}

// state returns an issue's state, and who set it.
func state(i api.Issue) string {
	switch {
	case i.State == "ignored" && i.Ignored != nil:
		return fmt.Sprintf("ignored until %s, by %s", FormatTime(i.Ignored.Until), i.Ignored.By)
	case i.State == "investigated" && i.Investigated != nil:
		return fmt.Sprintf("investigated since %s, by %s", FormatTime(i.Investigated.At), i.Investigated.By)
	}
	return i.State
}

func severity(i api.Issue) string {
	if i.SeverityFlagged {
		return fmt.Sprintf("%d (default: the task gave no severity that is understood)", i.Severity)
	}
	return fmt.Sprint(i.Severity)
}

func titleOf(i api.Issue) string {
	if i.Unreadable {
		return "(unreadable: the text was changed after it was encrypted)"
	}
	return i.Title
}

// FormatTime returns a time in UTC, as all lists show it.
func FormatTime(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// OneLine replaces line breaks and other white space with single spaces.
func OneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

// cell returns text for a cell of a table, or "-" if it is empty.
func cell(text string) string {
	text = OneLine(text)
	if text == "" {
		return "-"
	}
	if utf8.RuneCountInString(text) > maxCell {
		return string([]rune(text)[:maxCell-1]) + "…"
	}
	return text
}

func indent(text string) string {
	return "  " + strings.ReplaceAll(strings.TrimRight(text, "\n"), "\n", "\n  ")
}
