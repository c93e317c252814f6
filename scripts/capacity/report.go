package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"text/tabwriter"
)

// report writes three tables: operations, prices, limits.
func report(out io.Writer, l load, o operations) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "One run of %.0f parts, measured on the embedded cloud; %.0f runs a day\n\n", l.Parts, l.Runs)
	fmt.Fprintln(w, "operation\ta run\ta day\ta second at peak")
	for _, row := range rows(o) {
		fmt.Fprintf(w, "%s\t%.0f\t%.0f\t%.1f\n", row.name, row.n, row.n*l.Runs, l.peakPerSecond(row.n))
	}
	fmt.Fprintln(w, "\nprice\tUSD a month\tlisted at")
	total := 0.0
	for _, p := range prices(l, o) {
		total += p.dollar
		fmt.Fprintf(w, "%s\t%.0f\t%s\n", p.name, p.dollar, p.page)
	}
	fmt.Fprintf(w, "all\t%.0f\t%.6f a run\n", total, total/l.Runs/daysPerMonth)
	fmt.Fprintln(w, "\nlimit\tquota a second\tneeded at peak\tused\treached at runs a day\tsource")
	for _, q := range limits(l, o) {
		fmt.Fprintf(w, "%s\t%.0f\t%.1f\t%.0f%%\t%s\t%s\n", q.name, q.quota, q.need, q.need/q.quota*100, reachedAt(l, q), q.page)
	}
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

func rows(o operations) []row {
	all := []row{
		{"Firestore documents read", o.Reads}, {"Firestore documents written", o.Writes}, {"Firestore documents deleted", o.Deletes},
		{"Cloud KMS operations", o.KMS}, {"IAM signatures", o.SignBlob}, {"Pub/Sub messages", o.Messages}, {"objects created", o.Objects},
	}
	for _, name := range slices.Sorted(maps.Keys(o.Requests)) {
		all = append(all, row{"requests of " + name, o.Requests[name]})
	}
	return all
}
