package command

import (
	"context"
	"errors"
	"time"

	"github.com/spf13/cobra"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/progress"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/task"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/view"
)

// waitOptions are the flags that set how to wait for an export.
type waitOptions struct {
	interval, timeout time.Duration
}

func (o *waitOptions) addFlags(cmd *cobra.Command) {
	cmd.Flags().DurationVar(&o.interval, "interval", 2*time.Second, "pause between two requests for the state, at least 100ms")
	cmd.Flags().DurationVar(&o.timeout, "timeout", 0, "how long to wait until the export has ended (0: as long as it takes)")
}

func (o *waitOptions) check() error {
	switch {
	case o.interval < 100*time.Millisecond:
		return usageError("--interval must be at least 100ms")
	case o.timeout < 0:
		return usageError("--timeout must not be negative; use 0 for no limit")
	}
	return nil
}

func waitExportCommand(a *app) *cobra.Command {
	var o waitOptions
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "wait EXPORT",
		Short: "Wait until an export has ended",
		Long: `Wait until an export has ended, and show its progress: the state, the parts that are
done of those that are known so far, rows, bytes, and when it will be done. Planning
adds parts, so their number grows at first.

If the tenant's key is disabled, the export is paused. Enable the key: the export then
continues within 15 minutes. After a day, it fails.

Exit codes:

  0    the export is done
  1    its state could not be read
  4    it failed
  5    it was canceled
  124  --timeout is over, and it has not ended`,
		Example: "  strongroom exports wait 0198c2b4-5d1e-7c3a-9f00-2a6b1c4d8e31 && echo done",
		Args:    exactArgs("EXPORT"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := errors.Join(exportIDs.checkPart(args[0]), o.check()); err != nil {
				return err
			}
			client, err := a.settings.publicClient()
			if err != nil {
				return err
			}
			ctx, stop := interruptible(cmd.Context())
			defer stop()
			id, err := exportIDs.resolve(ctx, client, args[0])
			if err != nil {
				return err
			}
			return a.waitAndShow(ctx, client, id, o, asJSON)
		},
	}
	completeArgs(a, cmd, exportIDs.complete)
	o.addFlags(cmd)
	addJSONFlag(cmd, &asJSON, api.Export{})
	return cmd
}

// waitAndShow waits until an export has ended, and prints it.
func (a *app) waitAndShow(ctx context.Context, client *api.Client, id string, o waitOptions, asJSON bool) error {
	e, failure := a.waitForExport(ctx, client, id, o)
	if e.ID == "" {
		return failure
	}
	show := func() error { return view.Export(a.stdout, e) }
	if asJSON {
		show = func() error { return a.writeJSON(a.stdout, e) }
	}
	if err := show(); err != nil {
		return err
	}
	return failure
}

// errWaitedLong is the error after --timeout.
var errWaitedLong = errors.New("the export has not ended in the time that --timeout sets; it continues")

// waitForExport waits until an export has ended. The error is that of an export that is
// not done then.
func (a *app) waitForExport(ctx context.Context, client *api.Client, id string, o waitOptions) (e api.Export, err error) {
	began := time.Now()
	line := progress.NewLine(a.stderr, a.settings.quiet)
	defer line.End()
	for {
		e, err = withRetry(ctx, func(ctx context.Context) (api.Export, error) { return client.Export(ctx, id) })
		if err != nil {
			return e, err
		}
		line.Set(e.State, view.ExportProgress(e, a.settings.clock.Now()))
		left := o.timeout - time.Since(began)
		switch {
		case e.HasEnded():
			return e, exportNotDone(e)
		case o.timeout == 0:
			left = o.interval
		case left <= 0:
			return e, &exitError{task.ExitTimeout, errWaitedLong}
		}
		if !wait(ctx, min(o.interval, left)) {
			return e, context.Cause(ctx)
		}
	}
}
