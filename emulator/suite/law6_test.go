package suite_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/iam"
	"github.com/strongroom-dev/strongroom/emulator/suite"
	"github.com/strongroom-dev/strongroom/infra"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
)

// auditRole is the role with which a function encrypts audit entries.
func auditRole(function string) iam.Binding {
	return iam.Binding{
		Member: suite.FunctionAccount(function), Role: "roles/cloudkms.cryptoKeyEncrypter", Resource: auditKeyName,
	}
}

// databaseRole is the role with which a function uses Firestore.
func databaseRole(t *testing.T, c *cloudtest.Cloud, function string) iam.Binding {
	t.Helper()
	for _, b := range c.IAM.Bindings() {
		if b.Member == suite.FunctionAccount(function) && b.Resource == "projects/"+suite.ProjectID+"/databases/(default)" {
			return b
		}
	}
	t.Fatalf("%s has no role on the database", function)
	return iam.Binding{}
}

// without removes a role for the rest of the test.
func without(t *testing.T, c *cloudtest.Cloud, b iam.Binding) {
	t.Helper()
	for _, known := range c.IAM.Bindings() {
		if known == b {
			if err := c.IAM.Unbind(b); err != nil {
				t.Fatal(err)
			}
			return
		}
	}
	t.Fatalf("binding %v does not exist", b)
}

// Law 6: an action that cannot be recorded does not happen.
func TestLaw6OnTheRecordFirst(t *testing.T) {
	t.Parallel()
	t.Run("no mint without the audit key", func(t *testing.T) {
		t.Parallel()
		c := cloudtest.New(t, suite.Options{})
		tn := c.Tenant(t)
		without(t, c, auditRole("uploads"))
		wantNothingMinted(t, tn)
		if err := c.IAM.Bind(auditRole("uploads")); err != nil {
			t.Fatal(err)
		}
		minterOverLoadBalancer(t, tn)().Want(t, http.StatusOK) // so the missing role was the cause
	})
	t.Run("no mint without Firestore", func(t *testing.T) {
		t.Parallel()
		c := cloudtest.New(t, suite.Options{})
		if c.Firestore == nil {
			t.Skip("Google's emulator asks for no role")
		}
		tn := c.Tenant(t)
		minterOverLoadBalancer(t, tn)().Want(t, http.StatusOK) // so that the tenant is cached
		without(t, c, databaseRole(t, c, "uploads"))
		wantNothingMinted(t, tn)
	})
	t.Run("no read without the audit key", func(t *testing.T) {
		t.Parallel()
		c := cloudtest.New(t, suite.Options{})
		tn := c.Tenant(t)
		id := cloudtest.NewRun(t)
		keep(t, tn, id)
		without(t, c, auditRole("outputs"))
		wantNothingRead(t, tn, id)
	})
	t.Run("no read without Firestore", func(t *testing.T) {
		t.Parallel()
		c := cloudtest.New(t, suite.Options{})
		if c.Firestore == nil {
			t.Skip("Google's emulator asks for no role")
		}
		tn := c.Tenant(t)
		id := cloudtest.NewRun(t)
		keep(t, tn, id)
		tn.Do(t, "auditor", http.MethodGet, tn.RunPath(id)+"/outputs", nil).Want(t, http.StatusOK)
		without(t, c, databaseRole(t, c, "outputs"))
		wantNothingRead(t, tn, id)
	})
	t.Run("no replay without the audit key", func(t *testing.T) {
		t.Parallel()
		c := cloudtest.New(t, suite.Options{})
		wantNothingReplayed(t, c, c.Tenant(t))
	})
	t.Run("no denial without the audit key", func(t *testing.T) {
		t.Parallel()
		c := cloudtest.New(t, suite.Options{})
		tn := c.Tenant(t)
		without(t, c, auditRole("uploads"))
		r := tn.Do(t, "viewer", http.MethodPost, tn.RunPath(cloudtest.NewRun(t))+"/uploads", oneUpload())
		wantProblem(t, r, http.StatusInternalServerError)
	})
}

