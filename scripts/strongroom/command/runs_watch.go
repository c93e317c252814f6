package command

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/view"
	"github.com/strongroom-dev/strongroom/shared/run"
)

// minInterval is the shortest pause between two requests of a command that waits.
const minInterval = time.Second

// watchOptions are the flags of runs watch.
type watchOptions struct {
	interval   time.Duration
	exitStatus bool
	json       bool
}

func watchRunCommand(a *app) *cobra.Command {
	var o watchOptions
	cmd := &cobra.Command{
		Use:   "watch RUN",
		Short: "Wait until a run ends, and show it",
		Long: `Wait until a run ends or is lost, and show it. A run is lost if its runner does not call
for 15 minutes. With --exit-status, the exit code is 1 unless the outcome is success.`,
		Example: `  strongroom runs watch 01890a5d --exit-status && echo done
  strongroom runs watch 01890a5d --timeout 1h`,
		Args: exactArgs("RUN"),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx, stop := interruptible(cmd.Context())
			defer stop()
			return a.watchRun(ctx, o, args[0])
		},
	}
	cmd.Flags().DurationVar(&o.interval, "interval", 3*time.Second, "pause between two requests, at least 1s")
	cmd.Flags().BoolVar(&o.exitStatus, "exit-status", false, "end with exit code 1 unless the outcome is success")
	addJSONFlag(cmd, &o.json, api.Listing{})
	completeArgs(a, cmd, runIDs.complete)
	return cmd
}

func (a *app) watchRun(ctx context.Context, o watchOptions, text string) error {
	if o.interval < minInterval {
		return usageError("--interval must be at least %s", minInterval)
	}
	client, id, err := a.clientForRun(ctx, text)
	if err != nil {
		return err
	}
	if err := a.waitForRun(ctx, client, id, o.interval); err != nil {
		return err
	}
	listing, err := withRetry(ctx, func(ctx context.Context) (api.Listing, error) { return readRun(ctx, client, id) })
	if err != nil {
		return err
	}
	if o.json {
		err = a.writeJSON(a.stdout, listing)
	} else {
		err = view.Run(a.stdout, listing)
	}
	if err == nil && o.exitStatus && listing.Run.Outcome != run.Success {
		return &exitError{code: exitFailed}
	}
	return err
}

// waitForRun waits until a run has ended or is lost.
func (a *app) waitForRun(ctx context.Context, client *api.Client, id string, interval time.Duration) error {
	for waiting := false; ; waiting = true {
		r, err := withRetry(ctx, func(ctx context.Context) (api.Run, error) { return client.Run(ctx, id) })
		if err != nil || r.State == run.Ended || r.State == run.Lost {
			return err
		}
		if !waiting {
			a.notice("waiting for the run%s to end", ofTask(r.Task))
		}
		if !wait(ctx, interval) {
			return context.Cause(ctx)
		}
	}
}

func ofTask(task string) string {
	if task == "" {
		return ""
	}
	return fmt.Sprintf(" of %s", view.Name(task))
}
