package demo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/strongroom-dev/strongroom/emulator/gcs"
	"github.com/strongroom-dev/strongroom/emulator/suite"
	"github.com/strongroom-dev/strongroom/shared/directory"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// showStorage shows that a tenant brings its own bucket: a wrong one is refused with reasons, and
// earlier runs stay readable.
func (d *Demo) showStorage(ctx context.Context) error {
	d.printf("\n   %s brings its own bucket: a wrong one is refused with reasons, and runs from before stay readable (on another cloud)\n\n", acme)
	c, err := suite.Start(ctx, suite.Options{Backoff: time.Second})
	if err != nil {
		return fmt.Errorf("start another cloud: %w", err)
	}
	return errors.Join(d.on(c).changeStorage(ctx), c.Close())
}

// The buckets of the section about storage.
const (
	wrongBucket    = "acme-in-another-location"
	customerBucket = "acme-strongroom-outputs"
)

func (d *Demo) changeStorage(ctx context.Context) (err error) {
	if d.tenants, err = setup(ctx, d.cloud, d.workspace); err != nil {
		return err
	}
	record := d.tenants[acme]
	err = errors.Join(
		d.cloud.CreateCustomerBucket(record, tenant.Outputs, wrongBucket, func(b *gcs.Bucket) { b.Location, b.PublicPrevention = "US", "inherited" }),
		d.cloud.CreateCustomerBucket(record, tenant.Outputs, customerBucket, nil),
	)
	if err != nil {
		return fmt.Errorf("create the customer's buckets: %w", err)
	}
	t := table{head: []string{"caller", "request", "status", "answer", "result"}}
	before, err := d.storedRun(ctx)
	if err != nil {
		return err
	}
	for _, s := range []struct{ bucket, result, failed string }{
		{record.OutputsBucket, "usable", ""}, {wrongBucket, "unusable", "location public-access"}, {customerBucket, "usable", ""},
	} {
		if err := d.verifyStorage(ctx, &t, s.bucket, s.result, s.failed); err != nil {
			return err
		}
	}
	if _, err := d.cloud.SetStorage(ctx, acme, tenant.Outputs, customerBucket); err != nil {
		return err
	}
	d.cloud.Clock.Advance(directory.MaxAge)
	after, err := d.storedRun(ctx)
	if err != nil {
		return err
	}
	if err := errors.Join(
		d.readOf(ctx, &t, "read a run in the new bucket", after, http.StatusOK),
		d.readOf(ctx, &t, "read a run from before the change", before, http.StatusOK),
		d.cloud.WithdrawCustomerRoles(record, tenant.Outputs, customerBucket),
		d.readOf(ctx, &t, "read it after the customer has withdrawn the access", after, http.StatusForbidden),
		d.readOf(ctx, &t, "read a run from before the change", before, http.StatusOK),
	); err != nil {
		return err
	}
	return t.print(d.out)
}

// storedRun stores the output of a task, and returns the path of its output.
func (d *Demo) storedRun(ctx context.Context) (string, error) {
	stored, _, err := d.task(ctx, io.Discard, "port-check", closedPort)
	if err != nil {
		return "", err
	}
	return d.path("runs/" + stored.Run + "/outputs/stdout.log"), d.waitForEvents(ctx)
}

// verifyStorage verifies a bucket, and expects a result and the checks that fail.
func (d *Demo) verifyStorage(ctx context.Context, t *table, bucket, result, failed string) error {
	got, err := d.call(ctx, acme, "admin", http.MethodPost, "/v1/tenant/storage/verify", map[string]any{"bucket": bucket})
	if err != nil {
		return fmt.Errorf("verify %s: %w", bucket, err)
	}
	var shown struct {
		Result string
		Checks []struct{ ID, Result, Seen string }
	}
	if err := json.Unmarshal(got.body, &shown); err != nil {
		return fmt.Errorf("verify %s: %w", bucket, err)
	}
	var ids, reasons []string
	for _, c := range shown.Checks {
		if c.Result == "failed" {
			ids, reasons = append(ids, c.ID), append(reasons, c.Seen)
		}
	}
	answer := shown.Result
	if len(reasons) > 0 {
		answer += ": " + strings.Join(reasons, "; ")
	}
	t.add("admin of "+string(acme), "verify "+bucket, fmt.Sprint(got.status), answer, d.check(shown.Result == result && strings.Join(ids, " ") == failed))
	return nil
}

func (d *Demo) readOf(ctx context.Context, t *table, what, path string, status int) error {
	got, err := d.call(ctx, acme, "viewer", http.MethodGet, path, nil)
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	var problem struct{ Code string }
	answer := "output"
	if got.status != http.StatusOK && json.Unmarshal(got.body, &problem) == nil {
		answer = problem.Code
	}
	t.add("viewer of "+string(acme), what, fmt.Sprint(got.status), answer, d.check(got.status == status))
	return nil
}
