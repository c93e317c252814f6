package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"text/tabwriter"
)

// report writes five tables: operations, audit logs, prices, limits, exports.
func report(out io.Writer, l load, o operations, audit auditCost) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "One run of %.0f parts, measured on the embedded cloud; %.0f runs a day\n\n", l.Parts, l.Runs)
	fmt.Fprintln(w, "operation\ta run\ta day\ta second at peak")
	for _, row := range rows(o) {
		fmt.Fprintf(w, "%s\t%.0f\t%.0f\t%.1f\n", row.name, row.n, row.n*l.Runs, l.peakPerSecond(row.n))
	}
	fmt.Fprintf(w, "\naudit log (%.0f entries a run)\tan entry\ta minute with entries\tan idle minute\n", audit.Entries)
	minute, idle := resources(audit.Minute), resources(audit.Idle)
	for i, row := range resources(audit.Entry) {
		fmt.Fprintf(w, "%s\t%.2f\t%.0f\t%.0f\n", row.name, row.n, minute[i].n, idle[i].n)
	}
	fmt.Fprintln(w, "\nprice\tUSD a month\tlisted at")
	total := 0.0
	for _, p := range prices(l, o, audit) {
		total += p.dollar
		fmt.Fprintf(w, "%s\t%.0f\t%s\n", p.name, p.dollar, p.page)
	}
	fmt.Fprintf(w, "all\t%.0f\t%.6f a run\n", total, total/l.Runs/daysPerMonth)
	fmt.Fprintln(w, "\nlimit\tquota a second\tneeded at peak\tused\treached at runs a day\tsource")
	for _, q := range limits(l, o) {
		fmt.Fprintf(w, "%s\t%.0f\t%.1f\t%.0f%%\t%s\t%s\n", q.name, q.quota, q.need, q.need/q.quota*100, reachedAt(l, q), q.page)
	}
	reportExports(w)
	return w.Flush()
}

// reachedAt returns the number of runs a day that reaches the limit, if nothing
// else changes.
func reachedAt(l load, q limit) string {
	if q.need <= 0 {
		return "never"
	}
	return fmt.Sprintf("%.1f million", l.Runs*q.quota/q.need/1e6)
}

type row struct {
	name string
	n    float64
}

// resources are the rows of everything except requests.
func resources(o operations) []row {
	return []row{
		{"Firestore documents read", o.Reads}, {"Firestore documents written", o.Writes}, {"Firestore documents deleted", o.Deletes},
		{"Cloud KMS operations", o.KMS}, {"IAM signatures", o.SignBlob}, {"Pub/Sub messages", o.Messages}, {"objects created", o.Objects},
	}
}

func rows(o operations) []row {
	all := resources(o)
	for _, name := range slices.Sorted(maps.Keys(o.Requests)) {
		all = append(all, row{"requests of " + name, o.Requests[name]})
	}
	return all
}
