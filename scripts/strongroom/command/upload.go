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
the spool: do not change them before the command ends. If any file cannot be an
output, nothing is uploaded.

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

// findFiles returns the files. It fails if any of them cannot be an output.
func (o *uploadOptions) findFiles(paths []string) ([]files.File, error) {
	switch {
	case len(paths) == 0:
		return nil, usageError("no files; for example: strongroom upload ./results --task NAME")
	case o.start.Task == "":
		return nil, usageError("no task: use --task NAME")
	}
	if err := errors.Join(o.check(), checkSamples(o.samples)); err != nil {
		return nil, err
	}
	var set files.Set
	for _, path := range paths {
		if err := addPath(&set, path); err != nil {
			return nil, err
		}
	}
	if len(set.Rejected) > 0 {
		return nil, fmt.Errorf("nothing was uploaded: %w", errors.Join(set.Rejected...))
	}
	if len(set.Files) == 0 {
		return nil, errors.New("nothing was uploaded: found no files")
	}
	return set.Files, nil
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
func (a *app) spoolFiles(o uploadOptions, dir spool.Dir, found []files.File) (*spool.Run, error) {
	j, err := a.newJournal(o.id, o.start)
	if err != nil {
		return nil, err
	}
	j.Samples = o.samples
	j.End, j.Outcome = j.Start.Start, run.Success
	j.Outputs = outputsOf(found)
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
	return nil
}
