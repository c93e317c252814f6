// Package demo shows what the embedded cloud is for: a runner's tasks and
// their output, a viewer's reading, and everything that must be refused.
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

// patience bounds each wait.
const patience = time.Minute

// Demo is one demonstration on a running cloud.
type Demo struct {
	cloud   *suite.Cloud
	out     io.Writer
	err     io.Writer // progress of uploads
	program string    // that executes a task when called with "task NAME"
	bulk    int       // bytes that collect-logs writes
	scratch string    // removed in the end

	tenants map[tenant.ID]tenant.Record
	runs    []shown
	failed  int
}

// shown is a run that was made.
type shown struct {
	summary
	task string
	sum  []byte // SHA-256 of what the task printed
}

// Setup makes the tenants that the demonstration, and whoever explores after
// it, works with.
func Setup(ctx context.Context, c *suite.Cloud) (map[tenant.ID]tenant.Record, error) {
	records := map[tenant.ID]tenant.Record{}
	for id, workspaces := range map[tenant.ID][]tenant.WorkspaceID{acme: {prod, "staging"}, globex: {prod}} {
		record, err := c.AddTenant(ctx, id, workspaces...)
		if err != nil {
			return nil, fmt.Errorf("make tenant %s: %w", id, err)
		}
		records[id] = record
	}
	return records, nil
}

// Run shows everything on out, with the progress of uploads on progress. The
// tasks are executed by program, which must give them to RunTask; bulk is what
// the largest writes, in bytes. An error says that something did not go as it
// must.
func Run(ctx context.Context, c *suite.Cloud, out, progress io.Writer, program string, bulk int) error {
	records, err := Setup(ctx, c)
	if err != nil {
		return err
	}
	scratch, err := os.MkdirTemp("", "strongroom-demo-")
	if err != nil {
		return fmt.Errorf("make a directory for the spool: %w", err)
	}
	defer os.RemoveAll(scratch)
	d := &Demo{cloud: c, out: out, err: progress, program: program, bulk: bulk, scratch: scratch, tenants: records}
	for _, act := range []func(context.Context) error{d.showTasks, d.showReading, d.showIssues, d.showAssistant, d.showRefusals, d.showTraffic} {
		if err := act(ctx); err != nil {
			return err
		}
	}
	if d.failed > 0 {
		return fmt.Errorf("%d of the above did not go as it must", d.failed)
	}
	return nil
}

func (d *Demo) printf(format string, args ...any) { fmt.Fprintf(d.out, format, args...) }

// mark notes whether something went as it must.
func (d *Demo) mark(ok bool) string {
	if ok {
		return "ok"
	}
	d.failed++
	return "NOT AS IT MUST"
}
