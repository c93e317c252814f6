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

	"github.com/google/uuid"

	"github.com/strongroom-dev/strongroom/emulator/gcs"
	"github.com/strongroom-dev/strongroom/emulator/suite"
	"github.com/strongroom-dev/strongroom/shared/directory"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// showStorage shows that a tenant brings its own buckets: a wrong one is refused with reasons, and
// earlier runs and exports stay readable.
func (d *Demo) showStorage(ctx context.Context) error {
	d.printf("\n   %s brings its own buckets: a wrong one is refused with reasons, and runs and exports from before stay readable (on another cloud)\n\n", acme)
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
	exportsBucket  = "acme-strongroom-exports"
)

func (d *Demo) changeStorage(ctx context.Context) (err error) {
	if d.tenants, err = setup(ctx, d.cloud, d.workspace); err != nil {
		return err
	}
	record := d.tenants[acme]
	err = errors.Join(
		d.cloud.CreateCustomerBucket(record, tenant.Outputs, wrongBucket, func(b *gcs.Bucket) { b.Location, b.PublicPrevention = "US", "inherited" }),
		d.cloud.CreateCustomerBucket(record, tenant.Outputs, customerBucket, nil),
		d.cloud.CreateCustomerBucket(record, tenant.Exports, exportsBucket, nil),
	)
	if err != nil {
		return fmt.Errorf("create the customer's buckets: %w", err)
	}
	t := table{head: []string{"caller", "request", "status", "answer", "result"}}
	before, err := d.storedRun(ctx)
	if err != nil {
		return err
	}
	exportBefore, err := d.storedExport(ctx)
	if err != nil {
		return err
	}
	for _, s := range []struct {
		of                     tenant.Component
		bucket, result, failed string
	}{
		{of: tenant.Outputs, bucket: record.OutputsBucket, result: "usable"},
		{of: tenant.Outputs, bucket: wrongBucket, result: "unusable", failed: "location public-access"},
		{of: tenant.Outputs, bucket: customerBucket, result: "usable"},
		{of: tenant.Exports, bucket: customerBucket, result: "unusable", failed: "component"},
		{of: tenant.Exports, bucket: exportsBucket, result: "usable"},
	} {
		if err := d.verifyStorage(ctx, &t, s.of, s.bucket, s.result, s.failed); err != nil {
			return err
		}
	}
	for of, bucket := range map[tenant.Component]string{tenant.Outputs: customerBucket, tenant.Exports: exportsBucket} {
		if _, err := d.cloud.SetStorage(ctx, acme, of, bucket); err != nil {
			return err
		}
	}
	d.cloud.Clock.Advance(directory.MaxAge)
	after, err := d.storedRun(ctx)
	if err != nil {
		return err
	}
	exportAfter, err := d.storedExport(ctx)
	if err != nil {
		return err
	}
	if err := errors.Join(
		d.readOf(ctx, &t, "read a run in the new bucket", after, http.StatusOK),
		d.readOf(ctx, &t, "read a run from before the change", before, http.StatusOK),
		d.filesOf(ctx, &t, "list an export in the new bucket", exportAfter, exportsBucket),
		d.filesOf(ctx, &t, "list an export from before the change", exportBefore, record.ExportsBucket),
		d.cloud.WithdrawCustomerRoles(record, tenant.Outputs, customerBucket),
		d.readOf(ctx, &t, "read it after the customer has withdrawn the access", after, http.StatusForbidden),
		d.readOf(ctx, &t, "read a run from before the change", before, http.StatusOK),
		d.cloud.WithdrawCustomerRoles(record, tenant.Exports, exportsBucket),
		d.filesOf(ctx, &t, "list the export after the customer has withdrawn the access", exportAfter, ""),
		d.filesOf(ctx, &t, "list an export from before the change", exportBefore, record.ExportsBucket),
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
func (d *Demo) verifyStorage(ctx context.Context, t *table, of tenant.Component, bucket, result, failed string) error {
	got, err := d.call(ctx, acme, "admin", http.MethodPost, "/v1/tenant/storage/verify", map[string]any{"component": of, "bucket": bucket})
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
	t.add("admin of "+string(acme), "verify "+bucket+" for "+string(of), fmt.Sprint(got.status), answer, d.check(shown.Result == result && strings.Join(ids, " ") == failed))
	return nil
}

// storedExport exports the runs, and returns the path of the export.
func (d *Demo) storedExport(ctx context.Context) (string, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return "", fmt.Errorf("create the ID of an export: %w", err)
	}
	path := "/v1/exports/" + id.String()
	if got, err := d.call(ctx, acme, "auditor", http.MethodPut, path, map[string]any{"kinds": []string{"metadata"}}); err != nil || got.status != http.StatusOK {
		return "", fmt.Errorf("create an export: status %d, %w", got.status, err)
	}
	return path, d.finishExports(ctx)
}

// filesOf lists the files of an export, whose URLs must name a bucket. Without one, the list must
// be refused.
func (d *Demo) filesOf(ctx context.Context, t *table, what, path, bucket string) error {
	got, err := d.call(ctx, acme, "auditor", http.MethodGet, path+"/files", nil)
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	var answer struct {
		Code  string
		Files []struct{ URL string }
	}
	if err := json.Unmarshal(got.body, &answer); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	text, good := answer.Code, bucket == "" && answer.Code == "storage-unavailable"
	if len(answer.Files) > 0 {
		text, good = "URLs of "+bucket, bucket != "" && strings.Contains(answer.Files[0].URL, "/"+bucket+"/")
	}
	t.add("auditor of "+string(acme), what, fmt.Sprint(got.status), text, d.check(good))
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
