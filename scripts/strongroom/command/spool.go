package command

import (
	"errors"
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/files"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/spool"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/view"
	"github.com/strongroom-dev/strongroom/shared/outputname"
	"github.com/strongroom-dev/strongroom/shared/run"
)

func spoolCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "spool",
		Short: "Show and discard runs that are not uploaded",
		Long: `Show the runs that are in this machine's spool because they are not completely
uploaded, and discard those that the platform refuses. These commands send nothing
and need no token.`,
	}
	a.addSubcommands(cmd, func() []*cobra.Command {
		return []*cobra.Command{
			spoolListCommand(a), spoolShowCommand(a), spoolDiscardCommand(a),
		}
	})
	return cmd
}

// spooledRun is one run, as spool ls and spool show print it.
type spooledRun struct {
	Run        string          `json:"run"`
	Task       string          `json:"task,omitempty"`
	Start      time.Time       `json:"start,omitzero"`
	Outcome    run.Outcome     `json:"outcome,omitempty" doc:"empty: the task is running, or its runner was killed"`
	Bytes      int64           `json:"bytes" doc:"in the spool"`
	State      string          `json:"state" doc:"running, pending, refused or damaged"`
	ReportSent bool            `json:"reportSent"`
	Problem    string          `json:"problem,omitempty" doc:"why the last upload did not complete"`
	Outputs    []outputSummary `json:"outputs,omitempty"`

	FilesLeftOut int              `json:"filesLeftOut,omitempty" doc:"number of files that cannot be outputs"`
	LeftOut      []files.Rejected `json:"leftOut,omitempty" doc:"the first of them"`
}

func readSpooled(dir spool.Dir, id string) (spooledRun, error) {
	r := spooledRun{Run: id, State: "pending", Bytes: dir.Size(id)}
	j, err := dir.Read(id)
	if errors.Is(err, spool.ErrGone) {
		return r, fmt.Errorf("run %s: %w", id, err)
	}
	if err != nil {
		r.State, r.Problem = "damaged", err.Error()
		return r, nil
	}
	r.Task, r.Start, r.Outcome, r.ReportSent, r.Problem = j.Task, j.Start.Start, j.Outcome, j.ReportSent, j.Problem
	r.FilesLeftOut, r.LeftOut = j.FilesLeftOut, j.LeftOut
	switch {
	case j.End.IsZero():
		r.State = "running"
	case j.Refused:
		r.State = "refused"
	}
	for _, o := range j.Outputs {
		r.Outputs = append(r.Outputs, summarizeOutput(o))
	}
	return r, nil
}

func spoolListCommand(a *app) *cobra.Command {
	var t transfer
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "ls",
		Short: "List the runs that are not completely uploaded",
		Args:  exactArgs(),
		RunE: func(*cobra.Command, []string) error {
			dir, err := t.open(a.settings.env)
			if err != nil {
				return err
			}
			return a.listSpool(dir, asJSON)
		},
	}
	t.addSpoolFlag(cmd)
	addJSONFlag(cmd, &asJSON, spoolList{})
	return cmd
}

// spoolList is what spool ls --json prints.
type spoolList struct {
	Runs []spooledRun `json:"runs" doc:"without their outputs"`
}

func (a *app) listSpool(dir spool.Dir, asJSON bool) error {
	ids, err := dir.Runs()
	if err != nil {
		return err
	}
	runs := []spooledRun{}
	for _, id := range ids {
		if r, err := readSpooled(dir, id); err == nil { // otherwise, it was uploaded just now
			r.Outputs, r.LeftOut = nil, nil
			runs = append(runs, r)
		}
	}
	if asJSON {
		return a.writeJSON(a.stdout, spoolList{runs})
	}
	table := tabwriter.NewWriter(view.NewEscaper(a.stdout), 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "RUN\tTASK\tSTART\tOUTCOME\tBYTES\tSTATE\tPROBLEM")
	for _, r := range runs {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%d\t%s\t%s\n", r.Run, r.Task, r.Start.Format(time.RFC3339), r.Outcome, r.Bytes, r.State, view.OneLine(r.Problem))
	}
	return table.Flush()
}

func spoolShowCommand(a *app) *cobra.Command {
	var t transfer
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "show RUN",
		Short: "Show a run and why it is not uploaded",
		Args:  exactArgs("RUN"),
		RunE: func(_ *cobra.Command, args []string) error {
			dir, err := t.open(a.settings.env)
			if err != nil {
				return err
			}
			id, err := resolveSpooled(dir, args[0])
			if err != nil {
				return err
			}
			r, err := readSpooled(dir, id)
			if err != nil {
				return err
			}
			if asJSON {
				return a.writeJSON(a.stdout, r)
			}
			return a.showSpooled(r)
		},
	}
	completeArgs(a, cmd, completeSpooled(&t))
	t.addSpoolFlag(cmd)
	addJSONFlag(cmd, &asJSON, spooledRun{})
	return cmd
}

func (a *app) showSpooled(r spooledRun) error {
	table := tabwriter.NewWriter(view.NewEscaper(a.stdout), 0, 0, 2, ' ', 0)
	fmt.Fprintf(table, "run %s of %s: %s, %d bytes in the spool\n", r.Run, view.OneLine(r.Task), r.State, r.Bytes)
	if r.Problem != "" {
		fmt.Fprintf(table, "problem: %s\n", view.OneLine(r.Problem))
	}
	fmt.Fprintf(table, "report sent: %t\nNAME\tSTATE\tBYTES STORED\tPARTS\tBYTES LOST\n", r.ReportSent)
	for _, o := range r.Outputs {
		fmt.Fprintf(table, "%s\t%s\t%d\t%d\t%d\n", view.Name(outputname.Decode(o.Name)), o.State, o.Bytes, o.Parts, o.Lost)
	}
	for _, file := range r.LeftOut {
		fmt.Fprintf(table, "left out: %s\n", view.Name(file.String()))
	}
	return table.Flush()
}

func spoolDiscardCommand(a *app) *cobra.Command {
	var t transfer
	cmd := &cobra.Command{
		Use:   "discard RUN…",
		Short: "Delete runs from the spool without uploading the rest",
		Long: `Delete runs from the spool. Output and findings that are not uploaded yet are lost.
What is uploaded stays. A run that another process uses is not deleted.`,
		RunE: func(_ *cobra.Command, ids []string) error {
			if len(ids) == 0 {
				return usageError("no runs; to list them: strongroom spool ls")
			}
			dir, err := t.open(a.settings.env)
			if err != nil {
				return err
			}
			var errs []error
			for _, id := range ids {
				id, err := resolveSpooled(dir, id)
				if err == nil {
					err = dir.Discard(id)
				}
				if err != nil {
					errs = append(errs, fmt.Errorf("run %s: %w", id, err))
					continue
				}
				a.notice("run %s is discarded", id)
			}
			return errors.Join(errs...)
		},
	}
	completeArgs(a, cmd, completeSpooled(&t))
	t.addSpoolFlag(cmd)
	return cmd
}
