// Package demo demonstrates Strongroom on the embedded cloud: a runner executes tasks,
// a viewer reads their output, an assistant answers, a language model explains an issue with two consents, an auditor verifies the audit log,
// a builder reviews and pushes a configuration, an admin disables the key, and forbidden requests fail.
package demo

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/strongroom-dev/strongroom/emulator/suite"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// The demonstration's tenants and workspaces.
const (
	acme   tenant.ID          = "acme"
	globex tenant.ID          = "globex"
	prod   tenant.WorkspaceID = "prod"
)

// maxWait is the longest time to wait for events.
const maxWait = time.Minute

// Demo is one demonstration on a running cloud.
type Demo struct {
	cloud   *suite.Cloud
	out     io.Writer
	err     io.Writer // progress of uploads
	program string    // executes a task when it is called with "task NAME"
	bulk    int       // bytes that collect-logs writes
	scratch string    // removed at the end

	tenants   map[tenant.ID]tenant.Record
	workspace tenant.WorkspaceID // of acme
	runs      []finishedRun
	failed    *int // results that are not as expected
}

// finishedRun is a run of the demonstration.
type finishedRun struct {
	summary
	task string
	sum  []byte // SHA-256 of the task's standard output
}

// Run runs the demonstration, in a workspace that has no runs yet. It prints results
// to out and the progress of uploads to progress. Program executes the tasks by calling
// RunTask. Bulk is the output of the largest task in bytes. Run returns an error if any
// result is not as expected.
//
// What needs another time or a disabled key is shown on a second cloud, so Run changes
// neither the clock nor the keys of c.
func Run(ctx context.Context, c *suite.Cloud, out, progress io.Writer, program string, bulk int) error {
	workspace, err := unusedWorkspace(ctx, c)
	if err != nil {
		return err
	}
	records, err := setup(ctx, c, workspace)
	if err != nil {
		return err
	}
	scratch, err := os.MkdirTemp("", "strongroom-demo-")
	if err != nil {
		return fmt.Errorf("create a directory for the spool: %w", err)
	}
	defer os.RemoveAll(scratch)
	d := &Demo{
		cloud: c, out: out, err: progress, program: program, bulk: bulk, scratch: scratch,
		tenants: records, workspace: workspace, failed: new(int),
	}
	for _, show := range []func(context.Context) error{d.showTasks, d.showReading, d.showIssues, d.showAssistant, d.showModels, d.showAudit, d.showExport, d.showConfig, d.showKey, d.showStorage, d.showTrust, d.showOffboarding, d.showRejections, d.showTraffic} {
		if err := show(ctx); err != nil {
			return err
		}
	}
	if *d.failed > 0 {
		return fmt.Errorf("%d results are not as expected", *d.failed)
	}
	return nil
}

func (d *Demo) printf(format string, args ...any) { fmt.Fprintf(d.out, format, args...) }

// check returns the text for a result and counts failures.
func (d *Demo) check(ok bool) string {
	if ok {
		return "ok"
	}
	*d.failed++
	return "FAILED"
}
