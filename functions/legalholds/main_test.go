package legalholds_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"cloud.google.com/go/firestore"
	"cloud.google.com/go/storage"
	"google.golang.org/api/googleapi"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/suite"
	"github.com/strongroom-dev/strongroom/shared/bucket"
	"github.com/strongroom-dev/strongroom/shared/directory"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

func TestMain(m *testing.M) { cloudtest.Main(m) }

// fixture is a tenant with two workspaces, a run in each, and an object in each bucket.
type fixture struct {
	*cloudtest.Tenant
	buckets *storage.Client
	objects map[string]*storage.ObjectHandle // by what it is
	runs    []string
}

func newFixture(t *testing.T, c *cloudtest.Cloud) *fixture {
	t.Helper()
	f := &fixture{Tenant: c.Tenant(t, "prod", "dev"), objects: map[string]*storage.ObjectHandle{}}
	var err error
	if f.buckets, err = bucket.NewClient(t.Context(), c.Operator.Config); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.buckets.Close() })
	for _, w := range []string{"prod", "dev"} {
		id := cloudtest.NewRun(t)
		f.runs = append(f.runs, id)
		path := "/v1/workspaces/" + w + "/runs/" + id
		f.Do(t, "runner", http.MethodPut, path, map[string]any{"task": "dns", "start": time.Now().UTC()}).Want(t, http.StatusOK)
		f.put(t, "output of "+w, f.OutputsBucket, w+"/"+id+"/stdout.log/00001")
		f.put(t, "pack of "+w, f.ConfigsBucket, w+"/abc.pack")
		f.put(t, "waiting push of "+w, f.ConfigsBucket, "_held/"+w+"/abc.pack")
	}
	f.put(t, "output of another run", f.OutputsBucket, "prod/"+cloudtest.NewRun(t)+"/stdout.log/00001")
	f.put(t, "export", f.ExportsBucket, "an-export/manifest")
	return f
}

func (f *fixture) put(t *testing.T, what, bucketName, name string) {
	t.Helper()
	f.objects[what] = f.buckets.Bucket(bucketName).Object(name)
	if err := bucket.Create(t.Context(), f.objects[what], "text/plain", []byte(what)); err != nil {
		t.Fatal(err)
	}
}

