package command

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/retry"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/view"
)

func downloadOutputsCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "download RUN [DIR]",
		Short: "Download all outputs of a run",
		Long: `Download all outputs of a run, each to a file in DIR. Without DIR, the directory is named
after the run. A file has the name that outputs ls --json prints, which is safe on every
system. A file that exists is not replaced. The exit code is 1 if an output is incomplete.`,
		Example: `  strongroom outputs download 01890a5d
  strongroom outputs download 01890a5d ./evidence`,
		Args: cobra.RangeArgs(1, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx, stop := interruptible(cmd.Context())
			defer stop()
			dir := ""
			if len(args) == 2 {
				dir = args[1]
			}
			return a.download(ctx, args[0], dir)
		},
	}
}

func (a *app) download(ctx context.Context, run, dir string) error {
	client, run, err := a.clientForRun(ctx, run)
	if err != nil {
		return err
	}
	listing, err := withRetry(ctx, func(ctx context.Context) (api.Listing, error) { return client.Outputs(ctx, run) })
	if err != nil {
		return err
	}
	dir = cmp.Or(dir, run)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("create the directory: %w", err)
	}
	var errs []error
	for _, output := range listing.Outputs {
		if output.State == api.Unclaimed || output.StoredParts == 0 && output.State != api.Complete {
			continue
		}
		if err := a.downloadOne(ctx, client, run, dir, output.Name); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", view.Name(output.FileName), err))
			continue
		}
		a.notice("downloaded %s", filepath.Join(dir, output.Name))
	}
	return errors.Join(errs...)
}

// downloadOne writes one output under another name first, so that a file with the name of
// the output is always whole.
func (a *app) downloadOne(ctx context.Context, client *api.Client, run, dir, name string) error {
	target := filepath.Join(dir, name)
	if _, err := os.Lstat(target); !errors.Is(err, fs.ErrNotExist) {
		return errors.New("the file exists; remove it, or choose another directory")
	}
	file, err := os.CreateTemp(dir, ".download-*")
	if err != nil {
		return fmt.Errorf("create the file: %w", err)
	}
	defer os.Remove(file.Name()) // after a success, it no longer exists
	reader := &view.Reader{Client: client, Run: run, Name: name, Retry: retry.Policy{For: defaultRetry}, Out: file}
	defer a.closeReader(ctx, reader)
	err = reader.Bytes(ctx, api.Span{Last: -1})
	incomplete := errors.Is(err, view.ErrIncomplete)
	if closed := file.Close(); err != nil && !incomplete {
		return errors.Join(err, closed)
	} else if closed != nil {
		return fmt.Errorf("write the file: %w", closed)
	}
	if renamed := os.Rename(file.Name(), target); renamed != nil {
		return fmt.Errorf("name the file: %w", renamed)
	}
	return err
}