// wantNothingReplayed checks that a dead letter is replayed only if the replay is
// recorded.
func wantNothingReplayed(t *testing.T, c *cloudtest.Cloud, tn *cloudtest.Tenant) {
	t.Helper()
	if err := c.PubSub.Publish(t.Context(), "run-events-dead", nil, map[string]string{"kind": "none"}); err != nil {
		t.Fatal(err)
	}
	var published atomic.Int64
	c.PubSub.OnPublish(func(string, []byte, map[string]string) { published.Add(1) })
	ask := func() cloudtest.Response {
		return tn.Do(t, "platform", http.MethodPost, "/v1/dead-letters/replay", map[string]any{"topic": "run-events"})
	}
	without(t, c, auditRole("replay"))
	wantProblem(t, ask(), http.StatusInternalServerError)
	if n := published.Load(); n != 0 {
		t.Errorf("%d messages were published", n)
	}
	if err := c.IAM.Bind(auditRole("replay")); err != nil {
		t.Fatal(err)
	}
	ask().Want(t, http.StatusOK)
	if n := published.Load(); n != 1 { // so the missing role was the cause
		t.Errorf("%d messages were published, want 1", n)
	}
}

// keep stores one part of kept.log in a run that has not ended.
func keep(t *testing.T, tn *cloudtest.Tenant, id string) {
	t.Helper()
	tn.Mint(t, id, cloudtest.PartOf("kept.log", 1, []byte(grantedText)))[0].Put(t, []byte(grantedText)).Want(t, http.StatusOK)
	tn.Cloud.Drain(t)
}

func wantNothingMinted(t *testing.T, tn *cloudtest.Tenant) {
	t.Helper()
	before, signed := writtenPaths(t, tn), tn.Cloud.IAM.Counts().SignBlob
	wantProblem(t, minterOverLoadBalancer(t, tn)(), http.StatusInternalServerError)
	if diff := cmp.Diff(before, writtenPaths(t, tn)); diff != "" {
		t.Errorf("it wrote %s", diff)
	}
	if got := tn.Cloud.IAM.Counts().SignBlob - signed; got != 0 {
		t.Errorf("it signed %d URLs", got)
	}
}

func wantNothingRead(t *testing.T, tn *cloudtest.Tenant, id string) {
	t.Helper()
	r := tn.Do(t, "auditor", http.MethodGet, tn.RunPath(id)+"/outputs/kept.log", nil)
	wantProblem(t, r, http.StatusInternalServerError)
	if strings.Contains(string(r.Body), grantedText) {
		t.Errorf("the response contains the output: %s", r.Body)
	}
}

// The entry precedes the action: it exists even if the action fails.
func TestLaw6OnTheRecordFirstThoughTheActFails(t *testing.T) {
	t.Parallel()
	c := cloudtest.New(t, suite.Options{})
	tn := c.Tenant(t)
	id := cloudtest.NewRun(t)
	keep(t, tn, id)
	without(t, c, iam.Binding{Member: suite.FunctionAccount("outputs"), Role: "roles/storage.legacyObjectReader", Resource: "buckets/" + tn.OutputsBucket})
	without(t, c, iam.Binding{Member: suite.FunctionAccount("uploads"), Role: infra.RoleName("strongroom.blobSigner", suite.ProjectID), Resource: "serviceAccounts/" + tn.SigningAccount})

	r := tn.Do(t, "auditor", http.MethodGet, tn.RunPath(id)+"/outputs/kept.log", nil)
	if r.Status < 500 || strings.Contains(string(r.Body), grantedText) {
		t.Errorf("reading without the bucket: %d %s", r.Status, r.Body)
	}
	failed := cloudtest.NewRun(t)
	wantProblem(t, tn.Do(t, "runner", http.MethodPost, tn.RunPath(failed)+"/uploads", oneUpload()), http.StatusInternalServerError)

	resource := "runs/" + id + "/outputs/kept.log"
	want := []auditlog.Entry{
		{Tenant: tn.ID, Actor: persona(c, tn, "runner"), Action: auditlog.MintUpload, Outcome: auditlog.Allowed, Workspace: "prod", Resource: "runs/" + id, Objects: []string{"kept.log/00001"}},
		{Tenant: tn.ID, Actor: persona(c, tn, "auditor"), Action: auditlog.ReadOutput, Outcome: auditlog.Allowed, Workspace: "prod", Resource: resource},
		{Tenant: tn.ID, Actor: persona(c, tn, "auditor"), Action: auditlog.EndReadOutput, Outcome: auditlog.Done, Workspace: "prod", Resource: resource, Counts: map[string]int64{"bytes": 0, "offset": 0, "scanned": 0}},
		{Tenant: tn.ID, Actor: persona(c, tn, "runner"), Action: auditlog.MintUpload, Outcome: auditlog.Allowed, Workspace: "prod", Resource: "runs/" + failed, Objects: []string{"stdout.log/00001"}},
	}
	got := auditEntries(t, c, tn.ID)
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(auditlog.Entry{}, "ID", "Time", "Of")); diff != "" {
		t.Errorf("audit entries: %s", diff)
	}
	if len(writtenPaths(t, tn)) != 6 { // for each mint: run, run ID and grant
		t.Errorf("written: %v", writtenPaths(t, tn))
	}
}

