// Package view writes what the platform returns for people to read. Its output
// cannot control the terminal.
package view

import (
	"fmt"
	"io"
	"strconv"
	"text/tabwriter"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
	"github.com/strongroom-dev/strongroom/shared/outputname"
)

// List writes a run's outputs as a table.
func List(w io.Writer, listing api.Listing) error {
	r := listing.Run
	of := ""
	if r.Task != "" { // otherwise, the start is not recorded yet
		of = " of " + OneLine(r.Task)
	}
	if _, err := fmt.Fprintf(NewEscaper(w), "run %s%s: %s\n", r.ID, of, outcome(r)); err != nil {
		return err
	}
	return outputs(w, listing.Outputs)
}

func outputs(w io.Writer, all []api.Output) error {
	table := tabwriter.NewWriter(NewEscaper(w), 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "NAME\tSTATE\tBYTES\tLINES\tPARTS\tTYPE")
	for _, o := range all {
		fmt.Fprintf(table, "%s\t%s\t%d\t%s\t%s\t%s\n", Name(outputname.Decode(o.Name)), o.State, o.Size, lines(o), parts(o), o.ContentType)
	}
	return table.Flush()
}

func lines(o api.Output) string {
	if o.Lines == nil {
		return "-"
	}
	if o.LinesDiffer {
		return fmt.Sprintf("%d (not as declared)", *o.Lines)
	}
	return strconv.FormatInt(*o.Lines, 10)
}

func parts(o api.Output) string {
	if o.Parts == 0 && o.State != api.Complete {
		return strconv.Itoa(o.StoredParts)
	}
	return fmt.Sprintf("%d/%d", o.StoredParts, o.Parts)
}
