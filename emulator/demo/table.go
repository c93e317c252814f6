package demo

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// table collects rows and prints them in columns.
type table struct {
	head []string
	rows [][]string
}

func (t *table) add(cells ...string) { t.rows = append(t.rows, cells) }

func (t *table) print(w io.Writer) error {
	columns := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(columns, "  "+strings.Join(t.head, "\t"))
	for _, row := range t.rows {
		fmt.Fprintln(columns, "  "+strings.Join(row, "\t"))
	}
	return columns.Flush()
}

// size formats a number of bytes.
func size(n int64) string {
	switch {
	case n >= 1<<20:
		return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20))
	case n >= 1<<10:
		return fmt.Sprintf("%.1f KiB", float64(n)/(1<<10))
	}
	return fmt.Sprintf("%d B", n)
}
