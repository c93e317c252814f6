package suite_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"cloud.google.com/go/kms/apiv1/kmspb"
	"github.com/google/go-cmp/cmp"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/iam"
	"github.com/strongroom-dev/strongroom/emulator/suite"
	"github.com/strongroom-dev/strongroom/shared/authn"
	"github.com/strongroom-dev/strongroom/shared/directory"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// revocation is what happens when something is withdrawn. prepare returns withdraw,
// which withdraws it, and works, which tries whether it can still be used.
type revocation struct {
	limit   time.Duration
	prepare func(*testing.T, *cloudtest.Tenant) (withdraw func(), works func() bool)
}

// revocations are the rows of the table in infra/playbooks/revoke.md.
var revocations = map[string]revocation{
	"a token":                          {24*time.Hour + time.Minute, oldestToken},
	"a rule":                           {time.Minute, rule},
	"a rule that the API has added":    {time.Minute, addedRule},
	"an issuer's inline key":           {time.Minute, inlineKey},
	"an issuer's fetched key":          {10 * time.Minute, fetchedKey},
	"a tenant":                         {time.Minute, suspendedTenant},
	"an upload URL":                    {15 * time.Minute, uploadURL},
	"a signing account":                {0, signingRole},
	"a tenant's key, for output":       {0, keyOfOutput},
	"a tenant's key, for free text":    {5 * time.Minute, keyOfText},
	"a member":                         {0, member},
	"a member of the platform's staff": {time.Minute, staffMember},
}

// TestWhatIsWithdrawnIsRefusedInTime measures every row with the clock. It also
// tries halfway, because a use must not prolong what caches hold.
func TestWhatIsWithdrawnIsRefusedInTime(t *testing.T) {
	t.Parallel()
	for name, r := range revocations {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := cloudtest.New(t, suite.Options{})
			withdraw, works := r.prepare(t, c.Tenant(t))
			if !works() {
				t.Fatal("it does not work before it is withdrawn")
			}
			withdraw()
			for range 2 {
				c.Clock.Advance(max(0, r.limit/2-time.Second))
				works()
			}
			c.Clock.Advance(2 * time.Second)
			if works() {
				t.Errorf("it still works %v after it was withdrawn", r.limit)
			}
		})
	}
}

func TestThePlaybookStatesTheTimesOfRevocation(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../infra/playbooks/revoke.md")
	if err != nil {
		t.Fatal(err)
	}
	stated, want := map[string]string{}, map[string]string{}
	for _, row := range regexp.MustCompile(`(?m)^\| (an? [^|]+) \| [^|]+ \| ([^|]+) \|`).FindAllStringSubmatch(string(text), -1) {
		stated[row[1]] = row[2]
	}
	for name, r := range revocations {
		want[name] = map[time.Duration]string{
			0: "immediately", time.Minute: "1 minute", 5 * time.Minute: "5 minutes", 10 * time.Minute: "10 minutes",
			15 * time.Minute: "15 minutes", 24*time.Hour + time.Minute: "24 hours and 1 minute",
		}[r.limit]
	}
	if diff := cmp.Diff(want, stated); diff != "" {
		t.Errorf("measured (-) and stated (+) differ: %s", diff)
	}
}

// readRuns returns a function that reports whether a token can list runs.
func readRuns(t *testing.T, tn *cloudtest.Tenant, token string) func() bool {
	return func() bool {
		return tn.Cloud.Do(t, token, http.MethodPost, "/v1/workspaces/"+string(tn.Workspace)+"/runs/search", map[string]any{}).Status == http.StatusOK
	}
}

// addedRule is a rule of the API that makes a newcomer an auditor.
func addedRule(t *testing.T, tn *cloudtest.Tenant) (withdraw func(), works func() bool) {
	token := tn.Token(t, "newcomer")
	rule := map[string]any{"issuer": tn.Cloud.Issuer.URL(), "role": "auditor", "claims": []map[string]any{{"name": "sub", "value": "newcomer@" + string(tn.ID) + ".example"}}}
	var added struct{ ID string }
	tn.Do(t, "admin", http.MethodPost, "/v1/tenant/trust/rules", map[string]any{"token": token, "rule": rule}).Want(t, http.StatusOK).JSON(t, &added)
	return func() {
		tn.Do(t, "admin", http.MethodDelete, "/v1/tenant/trust/rules/"+added.ID, nil).Want(t, http.StatusOK)
	}, readRuns(t, tn, token)
}

// putRecord returns a function that stores a changed record.
func putRecord(t *testing.T, tn *cloudtest.Tenant, change func(*tenant.Record)) func() {
	return func() {
		change(&tn.Record)
		if err := tn.Cloud.Directory.Put(t.Context(), tn.Record); err != nil {
			t.Fatal(err)
		}
	}
}

