package outputs_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/suite"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/directory"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// storageFixture is a tenant that has changed its storage: the run old is in the first bucket,
// and the run f.run is in the customer's.
type storageFixture struct {
	fixture
	old          fixture
	bucketBefore string
}

func newStorageFixture(t *testing.T) (f storageFixture) {
	t.Helper()
	c := cloudtest.New(t, suite.Options{})
	tn := c.Tenant(t)
	f.old, f.fixture, f.bucketBefore = fixture{tn, cloudtest.NewRun(t)}, fixture{tn, cloudtest.NewRun(t)}, tn.OutputsBucket
	f.old.put(t, counted("out.log", 1, []byte("from before\n")))
	f.change(t, "customer-"+string(tn.ID))
	f.put(t, counted("out.log", 1, []byte("in the new bucket\n")))
	return f
}

// change makes a customer's bucket the storage, and waits until every function knows.
func (f *storageFixture) change(t *testing.T, bucket string) {
	t.Helper()
	if err := f.Cloud.CreateCustomerBucket(f.Record, tenant.Outputs, bucket, nil); err != nil {
		t.Fatal(err)
	}
	record, err := f.Cloud.SetStorage(t.Context(), f.ID, tenant.Outputs, bucket)
	if err != nil {
		t.Fatal(err)
	}
	f.Record = record
	f.Cloud.Clock.Advance(directory.MaxAge)
}

// bucketOf returns the bucket that a new upload URL of a run is for.
func bucketOf(t *testing.T, f fixture, output string) string {
	t.Helper()
	upload := f.Mint(t, f.run, cloudtest.PartOf(output, 1, []byte("x")))[0]
	u, err := url.Parse(upload.URL)
	if err != nil {
		t.Fatal(err)
	}
	bucket, _, _ := strings.Cut(strings.TrimPrefix(u.Path, "/"), "/")
	return bucket
}

func TestARunStaysInItsBucketWhenTheStorageChanges(t *testing.T) {
	t.Parallel()
	f := newStorageFixture(t)
	wantBody(t, f.read(t, "out.log", "").Want(t, http.StatusOK), []byte("in the new bucket\n"))
	wantBody(t, f.old.read(t, "out.log", "").Want(t, http.StatusOK), []byte("from before\n"))

	if got := bucketOf(t, f.old, "later.log"); got != f.bucketBefore {
		t.Errorf("a run from before the change gets a URL for %s, want %s", got, f.bucketBefore)
	}
	f.old.put(t, counted("more.log", 1, []byte("of the same run\n")))
	wantBody(t, f.old.read(t, "more.log", "").Want(t, http.StatusOK), []byte("of the same run\n"))
	if got := bucketOf(t, f.fixture, "later.log"); got != f.OutputsBucket {
		t.Errorf("a new run gets a URL for %s, want %s", got, f.OutputsBucket)
	}
	for _, run := range []fixture{f.old, f.fixture} {
		token := run.openView(t, "out.log", map[string]any{}).View
		run.read(t, "out.log", "?lines=1-1", "Strongroom-View", token).Want(t, http.StatusOK)
	}
}

func TestExportsCopyFromTheBucketOfEachRun(t *testing.T) {
	t.Parallel()
	f := newStorageFixture(t)
	f.Cloud.Clock.Advance(time.Minute)
	id := f.CreateExport(t, map[string]any{"kinds": []string{"outputs"}}).ID
	f.Cloud.FinishExports(t)
	files := f.PullExport(t, id)
	for run, want := range map[string]string{f.old.run: "from before\n", f.run: "in the new bucket\n"} {
		found := false
		for name, file := range files {
			found = found || strings.Contains(name, run) && string(file.Data) == want
		}
		if !found {
			t.Errorf("no file of the export has the output %q of run %s", want, run)
		}
	}
}

func TestAWithdrawnBucketLocksOnlyItsRuns(t *testing.T) {
	t.Parallel()
	f := newStorageFixture(t)
	other := fixture{f.Cloud.Tenant(t), cloudtest.NewRun(t)}
	other.put(t, counted("out.log", 1, []byte("of another tenant\n")))
	view := f.openView(t, "out.log", map[string]any{}).View
	if err := f.Cloud.WithdrawCustomerRoles(f.Record, tenant.Outputs, f.OutputsBucket); err != nil {
		t.Fatal(err)
	}
	for _, header := range [][]string{nil, {"Strongroom-View", view}} {
		var p struct{ Code, Detail string }
		f.read(t, "out.log", "?lines=1-1", header...).Want(t, http.StatusForbidden).JSON(t, &p)
		if p.Code != "storage-unavailable" || !strings.Contains(p.Detail, "storage/verify") {
			t.Errorf("a read of a withdrawn bucket answers %+v", p)
		}
	}
	reasons := []string{}
	for _, e := range f.audited(t, auditlog.EndReadOutput) {
		reasons = append(reasons, e.Reason)
	}
	if diff := cmp.Diff([]string{"storage-unavailable", "storage-unavailable"}, reasons); diff != "" {
		t.Errorf("the reasons of the ends of reads: %s", diff)
	}
	upload := f.Mint(t, f.run, cloudtest.PartOf("next.log", 1, []byte("x")))[0]
	upload.Put(t, []byte("x")).Want(t, http.StatusForbidden)
	wantBody(t, f.old.read(t, "out.log", "").Want(t, http.StatusOK), []byte("from before\n"))
	wantBody(t, other.read(t, "out.log", "").Want(t, http.StatusOK), []byte("of another tenant\n"))

	if err := f.Cloud.GrantCustomerRoles(f.Record, tenant.Outputs, f.OutputsBucket); err != nil {
		t.Fatal(err)
	}
	wantBody(t, f.read(t, "out.log", "").Want(t, http.StatusOK), []byte("in the new bucket\n"))
}
