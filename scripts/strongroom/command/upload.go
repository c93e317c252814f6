package command

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/files"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/spool"
	"github.com/strongroom-dev/strongroom/shared/run"
)

// uploadOptions are the flags of upload.
type uploadOptions struct {
	transfer
	id      string
	start   api.Start
	json    bool
	samples []string
}

func uploadCommand(a *app) *cobra.Command {
	var o uploadOptions
	cmd := &cobra.Command{
		Use:   "upload DIR|FILE… --task NAME",
		Short: "Upload files as the outputs of one run",
		Long: `Upload files, and all files below directories, as the outputs of one successful run.
In an output's name, __ replaces the slash of a path. The files are first copied into
the spool: do not change them before the command ends. A file that cannot be an output,
for example because of its name, is listed and left out. Then the exit code is 3. The
run's record has the number of such files.

` + findingsHelp,
		Example: `  strongroom upload ./results --task nightly-report
  strongroom upload ./results --task dns-check --sample dns-latency=1.5`,
		RunE: func(cmd *cobra.Command, paths []string) error {
			ctx, stop := interruptible(cmd.Context())
			defer stop()
			return a.upload(ctx, o, paths)
		},
	}
	o.addFlags(cmd)
	flags := cmd.Flags()
	flags.StringVar(&o.start.Task, "task", "", "name of the task that wrote the files (required)")
	flags.StringVar(&o.id, "run", "", "run ID, a UUIDv7 (default: a new ID)")
	addStartFlags(cmd, &o.start)
	addSampleFlag(cmd, &o.samples)
	flags.BoolVar(&o.json, "json", false, "print a JSON summary to stdout")
	return cmd
}

func (a *app) upload(ctx context.Context, o uploadOptions, paths []string) error {
	found, err := o.findFiles(paths)
	printFilesLeftOut(func(format string, args ...any) { fmt.Fprintf(a.stderr, format+"\n", args...) }, found.Rejected)
	if err != nil {
		return err
	}
	client, err := a.settings.client("")
	if err != nil {
		return err
	}
	dir, err := o.open(a.settings.env)
	if err != nil {
		return err
	}
	spooled, err := a.spoolFiles(o, dir, found)
	if err != nil {
		return err
	}
	defer spooled.Close()
	s := a.startSession(ctx, spooled, client, o.transfer, o.policy())
	defer s.cancel(nil)
	return a.finishUpload(s, o, dir, s.complete())
}

// findFiles returns the files. It fails if none of them can be an output, or if a run
// cannot have all of them.
func (o *uploadOptions) findFiles(paths []string) (files.Set, error) {
	switch {
	case len(paths) == 0:
		return files.Set{}, usageError("no files; for example: strongroom upload ./results --task NAME")
	case o.start.Task == "":
		return files.Set{}, usageError("no task: use --task NAME")
	}
	if err := errors.Join(o.check(), checkSamples(o.samples)); err != nil {
		return files.Set{}, err
	}
	var set files.Set
	for _, path := range paths {
		if err := addPath(&set, path); err != nil {
			return set, err
		}
	}
	if set.TooMany {
		return set, fmt.Errorf("nothing was uploaded: a run has at most %d outputs", api.MaxOutputs)
	}
	if len(set.Files) == 0 {
		return set, fmt.Errorf("nothing was uploaded: found no files that can be outputs, and %d others", len(set.Rejected))
	}
	return set, nil
}

func addPath(set *files.Set, path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if info.IsDir() {
		return set.AddDir(path)
	}
	return set.AddFile(path)
}

// spoolFiles creates a run with the files. After that, a kill loses no data.
func (a *app) spoolFiles(o uploadOptions, dir spool.Dir, found files.Set) (*spool.Run, error) {
	j, err := a.newJournal(o.id, o.start)
	if err != nil {
		return nil, err
	}
	j.Samples = o.samples
	j.End, j.Outcome = j.Start.Start, run.Success
	j.Outputs = outputsOf(found.Files)
	j.LeaveOut(found.Rejected...)
	return dir.Create(j, "")
}

func (a *app) finishUpload(s *session, o uploadOptions, dir spool.Dir, err error) error {
	j := s.run.Journal()
	if o.json {
		if jsonErr := a.writeJSON(a.stdout, s.summarize(j, err)); jsonErr != nil {
			return errors.Join(err, jsonErr)
		}
	}
	if err != nil {
		return fmt.Errorf("run %s is not completely uploaded: %w\nstrongroom: %s", j.Run, err, nextStep(s.run, dir, err))
	}
	if !o.json {
		fmt.Fprintln(a.stdout, j.Run)
	}
	if j.Outcome != run.Success {
		return errors.New("some files or lines were rejected; see the messages above")
	}
	if j.FilesLeftOut > 0 {
		return &exitError{exitLeftOut, fmt.Errorf("%d files cannot be outputs and were left out; all others are uploaded", j.FilesLeftOut)}
	}
	return nil
}
