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
	rules   ruleFlags
	json    bool
	samples []string
}

func uploadCommand(a *app) *cobra.Command {
	var o uploadOptions
	cmd := &cobra.Command{
		Use:   "upload DIR|FILE… --task NAME",
		Short: "Upload files as the outputs of one run",
		Long: `Upload files, and all files below directories, as the outputs of one successful run.
The files are first copied into the spool: do not change them before the command ends.

` + filesHelp + `

The exit code is 3 if files were left out, and 1 if a file could not be read or lines
were rejected. All other files are uploaded.

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
	o.rules.addFlags(cmd)
	addSampleFlag(cmd, &o.samples)
	flags.BoolVar(&o.json, "json", false, "print a JSON summary to stdout")
	documentJSON(cmd, summary{})
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
	rules, err := o.rules.parse()
	if err != nil {
		return files.Set{}, &exitError{exitUsage, err}
	}
	set := newFileSet(rules)
	for _, path := range paths {
		info, err := os.Stat(path)
		if err != nil || !info.IsDir() {
			set.AddFile(path)
		} else if err := set.AddDir(path); err != nil {
			return set, err
		}
	}
	if set.TooMany {
		return set, fmt.Errorf("nothing was uploaded: a run has at most %d outputs; use --include or --exclude, or several runs", api.MaxOutputs)
	}
	if len(set.Files) == 0 {
		return set, fmt.Errorf("nothing was uploaded: found no file that can be an output; %d are excluded, and %d were left out", set.Excluded, len(set.Rejected))
	}
	return set, nil
}

// spoolFiles creates a run with the files. After that, a kill loses no data.
func (a *app) spoolFiles(o uploadOptions, dir spool.Dir, found files.Set) (*spool.Run, error) {
	j, err := a.newJournal(o.id, o.start)
	if err != nil {
		return nil, err
	}
	j.Samples = o.samples
	j.End, j.Outcome = j.Start.Start, run.Success
	addFiles(&j, found)
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
	switch {
	case s.unreadable || len(s.rejected) > 0:
		return errors.New("some files or lines were rejected; see the messages above")
	case j.FilesLeftOut > 0:
		return &exitError{exitLeftOut, fmt.Errorf("%d files are not outputs and were left out; all others are uploaded", j.FilesLeftOut)}
	case j.Outcome != run.Success:
		return errors.New("the lines of a task that did not run were reported; see the messages above")
	}
	return nil
}
