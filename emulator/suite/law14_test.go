package suite_test

import (
	"bytes"
	"cmp"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	pb "cloud.google.com/go/firestore/apiv1/firestorepb"
	"cloud.google.com/go/storage"
	"google.golang.org/protobuf/proto"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/suite"
	"github.com/strongroom-dev/strongroom/shared/bucket"
	"github.com/strongroom-dev/strongroom/shared/certificate"
	"github.com/strongroom-dev/strongroom/shared/directory"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// leavingCanary is in the plain names of everything that the tenant stores.
const leavingCanary = "canary-leaves"

// TestLaw14Gone offboards a tenant that has used everything. Afterward, its canary is in no store
// but those that the certificate says remain, and the certificate lists exactly what the stores
// had. Another tenant has everything. One of them has a database of its own.
func TestLaw14Gone(t *testing.T) {
	t.Parallel()
	t.Run("a tenant in the platform's database", func(t *testing.T) {
		t.Parallel()
		c := cloudtest.New(t, suite.Options{})
		wantGone(t, c.Tenant(t, leavingCanary), c.TenantWithDatabase(t, "stays"))
	})
	t.Run("a tenant in its own database", func(t *testing.T) {
		t.Parallel()
		c := cloudtest.New(t, suite.Options{})
		wantGone(t, c.TenantWithDatabase(t, leavingCanary), c.Tenant(t, "stays"))
	})
}

func wantGone(t *testing.T, tn, other *cloudtest.Tenant) {
	t.Helper()
	c := tn.Cloud
	if c.Firestore == nil {
		t.Skip("the stored documents of Google's emulator cannot be walked")
	}
	storeEverything(t, tn, leavingCanary)
	storeEverything(t, other, "stays")
	othersBefore := objectsOf(t, other)
	documents := len(documentsWith(c, "tenants/"+string(tn.ID)+"/", nil))
	wantOwnDatabases(t, tn, other)
	found := map[string]int{}
	for name, n := range objectsOf(t, tn) {
		found[name] = n
	}
	offboardByTheClock(t, tn)

	for _, name := range documentsWith(c, "", []byte(leavingCanary)) {
		if !remains(name, tn.ID) {
			t.Errorf("the document %s has the canary", name)
		}
	}
	for _, name := range documentsWith(c, "tenants/"+string(tn.ID)+"/", nil) {
		if !remains(name, tn.ID) {
			t.Errorf("the document %s is left", name)
		}
	}
	for name, n := range objectsOf(t, tn) {
		if n > 0 {
			t.Errorf("%s has %d objects", name, n)
		}
	}
	final := certificateOf(t, tn)
	wantPublicKeysVerify(t, tn, other)
	if final.Kind != certificate.Final || len(final.Stores) != 4 || final.Checkpoint == "" {
		t.Errorf("the certificate is %+v", final)
	}
	if left := slices.ContainsFunc(final.Remains, func(l certificate.Left) bool { return strings.Contains(l.What, "own database "+tn.DatabaseID) }); left != (tn.DatabaseID != "") {
		t.Errorf("the certificate says that a database of the tenant's own remains: %v, want %v", left, tn.DatabaseID != "")
	}
	for _, s := range final.Stores[:3] {
		if int(s.Found) != found[s.Name] || s.Found == 0 {
			t.Errorf("the certificate says that %s had %d objects; it had %d", s.Name, s.Found, found[s.Name])
		}
	}
	if s := final.Stores[3]; s.Found == 0 || int(s.Found) > documents {
		t.Errorf("the certificate says that there were %d documents, of %d with the audit log", s.Found, documents)
	}
	for name, n := range objectsOf(t, other) {
		if n != othersBefore[name] {
			t.Errorf("%s of the other tenant has %d objects, and had %d", name, n, othersBefore[name])
		}
	}
	other.Do(t, "admin", http.MethodGet, "/v1/exports", nil).Want(t, http.StatusOK)
	tn.Do(t, "auditor", http.MethodGet, "/v1/audit/entries", nil).Want(t, http.StatusOK) // the audit log stays readable
}

// wantOwnDatabases fails the test if a document of a tenant is in another database than its
// record says, or its database has documents of others.
func wantOwnDatabases(t *testing.T, tenants ...*cloudtest.Tenant) {
	t.Helper()
	documents := map[tenant.ID]int{}
	tenants[0].Cloud.Firestore.Walk(func(database, document string, _ map[string]*pb.Value) bool {
		id := database[strings.LastIndexByte(database, '/')+1:]
		for _, tn := range tenants {
			want := cmp.Or(tn.DatabaseID, "(default)")
			ofTenant := strings.HasPrefix(document, "tenants/"+string(tn.ID)+"/")
			if ofTenant && id == want {
				documents[tn.ID]++
			}
			if ofTenant && id != want && id != directory.DatabaseID {
				t.Errorf("%s is in the database %s, want %s", document, id, want)
			}
			if !ofTenant && id == tn.DatabaseID {
				t.Errorf("the database of %s has %s", tn.ID, document)
			}
		}
		return true
	})
	for _, tn := range tenants {
		if documents[tn.ID] == 0 {
			t.Errorf("the database of %s has none of its documents", tn.ID)
		}
	}
}

// storeEverything stores something of each kind, with a canary in its names.
func storeEverything(t *testing.T, tn *cloudtest.Tenant, canary string) {
	t.Helper()
	run, failed := cloudtest.NewRun(t), cloudtest.NewRun(t)
	tn.Do(t, "runner", http.MethodPut, tn.RunPath(run), map[string]any{"task": canary, "start": tn.Cloud.Clock.Now().UTC().Add(-time.Minute)}).Want(t, http.StatusOK)
	tn.Store(t, run, canary+".log", []byte("output"))
	tn.Do(t, "runner", http.MethodPut, tn.RunPath(failed), map[string]any{"task": canary, "start": tn.Cloud.Clock.Now().UTC().Add(-time.Minute)}).Want(t, http.StatusOK)
	tn.Do(t, "runner", http.MethodPost, tn.RunPath(failed)+"/report", map[string]any{
		"end": tn.Cloud.Clock.Now().UTC(), "outcome": "failure", "exitCode": 1,
		"issues": []map[string]any{{"line": `{"severity":2,"title":"` + canary + `"}`}},
	}).Want(t, http.StatusOK)
	tn.Do(t, "admin", http.MethodPut, "/v1/workspaces/"+string(tn.Workspace)+"/slis/"+canary, anObjective).Want(t, http.StatusOK)
	tn.Do(t, "admin", http.MethodPut, "/v1/workspaces/"+string(tn.Workspace)+"/assistants/"+canary, anAssistant).Want(t, http.StatusOK)
	tn.Do(t, "admin", http.MethodPut, "/v1/export-schedules/"+canary, aSchedule).Want(t, http.StatusOK)
	tn.PushConfig(t, tn.Workspace, cloudtest.SLX(canary))
	tn.Cloud.Drain(t)
	tn.CreateExport(t, anExport)
	tn.Cloud.FinishExports(t)
	tn.Cloud.Drain(t)
}

// offboardByTheClock takes all steps by the clock.
func offboardByTheClock(t *testing.T, tn *cloudtest.Tenant) {
	t.Helper()
	var asked struct{ ID string }
	tn.Do(t, "admin", http.MethodPost, "/v1/tenant/offboarding", map[string]any{"tenant": tn.ID}).Want(t, http.StatusOK).JSON(t, &asked)
	path := "/v1/tenants/" + string(tn.ID) + "/offboarding"
	tn.Do(t, "platform", http.MethodPost, path, map[string]any{"request": asked.ID}).Want(t, http.StatusOK)
	for _, d := range []time.Duration{20 * time.Minute, 31 * 24 * time.Hour, 25 * time.Hour, 99 * 24 * time.Hour} {
		tn.Cloud.Clock.Advance(d)
		tn.Cloud.RunScheduled(t, "audit-integrator")
		tn.Cloud.RunScheduled(t, "offboarding")
	}
	var s struct{ Step, Waits string }
	tn.Do(t, "platform", http.MethodGet, path, nil).Want(t, http.StatusOK).JSON(t, &s)
	if s.Step != "done" {
		t.Fatalf("the step is %+v", s)
	}
}

func certificateOf(t *testing.T, tn *cloudtest.Tenant) certificate.Certificate {
	t.Helper()
	var got struct {
		Note         string
		VerifierKeys []string
	}
	tn.Do(t, "platform", http.MethodGet, "/v1/tenants/"+string(tn.ID)+"/certificate", nil).Want(t, http.StatusOK).JSON(t, &got)
	c, err := certificate.Verify([]byte(got.Note), got.VerifierKeys...)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// wantPublicKeysVerify verifies the final certificate with the keys that everybody can read when
// nothing of the tenant is left. Those of another tenant do not verify it.
func wantPublicKeysVerify(t *testing.T, tn, other *cloudtest.Tenant) {
	t.Helper()
	var got struct{ Note string }
	tn.Do(t, "platform", http.MethodGet, "/v1/tenants/"+string(tn.ID)+"/certificate", nil).Want(t, http.StatusOK).JSON(t, &got)
	keysOf := func(id tenant.ID) []string {
		r := tn.Cloud.Do(t, "", http.MethodGet, "/v1/tenants/"+string(id)+"/certificates/keys", nil).Want(t, http.StatusOK)
		return strings.Split(strings.TrimSuffix(string(r.Body), "\n"), "\n")
	}
	c, err := certificate.Verify([]byte(got.Note), keysOf(tn.ID)...)
	if err != nil || c.Kind != certificate.Final {
		t.Errorf("the public keys verify a %s certificate: %v", c.Kind, err)
	}
	if _, err := certificate.Verify([]byte(got.Note), keysOf(other.ID)...); err == nil {
		t.Error("the keys of another tenant verify the certificate")
	}
}

// objectsOf counts the objects in each bucket of a tenant.
func objectsOf(t *testing.T, tn *cloudtest.Tenant) map[string]int {
	t.Helper()
	client, err := bucket.NewClient(t.Context(), tn.Cloud.Operator.Config)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	counts := map[string]int{}
	for _, name := range []string{tn.OutputsBucket, tn.ConfigsBucket, tn.ExportsBucket} {
		counts[name] = countObjects(t, client.Bucket(name))
	}
	return counts
}

func countObjects(t *testing.T, b *storage.BucketHandle) (n int) {
	t.Helper()
	for o := b.Objects(t.Context(), nil); ; n++ {
		if _, err := o.Next(); err != nil {
			return n
		}
	}
}

// documentsWith lists the documents of all databases whose names begin with a prefix and whose
// names or fields have a text, as DATABASE DOCUMENT.
func documentsWith(c *cloudtest.Cloud, prefix string, text []byte) (all []string) {
	c.Firestore.Walk(func(database, document string, fields map[string]*pb.Value) bool {
		wire, err := proto.Marshal(&pb.Document{Name: document, Fields: fields})
		if err == nil && strings.HasPrefix(document, prefix) && bytes.Contains(wire, text) {
			all = append(all, database+" "+document)
		}
		return true
	})
	return all
}

// remains reports whether the certificate says that a document remains.
func remains(name string, t tenant.ID) bool {
	database, document, _ := strings.Cut(name, " ")
	below, ofTenant := strings.CutPrefix(document, "tenants/"+string(t)+"/")
	if strings.HasSuffix(database, "directory") {
		return ofTenant || document == "tenants/"+string(t)
	}
	collection, _, _ := strings.Cut(below, "/")
	switch collection {
	case "audit", "auditTrees", "auditCosignatures", "auditDelivery", "offboarding":
		return ofTenant
	}
	return false
}
