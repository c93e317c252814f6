package offboarding_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	pb "cloud.google.com/go/firestore/apiv1/firestorepb"
	"cloud.google.com/go/kms/apiv1/kmspb"
	"cloud.google.com/go/storage"
	"google.golang.org/api/iterator"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/suite"
	"github.com/strongroom-dev/strongroom/shared/bucket"
	"github.com/strongroom-dev/strongroom/shared/certificate"
	"github.com/strongroom-dev/strongroom/shared/offboard"
)

func TestMain(m *testing.M) { cloudtest.Main(m) }

const day = 24 * time.Hour

type fixture struct {
	*cloudtest.Tenant
	objects *storage.Client
}

// newFixture returns a tenant that has an output, a configuration, an export and an issue.
func newFixture(t *testing.T, c *cloudtest.Cloud) *fixture {
	t.Helper()
	f := &fixture{Tenant: c.Tenant(t)}
	f.Store(t, cloudtest.NewRun(t), "stdout.log", []byte("output of "+f.ID))
	f.PushConfig(t, f.Workspace, cloudtest.SLX("configuration of "+string(f.ID)))
	f.CreateExport(t, map[string]any{"kinds": []string{"metadata"}})
	c.FinishExports(t)
	var err error
	if f.objects, err = bucket.NewClient(t.Context(), c.Operator.Config); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.objects.Close() })
	return f
}

// start makes both halves of an offboarding.
func (f *fixture) start(t *testing.T) {
	t.Helper()
	var asked struct{ ID string }
	f.Do(t, "admin", http.MethodPost, "/v1/tenant/offboarding", map[string]any{"tenant": f.ID}).Want(t, http.StatusOK).JSON(t, &asked)
	f.staff(t, http.MethodPost, "/offboarding", map[string]any{"request": asked.ID}).Want(t, http.StatusOK)
}

func (f *fixture) staff(t *testing.T, method, path string, body any) cloudtest.Response {
	t.Helper()
	return f.Do(t, "platform", method, "/v1/tenants/"+string(f.ID)+path, body)
}

type shown struct{ Step, Waits string }

// after advances the clock, runs the function, and returns where the offboarding is.
func (f *fixture) after(t *testing.T, d time.Duration) (s shown) {
	t.Helper()
	f.Cloud.Clock.Advance(d)
	f.Cloud.RunScheduled(t, "offboarding")
	f.staff(t, http.MethodGet, "/offboarding", nil).Want(t, http.StatusOK).JSON(t, &s)
	return s
}

func (f *fixture) want(t *testing.T, d time.Duration, step offboard.Step, waits string) {
	t.Helper()
	if got := f.after(t, d); got != (shown{string(step), waits}) {
		t.Fatalf("after %v, the step is %+v, want %s waiting for %q", d, got, step, waits)
	}
}

func (f *fixture) certificate(t *testing.T, kind string) certificate.Certificate {
	t.Helper()
	var got struct {
		Kind, Note   string
		VerifierKeys []string
	}
	f.staff(t, http.MethodGet, "/certificate", nil).Want(t, http.StatusOK).JSON(t, &got)
	c, err := certificate.Verify([]byte(got.Note), got.VerifierKeys...)
	if err != nil {
		t.Fatalf("verify the certificate: %v\n%s", err, got.Note)
	}
	if got.Kind != kind || c.Kind != kind || c.Tenant != string(f.ID) {
		t.Fatalf("the certificate is %s of %s, want %s", c.Kind, c.Tenant, kind)
	}
	return c
}

// left lists what the stores have.
func (f *fixture) left(t *testing.T) (all []string) {
	t.Helper()
	for _, name := range []string{f.OutputsBucket, f.ConfigsBucket, f.ExportsBucket} {
		objects := f.objects.Bucket(name).Objects(t.Context(), nil)
		for {
			o, err := objects.Next()
			if err == iterator.Done {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, name+"/"+o.Name)
		}
	}
	f.Cloud.Firestore.Walk(func(database, document string, _ map[string]*pb.Value) bool {
		if strings.Contains(database, "(default)") && strings.HasPrefix(document, "tenants/"+string(f.ID)+"/") {
			all = append(all, document)
		}
		return true
	})
	return all
}

func erasable(all []string) (left []string) {
	for _, name := range all {
		keep := false
		for _, c := range []string{"/audit/", "/auditTrees/", "/auditCosignatures/", "/auditDelivery/", "/offboarding/"} {
			keep = keep || strings.Contains(name, c)
		}
		if !keep {
			left = append(left, name)
		}
	}
	return left
}

