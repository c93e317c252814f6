package view

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
)

// Refused writes records of the quarantine as a table.
func Refused(w io.Writer, records []api.Refused) error {
	table := tabwriter.NewWriter(NewEscaper(w), 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "FOUND\tFUNCTION\tCODE\tMESSAGE\tREFERENCES")
	for _, r := range records {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", FormatTime(r.Found), cell(r.Function), cell(r.Code), cell(r.Message), references(r))
	}
	return table.Flush()
}

// references are not shortened like other cells, because people search for them.
func references(r api.Refused) string {
	var all []string
	for _, name := range slices.Sorted(maps.Keys(r.References)) {
		all = append(all, OneLine(name+"="+r.References[name]))
	}
	if len(all) == 0 {
		return "-"
	}
	return strings.Join(all, " ")
}
