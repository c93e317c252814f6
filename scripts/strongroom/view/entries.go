package view

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
)

// Entries writes entries of an audit log, page by page: as tables with one heading,
// or as lines of JSON.
type Entries struct {
	out     io.Writer
	json    bool
	started bool // the heading is written
}

// NewEntries returns a writer of entries.
func NewEntries(out io.Writer, asJSON bool) *Entries { return &Entries{out: out, json: asJSON} }

// entry is the part of an entry that is shown in a table.
type entry struct {
	ID                      string
	Time                    time.Time
	Actor                   struct{ Issuer, Subject, Role string }
	Action, Outcome, Reason string
	Workspace, Resource     string
}

// Print writes a page.
func (e *Entries) Print(page []api.AuditEntry) error {
	if e.json {
		return e.printJSON(page)
	}
	table := tabwriter.NewWriter(NewEscaper(e.out), 0, 0, 2, ' ', 0)
	if !e.started {
		fmt.Fprintln(table, "INDEX\tTIME\tACTION\tOUTCOME\tACTOR\tWORKSPACE\tRESOURCE\tID")
		e.started = true
	}
	for _, a := range page {
		var parsed entry
		if err := json.Unmarshal(a.Entry, &parsed); err != nil {
			return fmt.Errorf("read the audit entry: %w", err)
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", index(a), FormatTime(parsed.Time), cell(parsed.Action), cell(parsed.Outcome),
			cell(parsed.Actor.Subject), cell(parsed.Workspace), cmp.Or(OneLine(parsed.Resource), "-"), OneLine(parsed.ID))
	}
	return table.Flush()
}

// EntryLine returns the ID of an entry, and one line about it.
func EntryLine(a api.AuditEntry) (id, line string) {
	var parsed entry
	if err := json.Unmarshal(a.Entry, &parsed); err != nil {
		return "", "" // the platform's answer is not an entry
	}
	return parsed.ID, fmt.Sprintf("%s %s %s %s", FormatTime(parsed.Time), parsed.Action, parsed.Outcome, parsed.Actor.Subject)
}

func (e *Entries) printJSON(page []api.AuditEntry) error {
	for _, a := range page {
		line, err := api.Encode(a)
		if err != nil {
			return err
		}
		if _, err := e.out.Write(append(line, '\n')); err != nil {
			return err
		}
	}
	return nil
}

func index(a api.AuditEntry) string {
	if a.Index == nil {
		return "-"
	}
	return fmt.Sprint(*a.Index)
}

// Entry writes an entry, and the checkpoint that proves it, if there is one.
func Entry(w io.Writer, a api.AuditEntry, checkpoint string) error {
	var indented bytes.Buffer
	if err := json.Indent(&indented, a.Entry, "", "  "); err != nil {
		return fmt.Errorf("read the audit entry: %w", err)
	}
	out := NewEscaper(w)
	if _, err := fmt.Fprintf(out, "entry %s of the log:\n%s\n", index(a), indented.Bytes()); err != nil {
		return err
	}
	if checkpoint == "" {
		_, err := fmt.Fprintln(out, "not proved: the entry is not in the published log yet")
		return err
	}
	_, err := fmt.Fprintf(out, "proved: the entry is in the log that this checkpoint signs:\n%s", checkpoint)
	return err
}
