package command

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/files"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/spool"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/task"
)

// uploadOptions are the flags of upload.
type uploadOptions struct {
	transfer
	id, task, slx, resource string
	json                    bool
	samples                 []string
}

func (a *app) uploadCommand() *cobra.Command {
	var o uploadOptions
	cmd := &cobra.Command{
		Use:   "upload DIR|FILE… --task NAME",
		Short: "Upload files as the outputs of one run",
		Long: `Uploads files, and all files below directories, as the outputs of one run that
ended well. In an output's name __ stands for a directory's slash. The files are
first copied into the spool; do not change them until that is done. If one of
them cannot be an output, none is uploaded.

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
	flags.StringVar(&o.task, "task", "", "name of the task that made the files")
	flags.StringVar(&o.id, "run", "", "id of the run, a UUIDv7 (default: a new one)")
	flags.StringVar(&o.slx, "slx", "", "service-level experience that the task belongs to")
	flags.StringVar(&o.resource, "resource", "", "resource that the task looked at")
	addSampleFlag(cmd, &o.samples)
	flags.BoolVar(&o.json, "json", false, "print a JSON summary to stdout")
	return cmd
}

func (a *app) upload(ctx context.Context, o uploadOptions, paths []string) error {
	files, err := o.files(paths)
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
	run, err := a.spoolFiles(o, dir, files)
	if err != nil {
		return err
	}
	defer run.Close()
	s := a.begin(ctx, run, client, o.transfer, o.policy())
	defer s.cancel(nil)
	return a.concludeUpload(s, o, dir, s.complete())
}

// files names the files as outputs; all of them must do.
func (o *uploadOptions) files(paths []string) ([]files.File, error) {
	switch {
	case len(paths) == 0:
		return nil, usage("no files: give directories or files, as in: strongroom upload ./results --task NAME")
	case o.task == "":
		return nil, usage("no task: give --task NAME")
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
	if len(set.Refused) > 0 {
		return nil, fmt.Errorf("nothing was uploaded: %w", errors.Join(set.Refused...))
	}
	if len(set.Files) == 0 {
		return nil, errors.New("nothing was uploaded: there are no files")
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

// spoolFiles makes a run of the files. From there on a kill loses nothing.
func (a *app) spoolFiles(o uploadOptions, dir spool.Dir, files []files.File) (*spool.Run, error) {
	j, err := a.newJournal(o.id, o.task)
	if err != nil {
		return nil, err
	}
	j.SLX, j.Resource, j.Samples = o.slx, o.resource, o.samples
	j.End, j.Outcome = j.Start, task.Success
	j.Outputs = sources(files)
	return dir.Create(j, "")
}

func (a *app) concludeUpload(s *session, o uploadOptions, dir spool.Dir, err error) error {
	j := s.run.Journal()
	if o.json {
		if jsonErr := writeJSON(a.stdout, s.summarize(j, err)); jsonErr != nil {
			return errors.Join(err, jsonErr)
		}
	}
	if err != nil {
		return fmt.Errorf("the files of run %s are not uploaded completely: %w\nstrongroom: %s", j.Run, err, resumeHint(j.Run, dir))
	}
	if !o.json {
		fmt.Fprintln(a.stdout, j.Run)
	}
	if j.Outcome != task.Success {
		return errors.New("some of it was not taken: see above")
	}
	return nil
}