func persona(c *cloudtest.Cloud, tn *cloudtest.Tenant, name string) auditlog.Actor {
	return auditlog.Actor{Issuer: c.URL + "/emulator/oidc", Subject: name + "@" + string(tn.ID) + ".example", Role: name}
}

// Entries contain who, what, where, when and the outcome, and no secret.
func TestLaw6OnTheRecordFirstSaysWhoAndWhat(t *testing.T) {
	t.Parallel()
	c := cloudtest.Shared(t)
	tn := c.Tenant(t)
	id, began := cloudtest.NewRun(t), c.Clock.Now()
	keep(t, tn, id)
	tn.Do(t, "viewer", http.MethodGet, tn.RunPath(id)+"/outputs/kept.log", nil, "Range", "bytes=1-3").Want(t, http.StatusPartialContent)
	tn.Do(t, "runner", http.MethodGet, tn.RunPath(id)+"/outputs/kept.log", nil).Want(t, http.StatusForbidden)
	tn.Do(t, "", http.MethodGet, tn.RunPath(id)+"/outputs/kept.log", nil).Want(t, http.StatusUnauthorized)
	tn.Do(t, "viewer", http.MethodGet, strings.Replace(tn.RunPath(id), "prod", "test", 1), nil).Want(t, http.StatusForbidden)

	got := auditEntries(t, c, tn.ID)
	resource := "runs/" + id + "/outputs/kept.log"
	want := []auditlog.Entry{
		{Tenant: tn.ID, Actor: persona(c, tn, "runner"), Action: auditlog.MintUpload, Outcome: auditlog.Allowed, Workspace: "prod", Resource: "runs/" + id, Objects: []string{"kept.log/00001"}},
		{Tenant: tn.ID, Actor: persona(c, tn, "viewer"), Action: auditlog.ReadOutput, Outcome: auditlog.Allowed, Workspace: "prod", Resource: resource},
		{Tenant: tn.ID, Actor: persona(c, tn, "viewer"), Action: auditlog.EndReadOutput, Outcome: auditlog.Done, Workspace: "prod", Resource: resource, Counts: map[string]int64{"bytes": 3, "offset": 1, "scanned": 0}},
		{Tenant: tn.ID, Actor: persona(c, tn, "runner"), Action: auditlog.ReadOutput, Outcome: auditlog.Denied, Reason: "role", Workspace: "prod", Resource: resource},
		{Tenant: tn.ID, Actor: persona(c, tn, "viewer"), Action: auditlog.ReadRun, Outcome: auditlog.Denied, Reason: "workspace", Workspace: "test", Resource: "runs/" + id},
	}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(auditlog.Entry{}, "ID", "Time", "Of")); diff != "" {
		t.Fatalf("audit entries: %s", diff)
	}
	if got[2].Of != got[1].ID {
		t.Errorf("the end of the read refers to %q, want %q", got[2].Of, got[1].ID)
	}
	for i, e := range got {
		if e.Time.Before(began.Add(-time.Millisecond)) || e.Time.After(c.Clock.Now()) || (i > 0 && e.Time.Before(got[i-1].Time)) {
			t.Errorf("entry %d is of %s", i, e.Time)
		}
		text, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		for _, secret := range []string{"X-Goog-", "eyJ", "Bearer", "ya29", grantedText} {
			if strings.Contains(string(text), secret) {
				t.Errorf("the entry contains %s: %s", secret, text)
			}
		}
	}
}