func TestAnOffboardingTakesItsStepsByTheClock(t *testing.T) {
	t.Parallel()
	c := cloudtest.New(t, suite.Options{})
	f, other := newFixture(t, c), newFixture(t, c)
	before := len(erasable(f.left(t)))
	f.start(t)
	f.want(t, 0, offboard.Count, offboard.Time)
	f.want(t, 16*time.Minute, offboard.Export, offboard.Time)
	interim := f.certificate(t, certificate.Interim)
	var found int64
	for _, s := range interim.Stores {
		found += s.Found
		if s.Present != s.Found || s.Erased != nil {
			t.Errorf("the interim certificate has %+v", s)
		}
	}
	if found != int64(before) || len(interim.Keys) != 1 || interim.Keys[0].State != "ENABLED" {
		t.Errorf("the interim certificate finds %d of %d, with the keys %+v", found, before, interim.Keys)
	}
	f.want(t, 29*day, offboard.Export, offboard.Time)
	f.Do(t, "admin", http.MethodGet, "/v1/exports", nil).Want(t, http.StatusOK) // it can still read
	f.want(t, day, offboard.AwaitKey, offboard.KeyLeft)
	if n := len(erasable(f.left(t))); n != before {
		t.Errorf("%d of %d are left before the key is destroyed", n, before)
	}
	f.want(t, 25*time.Hour, offboard.AwaitGoogle, offboard.Time)
	if left := erasable(f.left(t)); len(left) > 0 {
		t.Errorf("after the deletion, the stores have %v", left)
	}
	f.want(t, 97*day, offboard.AwaitGoogle, offboard.Time)
	f.want(t, day, offboard.Done, "")
	final := f.certificate(t, certificate.Final)
	for _, s := range final.Stores {
		if s.Present != 0 || s.Erased == nil {
			t.Errorf("the final certificate has %+v", s)
		}
	}
	if len(final.Keys) != 1 || final.Keys[0].State != "DESTROYED" || final.Keys[0].Destroyed == nil || final.Start == "" || final.Request == "" {
		t.Errorf("the final certificate is %+v", final)
	}
	f.want(t, day, offboard.Done, "")
	if len(erasable(other.left(t))) == 0 {
		t.Error("the other tenant has nothing any more")
	}
	other.Do(t, "auditor", http.MethodGet, "/v1/exports", nil).Want(t, http.StatusOK)
}

func TestAHoldStopsAnOffboarding(t *testing.T) {
	t.Parallel()
	c := cloudtest.New(t, suite.Options{})
	f := newFixture(t, c)
	f.start(t)
	f.want(t, 16*time.Minute, offboard.Export, offboard.Time)
	before := len(erasable(f.left(t)))
	f.Do(t, "admin", http.MethodPut, "/v1/tenant/holds/case", map[string]any{"workspace": f.Workspace}).Want(t, http.StatusOK)
	f.want(t, 31*day, offboard.Retention, offboard.Held)
	f.lift(t)
	f.want(t, time.Hour, offboard.AwaitKey, offboard.KeyLeft)
	f.Do(t, "admin", http.MethodPut, "/v1/tenant/holds/case", map[string]any{}).Want(t, http.StatusOK) // in the middle
	f.want(t, 25*time.Hour, offboard.DeleteObjects, offboard.Held)
	c.RunScheduled(t, "legal-holds")
	if n := len(erasable(f.left(t))); n < before {
		t.Errorf("under the hold, %d of %d are left", n, before)
	}
	f.lift(t)
	f.want(t, time.Hour, offboard.DeleteObjects, offboard.Retained) // the objects are still held
	c.RunScheduled(t, "legal-holds")
	f.want(t, time.Hour, offboard.AwaitGoogle, offboard.Time)
}

func (f *fixture) lift(t *testing.T) {
	t.Helper()
	var asked struct{ Lifting struct{ ID string } }
	f.Do(t, "admin", http.MethodPost, "/v1/tenant/holds/case/lift", nil).Want(t, http.StatusOK).JSON(t, &asked)
	f.staff(t, http.MethodPost, "/holds/case/lift", map[string]any{"lifting": asked.Lifting.ID}).Want(t, http.StatusOK)
}

func TestAnOffboardingIsStoppedUntilTheKeyIsDestroyed(t *testing.T) {
	t.Parallel()
	c := cloudtest.New(t, suite.Options{})
	f := newFixture(t, c)
	f.start(t)
	f.want(t, 31*day, offboard.AwaitKey, offboard.KeyLeft)
	f.Do(t, "admin", http.MethodPost, "/v1/tenant/offboarding/stop", nil).Want(t, http.StatusOK)
	c.Clock.Advance(2 * time.Minute)
	f.Do(t, "admin", http.MethodPost, "/v1/tenant/key/enable", nil).Want(t, http.StatusOK)
	c.Clock.Advance(40 * day)
	c.RunScheduled(t, "offboarding")
	f.Do(t, "admin", http.MethodGet, "/v1/exports", nil).Want(t, http.StatusOK)
	f.Do(t, "runner", http.MethodPut, f.RunPath(cloudtest.NewRun(t)), map[string]any{"task": "dns", "start": c.Clock.Now().UTC()}).Want(t, http.StatusOK)

	f.start(t) // it begins from the first step
	f.want(t, 16*time.Minute, offboard.Export, offboard.Time)
	f.want(t, 31*day, offboard.AwaitKey, offboard.KeyLeft)
	c.Clock.Advance(25 * time.Hour)
	if r := f.staff(t, http.MethodPost, "/offboarding/stop", nil); r.Status != http.StatusConflict || !strings.Contains(string(r.Body), "key-destroyed") {
		t.Errorf("after the destruction, the offboarding is stopped: %d %s", r.Status, r.Body)
	}
}

func TestAVersionThatSomebodyRestoresIsDestroyedAgain(t *testing.T) {
	t.Parallel()
	c := cloudtest.New(t, suite.Options{})
	f := newFixture(t, c)
	f.start(t)
	f.want(t, 31*day, offboard.AwaitKey, offboard.KeyLeft)
	client, err := c.Operator.KMS(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.RestoreCryptoKeyVersion(t.Context(), &kmspb.RestoreCryptoKeyVersionRequest{Name: f.KeyName + "/cryptoKeyVersions/1"}); err != nil {
		t.Fatal(err)
	}
	f.want(t, time.Hour, offboard.AwaitKey, offboard.KeyLeft)
	f.want(t, 25*time.Hour, offboard.AwaitGoogle, offboard.Time)
}
