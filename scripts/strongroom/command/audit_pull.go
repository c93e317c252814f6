package command

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"
	"github.com/vbauerster/mpb/v8/decor"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/mirror"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/progress"
)

// pullOptions are the flags of audit pull.
type pullOptions struct {
	verifyOptions
	parallel int
	noVerify bool
}

func pullCommand(a *app) *cobra.Command {
	var o pullOptions
	cmd := &cobra.Command{
		Use:   "pull DIR",
		Short: "Copy the audit log to a directory, and verify the copy",
		Long: `Copy the audit log to DIR, and verify the copy as strongroom audit verify does. To
update the copy, run the command again: it fetches only what is new. It is safe to
interrupt.

The paths in DIR are those of c2sp.org/tlog-tiles. The copy never gets smaller: if
the log has fewer entries than the copy, or another beginning, the command fails,
says so, and leaves the copy as it is. A file that exists is not fetched again: if
the verification names a damaged file, delete it and run the command again.`,
		Example: `  strongroom audit pull ./audit-log
  strongroom audit pull ./audit-log --policy auditor.policy --max-age 2h`,
		Args: exactArgs("DIR"),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx, stop := interruptible(cmd.Context())
			defer stop()
			return a.pull(ctx, args[0], o)
		},
	}
	o.addFlags(cmd)
	cmd.Flags().IntVar(&o.parallel, "parallel", 8, "maximum number of files that are fetched at the same time")
	cmd.Flags().BoolVar(&o.noVerify, "no-verify", false, "only check that the log's key signed the checkpoint, and that the log has grown without a change")
	return cmd
}

func (a *app) pull(ctx context.Context, dir string, o pullOptions) error {
	if o.parallel < 1 || o.parallel > 64 {
		return usageError("--parallel must be from 1 to 64")
	}
	options, closeFiles, err := o.read() // before the download, to report wrong flags early
	if err != nil {
		return err
	}
	defer closeFiles()
	_, _, fetch, err := a.logFetcher()
	if err != nil {
		return err
	}
	meter := progress.New(progress.Download, a.stderr, a.settings.quiet)
	meter.Show()
	pulled, err := mirror.Puller{Dir: dir, Fetch: fetch, Parallel: o.parallel, Expect: meter.Expect, Moved: meter.Moved}.Pull(ctx)
	meter.End()
	if err != nil {
		return fmt.Errorf("pull the audit log: %w", err)
	}
	for _, key := range pulled.NewKeys {
		a.notice("the log has the new key %s", key.Text)
	}
	a.notice("fetched % .1f in %d files; the copy has %d entries, %d of them new", decor.SizeB1024(pulled.Bytes), pulled.Files,
		pulled.Size, pulled.Size-pulled.Previous)
	if o.noVerify {
		return nil
	}
	return a.verifyCopy(ctx, dir, options, o.json)
}
