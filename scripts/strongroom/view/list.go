// Package view shows the outputs of runs: which there are, and what is in them.
package view

import (
	"fmt"
	"io"
	"strconv"
	"text/tabwriter"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
)

// List writes a listing as a table.
func List(w io.Writer, listing api.Listing) error {
	ended := listing.Run.State
	if listing.Run.Outcome != "" {
		ended = listing.Run.Outcome
	}
	if listing.Run.ExitCode != nil {
		ended += fmt.Sprintf(", exit code %d", *listing.Run.ExitCode)
	}
	table := tabwriter.NewWriter(NewEscaper(w), 0, 0, 2, ' ', 0)
	fmt.Fprintf(table, "run %s of %s: %s\n", listing.Run.ID, listing.Run.Task, ended)
	fmt.Fprintln(table, "NAME\tSTATE\tBYTES\tLINES\tPARTS\tTYPE")
	for _, o := range listing.Outputs {
		fmt.Fprintf(table, "%s\t%s\t%d\t%s\t%s\t%s\n", o.Name, o.State, o.Size, lines(o), parts(o), o.ContentType)
	}
	return table.Flush()
}

func lines(o api.Output) string {
	if o.Lines == nil {
		return "-"
	}
	return strconv.FormatInt(*o.Lines, 10)
}

func parts(o api.Output) string {
	if o.Parts == 0 {
		return strconv.Itoa(o.StoredParts)
	}
	return fmt.Sprintf("%d/%d", o.StoredParts, o.Parts)
}