// oldestToken is a token with the longest lifetime that is accepted.
func oldestToken(t *testing.T, tn *cloudtest.Tenant) (withdraw func(), works func() bool) {
	token, err := tn.Cloud.Issuer.Token(map[string]any{
		"sub": "a", "aud": suite.Audience + "/tenants/" + string(tn.ID), "persona": "auditor",
	}, 24*time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	return func() {}, readRuns(t, tn, token)
}

func rule(t *testing.T, tn *cloudtest.Tenant) (withdraw func(), works func() bool) {
	return putRecord(t, tn, func(r *tenant.Record) { r.Trust[0].Rules = r.Trust[0].Rules[:1] }), readRuns(t, tn, tn.Token(t, "auditor"))
}

func inlineKey(t *testing.T, tn *cloudtest.Tenant) (withdraw func(), works func() bool) {
	works = readRuns(t, tn, tn.Token(t, "auditor"))
	return func() {
		for range 2 { // until the issuer no longer publishes the key
			if err := tn.Cloud.Issuer.Rotate(); err != nil {
				t.Fatal(err)
			}
		}
		putRecord(t, tn, func(r *tenant.Record) { r.Trust[0].JWKS = string(tn.Cloud.Issuer.JWKS()) })()
	}, works
}

// fetchedKey is served by an issuer that fails once the key is withdrawn. The
// functions fetch from public addresses only, so a verifier of its own is used.
func fetchedKey(t *testing.T, tn *cloudtest.Tenant) (withdraw func(), works func() bool) {
	var down atomic.Bool
	issuer := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if down.Load() {
			http.Error(w, "down", http.StatusBadGateway)
			return
		}
		w.Header().Set("Cache-Control", "max-age=86400")
		_, _ = w.Write(tn.Cloud.Issuer.JWKS())
	}))
	t.Cleanup(issuer.Close)
	putRecord(t, tn, func(r *tenant.Record) { r.Trust[0].JWKS, r.Trust[0].JWKSURL = "", issuer.URL })()
	verifier, err := authn.New(authn.Config{
		Audience: suite.Audience, Now: tn.Cloud.Clock.Now, HTTPClient: issuer.Client(),
		Record: directory.New(tn.Cloud.Operator, tn.Cloud.Clock.Now).Tenant,
	})
	if err != nil {
		t.Fatal(err)
	}
	token := tn.Token(t, "auditor")
	return func() { down.Store(true) }, func() bool {
		p, err := verifier.Verify(t.Context(), "Bearer "+token)
		return err == nil && p.Role == tenant.Auditor
	}
}

func suspendedTenant(t *testing.T, tn *cloudtest.Tenant) (withdraw func(), works func() bool) {
	return putRecord(t, tn, func(r *tenant.Record) { r.State = tenant.Suspended }), readRuns(t, tn, tn.Token(t, "auditor"))
}

// putOnce uploads a part of its own with each call. The URLs are from before.
func putOnce(t *testing.T, tn *cloudtest.Tenant) func() bool {
	parts := make([]cloudtest.Part, 4)
	for i := range parts {
		parts[i] = cloudtest.PartOf("stdout.log", i+1, []byte("x"))
	}
	urls := tn.Mint(t, cloudtest.NewRun(t), parts...)
	return func() bool {
		next := urls[0]
		urls = urls[1:]
		return next.Put(t, []byte("x")).Status == http.StatusOK
	}
}

func uploadURL(t *testing.T, tn *cloudtest.Tenant) (withdraw func(), works func() bool) {
	return func() {}, putOnce(t, tn)
}

func signingRole(t *testing.T, tn *cloudtest.Tenant) (withdraw func(), works func() bool) {
	works = putOnce(t, tn)
	return func() {
		without(t, tn.Cloud, iam.Binding{Member: tn.SigningAccount, Role: "roles/storage.objectCreator", Resource: "buckets/" + tn.OutputsBucket})
	}, works
}

func disableKey(t *testing.T, tn *cloudtest.Tenant) func() {
	return func() { keyAdminOf(t, tn).set(t, kmspb.CryptoKeyVersion_DISABLED) }
}

func keyOfOutput(t *testing.T, tn *cloudtest.Tenant) (withdraw func(), works func() bool) {
	id := cloudtest.NewRun(t)
	tn.Store(t, id, "stdout.log", []byte("x"))
	return disableKey(t, tn), func() bool {
		return tn.Do(t, "viewer", http.MethodGet, tn.RunPath(id)+"/outputs/stdout.log", nil).Status == http.StatusOK
	}
}

func keyOfText(t *testing.T, tn *cloudtest.Tenant) (withdraw func(), works func() bool) {
	id := cloudtest.NewRun(t)
	start := tn.Cloud.Clock.Now().UTC()
	tn.Do(t, "runner", http.MethodPut, tn.RunPath(id), map[string]any{
		"task": "t", "slx": "s", "resource": "r", "start": start.Format(time.RFC3339),
	}).Want(t, http.StatusOK)
	tn.Do(t, "runner", http.MethodPost, tn.RunPath(id)+"/report", map[string]any{
		"end": start.Add(time.Second).Format(time.RFC3339), "outcome": "failure", "exitCode": 1,
		"issues": []any{map[string]any{"line": `{"severity":2,"title":"free text"}`}},
	}).Want(t, http.StatusOK)
	return disableKey(t, tn), func() bool {
		r := tn.Do(t, "viewer", http.MethodGet, tn.RunPath(id)+"/issues", nil)
		return r.Status == http.StatusOK && strings.Contains(string(r.Body), "free text")
	}
}

func member(t *testing.T, tn *cloudtest.Tenant) (withdraw func(), works func() bool) {
	return func() {
		db, err := tn.Cloud.Directory.Client(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		ref := directory.Member(db, tn.ID, tn.Workspace, tn.Cloud.Issuer.URL(), "viewer@"+string(tn.ID)+".example")
		if _, err := ref.Delete(t.Context()); err != nil {
			t.Fatal(err)
		}
	}, readRuns(t, tn, tn.Token(t, "viewer"))
}

func staffMember(t *testing.T, tn *cloudtest.Tenant) (withdraw func(), works func() bool) {
	token := tn.Token(t, "platform")
	return func() {
			db, err := tn.Cloud.Directory.Client(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if _, err := directory.Staff(db).Set(t.Context(), map[string]any{"trust": []tenant.Trust{}}); err != nil {
				t.Fatal(err)
			}
		}, func() bool {
			return tn.Cloud.Do(t, token, http.MethodGet, "/v1/quarantine", nil).Status == http.StatusOK
		}
}
