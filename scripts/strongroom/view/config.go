package view

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/configreview"
)

// maxReviewRows limits the rows of each part of a review. --json has all of them.
const maxReviewRows = 50

// Review writes the review of a directory.
func Review(w io.Writer, r configreview.Review) error {
	out := NewEscaper(w)
	if len(r.Faults) > 0 {
		fmt.Fprintln(out, "FAULTS (the platform would refuse these files)")
		for _, f := range r.Faults {
			fmt.Fprintf(out, "  %s\n", f)
		}
		return out.Flush()
	}
	fmt.Fprintf(out, "%d files, %d bytes would be uploaded; %d files and directories are ignored\n", r.Files, r.Bytes, r.Ignored)
	fmt.Fprintf(out, "compared with the configuration in effect: %d new, %d changed, %d removed, %d unchanged\n\n", r.Changes.New, r.Changes.Changed, r.Changes.Removed, r.Changes.Unchanged)
	reviewKinds(out, r.Kinds)
	reviewEntries(out, r)
	reviewFindings(out, r)
	fmt.Fprintf(out, "digest %s\n", r.Digest)
	return out.Flush()
}

func reviewKinds(out io.Writer, kinds []configreview.Kind) {
	for _, k := range kinds {
		fmt.Fprintf(out, "%s: %d\n", k.Kind, k.Documents)
		if len(k.Fields) > 0 {
			fmt.Fprintf(out, "  %s\n", strings.Join(k.Fields, ", "))
		}
	}
	fmt.Fprintln(out)
}

// reviewEntries lists what differs from the configuration in effect.
func reviewEntries(out io.Writer, r configreview.Review) {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	rows := 0
	for _, e := range r.Entries {
		if e.Change == configreview.Unchanged {
			continue
		}
		if rows++; rows <= maxReviewRows {
			fmt.Fprintf(table, "  %s\t%s\t%d fields\n", e.Change, e.Path, len(e.Fields))
		}
	}
	_ = table.Flush() // the escaper keeps the error
	truncated(out, rows, "files")
	if rows > 0 {
		fmt.Fprintln(out)
	}
}

func truncated(out io.Writer, rows int, what string) {
	if rows > maxReviewRows {
		fmt.Fprintf(out, "  … %d more %s; --json lists all\n", rows-maxReviewRows, what)
	}
}

func reviewFindings(out io.Writer, r configreview.Review) {
	open := r.Open()
	fmt.Fprintf(out, "FINDINGS: %d, of which %d are waived\n", len(r.Findings), len(r.Findings)-len(open))
	for _, f := range open[:min(len(open), maxReviewRows)] {
		fmt.Fprintf(out, "  %s:%d %s: %s (%s)\n", f.Path, f.Line, f.Field, f.Rule, f.Excerpt)
	}
	truncated(out, len(open), "findings")
	for _, f := range r.Findings[:min(len(r.Findings), maxReviewRows)] {
		if f.Waived != "" {
			fmt.Fprintf(out, "  %s:%d %s: %s, waived: %s\n", f.Path, f.Line, f.Field, f.Rule, OneLine(f.Waived))
		}
	}
	for _, w := range r.Unused {
		fmt.Fprintf(out, "  the waiver of %s covers no finding: %s\n", w.Rule, OneLine(w.Reason))
	}
	fmt.Fprintln(out)
}

// ConfigReviews writes recorded reviews as a table.
func ConfigReviews(w io.Writer, reviews []api.ConfigReview) error {
	table := tabwriter.NewWriter(NewEscaper(w), 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "DIGEST\tCREATED\tREVIEWER\tKIND\tFILES\tBYTES\tPUSH")
	for _, r := range reviews {
		push := "-"
		if r.Push != nil {
			push = r.Push.State
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%d\t%d\t%s\n", r.Digest, FormatTime(r.Created), cell(r.Reviewer), r.Kind, r.Files, r.Bytes, push)
	}
	return table.Flush()
}

// ConfigReview writes a recorded review with its waivers.
func ConfigReview(w io.Writer, r api.ConfigReview) error {
	rows := [][2]string{
		{"Digest", r.Digest}, {"Reviewer", r.Reviewer}, {"Kind", r.Kind}, {"Created", FormatTime(r.Created)},
		{"Files", fmt.Sprintf("%d, %d bytes", r.Files, r.Bytes)},
	}
	if p := r.Push; p != nil {
		rows = append(rows, [2]string{"Push", fmt.Sprintf("%s, by %s at %s", p.State, p.Pusher, FormatTime(p.Created))})
		if p.Decided != nil {
			rows = append(rows, [2]string{"Decided", fmt.Sprintf("by %s at %s", p.Decider, FormatTime(*p.Decided))})
		}
	}
	for _, f := range r.Waivers {
		rows = append(rows, [2]string{"Waiver", fmt.Sprintf("%s %s:%d: %s", f.Rule, f.Path, f.Line, f.Reason)})
	}
	return fields(w, rows)
}

// HeldChanges writes what a push that waits changes, with the new texts.
func HeldChanges(w io.Writer, h api.HeldChanges) error {
	out := NewEscaper(w)
	fmt.Fprintf(out, "%s, pushed by %s at %s\n", h.Push.State, OneLine(h.Push.Pusher), FormatTime(h.Push.Created))
	for _, c := range h.Changes {
		fmt.Fprintf(out, "\n%s %s\n", c.Change, c.Path)
		if c.Text != "" {
			fmt.Fprintln(out, indent(c.Text))
		}
	}
	if h.Truncated {
		fmt.Fprintln(out, "\nThe texts of further files are left out.")
	}
	return out.Flush()
}

// ConfigCommits writes commits as a table.
func ConfigCommits(w io.Writer, commits []api.ConfigCommit) error {
	table := tabwriter.NewWriter(NewEscaper(w), 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "COMMIT\tTIME\tDIGEST\tFILES\tMESSAGE")
	for _, c := range commits {
		fmt.Fprintf(table, "%s\t%s\t%s\t%d\t%s\n", c.Commit, FormatTime(c.Time), c.Digest, c.Files, cell(c.Message))
	}
	return table.Flush()
}

// ConfigReset writes the result of a reset.
func ConfigReset(w io.Writer, r api.ConfigReset) error {
	out := NewEscaper(w)
	fmt.Fprintf(out, "main is %s; the configuration in effect did not change\n", r.Commit)
	fmt.Fprintln(out, "In the configs bucket, delete every object of the workspace except this one:")
	fmt.Fprintf(out, "  %s\n", r.Object)
	return out.Flush()
}

// ConfiguredSLXs writes the SLXs of a configuration as a table.
func ConfiguredSLXs(w io.Writer, slxs []api.ConfiguredSLX) error {
	table := tabwriter.NewWriter(NewEscaper(w), 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "SLX\tRESOURCE\tTASKS\tSLIS\tTAGS\tFILE")
	for _, x := range slxs {
		var slis []string
		for _, s := range x.SLIs {
			slis = append(slis, strings.TrimSpace(s.Name+" "+s.Detail))
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\n", cell(x.Name), cell(x.Resource), cell(strings.Join(x.Tasks, ", ")),
			cell(strings.Join(slis, ", ")), cell(strings.Join(x.Tags, ", ")), cell(x.Path))
	}
	return table.Flush()
}