func (f *fixture) wantHeld(t *testing.T, when string, want ...string) {
	t.Helper()
	f.Cloud.RunScheduled(t, "legal-holds")
	for what, o := range f.objects {
		attrs, err := o.Attrs(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		held := false
		for _, w := range want {
			held = held || strings.HasPrefix(what, w)
		}
		if attrs.TemporaryHold != held {
			t.Errorf("%s: the hold of the %s is %v", when, what, attrs.TemporaryHold)
		}
		if !held {
			continue
		}
		var refused *googleapi.Error
		if err := o.Delete(t.Context()); !errors.As(err, &refused) || refused.Code != http.StatusForbidden {
			t.Errorf("%s: the operator deletes the %s: %v", when, what, err)
		}
	}
}

func (f *fixture) place(t *testing.T, id string, body map[string]any) {
	t.Helper()
	f.Do(t, "admin", http.MethodPut, "/v1/tenant/holds/"+id, body).Want(t, http.StatusOK)
}

func (f *fixture) lift(t *testing.T, id string) {
	t.Helper()
	var asked struct{ Lifting struct{ ID string } }
	path := "/v1/tenant/holds/" + id + "/lift"
	f.Do(t, "admin", http.MethodPost, path, nil).Want(t, http.StatusOK).JSON(t, &asked)
	f.Do(t, "platform", http.MethodPost, strings.Replace(path, "/tenant/", "/tenants/"+string(f.ID)+"/", 1), map[string]any{"lifting": asked.Lifting.ID}).Want(t, http.StatusOK)
}

func TestObjectsAreHeldAsTheHoldsSay(t *testing.T) {
	t.Parallel()
	c := cloudtest.New(t, suite.Options{})
	f, other := newFixture(t, c), newFixture(t, c)
	f.wantHeld(t, "without a hold")
	f.place(t, "run", map[string]any{"workspace": "dev", "run": f.runs[1]})
	f.wantHeld(t, "with a hold on a run", "output of dev", "export")
	f.place(t, "workspace", map[string]any{"workspace": "prod"})
	f.wantHeld(t, "with a hold on a workspace too", "output", "pack of prod", "waiting push of prod", "export")
	f.place(t, "tenant", map[string]any{})
	f.wantHeld(t, "with a hold on the tenant too", "")
	f.lift(t, "tenant")
	f.wantHeld(t, "after the hold on the tenant was lifted", "output", "pack of prod", "waiting push of prod", "export")
	f.lift(t, "workspace")
	f.lift(t, "run")
	f.wantHeld(t, "after all holds were lifted")
	other.wantHeld(t, "of another tenant")
}

// TestExportsOfAnEarlierBucketAreHeld moves new exports to a customer's bucket, where the platform
// can hold nothing.
func TestExportsOfAnEarlierBucketAreHeld(t *testing.T) {
	t.Parallel()
	c := cloudtest.New(t, suite.Options{})
	f, customers := newFixture(t, c), "exports-of-the-customer"
	if err := c.CreateCustomerBucket(f.Record, tenant.Exports, customers, nil); err != nil {
		t.Fatal(err)
	}
	f.put(t, "customer's file", customers, "an-export/manifest")
	if _, err := c.SetStorage(t.Context(), f.ID, tenant.Exports, customers); err != nil {
		t.Fatal(err)
	}
	c.Clock.Advance(directory.MaxAge)
	f.place(t, "run", map[string]any{"workspace": "dev", "run": f.runs[1]})
	f.wantHeld(t, "with a hold on a run", "output of dev", "export")
}

func TestNewObjectsAreHeldWithinADay(t *testing.T) {
	t.Parallel()
	c := cloudtest.New(t, suite.Options{})
	f := newFixture(t, c)
	f.place(t, "tenant", map[string]any{})
	f.wantHeld(t, "with a hold on the tenant", "")
	f.put(t, "new output", f.OutputsBucket, "prod/new")
	c.Clock.Advance(12 * time.Hour)
	f.wantHeld(t, "12 hours later", "")
	var list struct{ Holds []struct{ Marked bool } }
	f.Do(t, "admin", http.MethodGet, "/v1/tenant/holds", nil).Want(t, http.StatusOK).JSON(t, &list)
	if len(list.Holds) != 1 || !list.Holds[0].Marked {
		t.Errorf("the holds are %+v", list.Holds)
	}
}

func TestDocumentsThatAreNowhereElseDoNotExpireUnderAHold(t *testing.T) {
	t.Parallel()
	c := cloudtest.New(t, suite.Options{})
	f := newFixture(t, c)
	db, err := c.Operator.Default(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for collection, field := range map[string]string{"modelRequests": "until", "usage": "expires"} {
		ref := db.Doc("tenants/" + string(f.ID) + "/" + collection + "/2026-01-02")
		until := time.Now().Add(time.Hour).UTC().Truncate(time.Microsecond)
		if _, err := ref.Set(t.Context(), map[string]any{field: until}); err != nil {
			t.Fatal(err)
		}
		stored := func() (until, held any) {
			t.Helper()
			c.RunScheduled(t, "legal-holds")
			doc, err := ref.Get(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			return doc.Data()[field], doc.Data()["heldUntil"]
		}
		f.place(t, "of-"+field, map[string]any{"workspace": "dev", "run": f.runs[1]})
		if until, held := stored(); until != nil || held == nil {
			t.Errorf("%s: under a hold, it expires %v, held %v", collection, until, held)
		}
		f.lift(t, "of-"+field)
		if got, held := stored(); got != until || held != nil {
			t.Errorf("%s: after the hold, it expires %v, held %v", collection, got, held)
		}
	}
}

func TestAPassThatWasInterruptedIsContinued(t *testing.T) {
	t.Parallel()
	c := cloudtest.New(t, suite.Options{})
	f := newFixture(t, c)
	f.place(t, "tenant", map[string]any{})
	c.RunScheduled(t, "legal-holds")
	db, err := c.Operator.Default(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	// As if the call had ended in the middle of the second bucket.
	pass := db.Doc("tenants/" + string(f.ID) + "/holdPasses/state")
	if _, err := pass.Update(t.Context(), []firestore.Update{
		{Path: "bucket", Value: f.ConfigsBucket}, {Path: "after", Value: "a"}, {Path: "finished", Value: time.Time{}},
	}); err != nil {
		t.Fatal(err)
	}
	f.put(t, "pack that came meanwhile", f.ConfigsBucket, "prod/later.pack")
	f.wantHeld(t, "after the next call", "")
}
