package exports_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/suite"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
	buckets "github.com/strongroom-dev/strongroom/shared/bucket"
	"github.com/strongroom-dev/strongroom/shared/directory"
	"github.com/strongroom-dev/strongroom/shared/exportjob"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// everything is a request for an export of output and audit entries.
var everything = map[string]any{"kinds": []string{"audit", "outputs"}}

// storageFixture is a tenant with output.
type storageFixture struct{ *cloudtest.Tenant }

func newStorageFixture(t *testing.T) storageFixture {
	t.Helper()
	c := cloudtest.New(t, suite.Options{})
	f := storageFixture{c.Tenant(t)}
	f.Store(t, cloudtest.NewRun(t), "out.log", []byte("of a run\n"))
	return f
}

// change makes a customer's bucket the one for exports, and waits until every function knows.
func (f *storageFixture) change(t *testing.T) (bucket string) {
	t.Helper()
	bucket = "exports-" + string(f.ID)
	if err := f.Cloud.CreateCustomerBucket(f.Record, tenant.Exports, bucket, nil); err != nil {
		t.Fatal(err)
	}
	record, err := f.Cloud.SetStorage(t.Context(), f.ID, tenant.Exports, bucket)
	if err != nil {
		t.Fatal(err)
	}
	f.Record = record
	f.Cloud.Clock.Advance(directory.MaxAge)
	return bucket
}

func (f *storageFixture) bucketOf(t *testing.T, id string) (bucket string) {
	t.Helper()
	var e struct{ Bucket string }
	f.Do(t, "auditor", http.MethodGet, "/v1/exports/"+id, nil).Want(t, http.StatusOK).JSON(t, &e)
	return e.Bucket
}

// wantIn pulls an export, which verifies each file, and checks where its files are.
func (f *storageFixture) wantIn(t *testing.T, id, bucket string) {
	t.Helper()
	if got := f.bucketOf(t, id); got != bucket {
		t.Errorf("the export is in %s, want %s", got, bucket)
	}
	files := f.PullExport(t, id)
	output := false
	for name, file := range files {
		output = output || strings.HasPrefix(name, "parts/") && string(file.Data) == "of a run\n"
	}
	if !output {
		t.Errorf("the export in %s has no copy of the output", bucket)
	}
	for _, file := range f.ExportFiles(t, id) {
		if !strings.HasPrefix(parse(t, file.URL).Path, "/"+bucket+"/"+id+"/") {
			t.Errorf("the URL of %s is not of the bucket %s", file.Name, bucket)
		}
	}
}

func TestAnExportStaysInItsBucketWhenTheStorageChanges(t *testing.T) {
	t.Parallel()
	f := newStorageFixture(t)
	platform := f.ExportsBucket
	before := f.CreateExport(t, everything).ID
	f.Cloud.FinishExports(t)
	f.wantIn(t, before, platform)
	running := f.CreateExport(t, everything).ID // it waits for its read time
	bucket := f.change(t)
	after := f.CreateExport(t, everything).ID
	f.Do(t, "admin", http.MethodPut, "/v1/export-schedules/s", map[string]any{"kinds": []string{"outputs"}, "every": "hourly"}).Want(t, http.StatusOK)
	f.Cloud.FinishExports(t)
	f.wantIn(t, before, platform)
	f.wantIn(t, running, platform)
	f.wantIn(t, after, bucket)

	byStaff := cloudtest.NewRun(t)
	f.Do(t, "platform", http.MethodPut, "/v1/tenants/"+string(f.ID)+"/exports/"+byStaff, everything).Want(t, http.StatusOK)
	f.Cloud.Clock.Advance(time.Hour)
	f.Cloud.RunScheduled(t, "export-scheduler")
	f.Cloud.FinishExports(t)
	f.wantIn(t, byStaff, bucket)
	var page struct {
		Exports []struct{ ID, Bucket, Schedule string }
	}
	f.Do(t, "auditor", http.MethodGet, "/v1/exports", nil).Want(t, http.StatusOK).JSON(t, &page)
	of := map[string]string{}
	for _, e := range page.Exports {
		of[e.Schedule] = e.Bucket
	}
	if of["s"] != bucket {
		t.Errorf("the export of the schedule is in %q, want %s", of["s"], bucket)
	}
}

// TestAnExportFromBeforeBucketsWereRememberedIsInTheFirstBucket removes the field, as if the export
// were older.
func TestAnExportFromBeforeBucketsWereRememberedIsInTheFirstBucket(t *testing.T) {
	t.Parallel()
	f := newStorageFixture(t)
	platform := f.ExportsBucket
	id := f.CreateExport(t, everything).ID
	f.remember(t, id, "")
	f.change(t)
	f.Cloud.FinishExports(t)
	f.wantIn(t, id, platform)
}

