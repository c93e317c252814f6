package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"time"

	"github.com/google/uuid"

	"github.com/strongroom-dev/strongroom/emulator/suite"
)

// showExport exports what a tenant has, verifies the copy, and exports a window of a
// schedule. It moves the clock, so it has a cloud of its own.
func (d *Demo) showExport(ctx context.Context) error {
	d.printf("\n7. An auditor exports everything, and verifies the copy offline (on a second cloud, whose clock is moved)\n\n")
	c, err := suite.Start(ctx, suite.Options{Backoff: time.Second})
	if err != nil {
		return fmt.Errorf("start the second cloud: %w", err)
	}
	other := d.on(c)
	return errors.Join(other.exportEverything(ctx), c.Close())
}

func (d *Demo) exportEverything(ctx context.Context) (err error) {
	if d.tenants, err = setup(ctx, d.cloud, d.workspace); err != nil {
		return err
	}
	if _, _, err := d.task(ctx, io.Discard, "port-check", closedPort); err != nil {
		return err
	}
	if err := d.waitForEvents(ctx); err != nil {
		return err
	}
	id, err := uuid.NewV7()
	if err != nil {
		return fmt.Errorf("create the ID of an export: %w", err)
	}
	export, copied := id.String(), filepath.Join(d.scratch, "export")
	if err := d.showAs(ctx, "auditor", step{args: []string{"exports", "create", "--quiet", "--id", export}, want: "queued"}); err != nil {
		return err
	}
	if err := d.finishExports(ctx); err != nil {
		return err
	}
	for _, s := range []step{
		{text: "A minute later:", args: []string{"exports", "wait", export}, want: "done"},
		{text: "The copy comes straight from the bucket, and is verified without the platform:", args: []string{"exports", "pull", export, copied}, want: "is complete"},
		{args: []string{"exports", "verify", "--quiet", copied}, want: "OK"},
	} {
		if err := d.showAs(ctx, "auditor", s); err != nil {
			return err
		}
	}
	if err := flipOneBit(filepath.Join(copied, "runs", "*")); err != nil {
		return err
	}
	if err := d.showAs(ctx, "auditor", step{
		text: "The same copy after one bit of a file has changed:", args: []string{"exports", "verify", "--quiet", copied}, code: 1, want: "PROBLEM runs/",
	}); err != nil {
		return err
	}
	return d.exportWindow(ctx)
}

// finishExports publishes the audit log, moves the clock by a minute, and waits until
// the parts of all exports are written.
func (d *Demo) finishExports(ctx context.Context) error {
	if err := d.cloud.Scheduler.RunNow(ctx, "audit-integrator"); err != nil {
		return fmt.Errorf("publish the audit log: %w", err)
	}
	d.cloud.Clock.Advance(time.Minute)
	return d.waitForEvents(ctx)
}

// exportWindow sets a schedule, and moves the clock to the end of its window.
func (d *Demo) exportWindow(ctx context.Context) error {
	set := step{
		text: "A schedule exports each hour after its end:",
		args: []string{"exports", "schedule", "set", "hourly", "--every", "hourly", "--kind", "metadata"}, want: "Next window",
	}
	if err := d.showAs(ctx, "auditor", set); err != nil {
		return err
	}
	end, err := d.windowEnd(ctx, "hourly")
	if err != nil {
		return err
	}
	d.cloud.Clock.Advance(end.Sub(d.cloud.Clock.Now()) + time.Second)
	if err := d.cloud.Scheduler.RunNow(ctx, "export-scheduler"); err != nil {
		return fmt.Errorf("run the schedules: %w", err)
	}
	if err := d.finishExports(ctx); err != nil {
		return err
	}
	return d.showAs(ctx, "auditor", step{
		text: fmt.Sprintf("After the hour has ended, at %s:", end.Format("15:04:05Z07:00")),
		args: []string{"exports", "ls", "--limit", "2"}, want: "schedule hourly",
	})
}

// windowEnd returns the end of the next window of a schedule.
func (d *Demo) windowEnd(ctx context.Context, schedule string) (time.Time, error) {
	var out bytes.Buffer
	code, err := d.strongroom(ctx, acme, "auditor", &out, d.err, "exports", "schedule", "show", schedule, "--json")
	if err != nil {
		return time.Time{}, err
	}
	var s struct{ End time.Time }
	if err := json.Unmarshal(out.Bytes(), &s); err != nil || code != 0 {
		return time.Time{}, fmt.Errorf("show the schedule: exit code %d, %w", code, err)
	}
	return s.End, nil
}
