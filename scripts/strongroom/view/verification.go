package view

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/strongroom-dev/strongroom/shared/auditverify"
)

// Verification writes the result of verifying a copy of an audit log.
func Verification(w io.Writer, r *auditverify.Report) error {
	escaper := NewEscaper(w)
	out := bufio.NewWriter(escaper) // it keeps the first error
	if r.Origin != "" {
		fmt.Fprintf(out, "log %s: %d entries, root %s\n", r.Origin, r.Size, r.Root)
	}
	for _, c := range r.Witnesses {
		fmt.Fprintf(out, "witness %s: %d entries at %s\n", c.Name, c.Size, c.Time.Format(time.RFC3339))
	}
	for _, f := range r.Faults {
		fmt.Fprintf(out, "FAULT %s: %s\n", f.Code, f)
	}
	if r.FaultsHidden > 0 {
		fmt.Fprintf(out, "FAULT: at least %d more are not listed\n", r.FaultsHidden)
	}
	entryList(out, "reads of outputs without a recorded end", r.OpenReads)
	entryList(out, "runs whose newest upload URLs have no recorded final state", r.OpenMints)
	entryList(out, "ends of reads whose beginning is not in the log", r.EndsOnly)
	sentences(out, "Proved:", r.Proved)
	sentences(out, "Not proved:", r.NotProved)
	if r.OK() {
		fmt.Fprintln(out, "OK")
	}
	return errors.Join(out.Flush(), escaper.Flush())
}

func entryList(out io.Writer, what string, l auditverify.EntryList) {
	if l.Count == 0 {
		return
	}
	fmt.Fprintf(out, "%s: %d\n", what, l.Count)
	for _, e := range l.Listed {
		fmt.Fprintf(out, "  %d  %s\n", e.Index, e.ID)
	}
	if hidden := l.Count - uint64(len(l.Listed)); hidden > 0 {
		fmt.Fprintf(out, "  … and %d more\n", hidden)
	}
}

func sentences(out io.Writer, title string, all []string) {
	if len(all) == 0 {
		return
	}
	fmt.Fprintln(out, title)
	for _, s := range all {
		fmt.Fprintln(out, "  - "+s)
	}
}