// remember changes the bucket in the document of an export.
func (f *storageFixture) remember(t *testing.T, id, bucket string) {
	t.Helper()
	db, err := f.Cloud.Directory.Database(t.Context(), f.Record)
	if err != nil {
		t.Fatal(err)
	}
	ref := exportjob.Home{DB: db, Tenant: f.ID}.Exports().Doc(id)
	doc, err := ref.Get(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	fields := doc.Data()
	if fields["bucket"] = bucket; bucket == "" {
		delete(fields, "bucket")
	}
	if _, err := ref.Set(t.Context(), fields); err != nil {
		t.Fatal(err)
	}
}

func TestAnExportCannotNameTheBucketOfAnotherTenant(t *testing.T) {
	t.Parallel()
	f := newStorageFixture(t)
	other := f.Cloud.Tenant(t)
	done, running := f.CreateExport(t, everything).ID, ""
	f.Cloud.FinishExports(t)
	running = f.CreateExport(t, everything).ID
	for _, foreign := range []string{other.ExportsBucket, f.OutputsBucket} {
		f.remember(t, done, foreign)
		f.wantUnavailable(t, done)
	}
	f.remember(t, running, other.ExportsBucket)
	f.Cloud.FinishExports(t)
	if got := f.Export(t, running); got.State != "failed" || got.Reason != "storage-unavailable" {
		t.Errorf("an export into the bucket of another tenant is %+v", got)
	}
}

// wantUnavailable checks that the list of files is refused, on the record.
func (f *storageFixture) wantUnavailable(t *testing.T, id string) {
	t.Helper()
	before := f.refusals(t, id)
	r := f.Do(t, "auditor", http.MethodGet, "/v1/exports/"+id+"/files", nil).Want(t, http.StatusForbidden)
	if got := code(t, r); got != "storage-unavailable" {
		t.Errorf("the code is %s", got)
	}
	if diff := cmp.Diff(before+1, f.refusals(t, id)); diff != "" {
		t.Errorf("the number of refusals on record: %s", diff)
	}
}

func (f *storageFixture) refusals(t *testing.T, id string) (n int) {
	t.Helper()
	for _, e := range entries(t, f.Tenant) {
		if e.Action == auditlog.ReadExportFiles && e.Outcome == auditlog.Denied && e.Reason == "storage-unavailable" && e.Resource == "exports/"+id && e.Of != "" {
			n++
		}
	}
	return n
}

func TestAWithdrawnBucketLocksOnlyItsExports(t *testing.T) {
	t.Parallel()
	f := newStorageFixture(t)
	other := storageFixture{f.Cloud.Tenant(t)}
	other.Store(t, cloudtest.NewRun(t), "out.log", []byte("of a run\n"))
	platform := f.ExportsBucket
	before := f.CreateExport(t, everything).ID
	f.Cloud.FinishExports(t)
	bucket := f.change(t)
	done := f.CreateExport(t, everything).ID
	f.Cloud.FinishExports(t)
	paused := f.CreateExport(t, everything).ID
	if err := f.Cloud.WithdrawCustomerRoles(f.Record, tenant.Exports, bucket); err != nil {
		t.Fatal(err)
	}
	theirs := other.CreateExport(t, everything).ID
	f.Cloud.FinishExports(t)
	if got := f.Export(t, paused); got.State != "paused" || got.Reason != "storage-unavailable" {
		t.Errorf("without access to its bucket, an export is %+v", got)
	}
	f.wantUnavailable(t, done)
	f.wantIn(t, before, platform)
	other.wantIn(t, theirs, other.ExportsBucket)

	if err := f.Cloud.GrantCustomerRoles(f.Record, tenant.Exports, bucket); err != nil {
		t.Fatal(err)
	}
	f.republish(t, 15*time.Minute)
	f.wantIn(t, done, bucket)
	f.wantIn(t, paused, bucket)

	failed := f.CreateExport(t, everything).ID
	if err := f.Cloud.WithdrawCustomerRoles(f.Record, tenant.Exports, bucket); err != nil {
		t.Fatal(err)
	}
	f.Cloud.FinishExports(t)
	f.republish(t, 24*time.Hour+time.Minute)
	if got := f.Export(t, failed); got.State != "failed" || got.Reason != "storage-unavailable" {
		t.Errorf("after a day without access, an export is %+v", got)
	}
}

// republish lets time pass until the messages of exports that are paused are sent again.
func (f *storageFixture) republish(t *testing.T, wait time.Duration) {
	t.Helper()
	f.Cloud.Clock.Advance(wait)
	f.Cloud.RunScheduled(t, "export-scheduler")
	f.Cloud.FinishExports(t)
}

// TestAFileThatTheCustomerHasDeletedIsNoWithdrawnAccess lists the files of an export that the
// owner of the bucket has deleted: only their URLs fail.
func TestAFileThatTheCustomerHasDeletedIsNoWithdrawnAccess(t *testing.T) {
	t.Parallel()
	f := newStorageFixture(t)
	bucket := f.change(t)
	id := f.CreateExport(t, everything).ID
	f.Cloud.FinishExports(t)
	first := f.ExportFiles(t, id)[0]
	client, err := buckets.NewClient(t.Context(), f.Cloud.As(suite.OperatorAccount))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	if err := client.Bucket(bucket).Object(id + "/" + first.Name).Delete(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := status(t, http.MethodGet, f.ExportFiles(t, id)[0].URL); got < 400 {
		t.Errorf("the URL of a file that was deleted answers %d", got)
	}
}
