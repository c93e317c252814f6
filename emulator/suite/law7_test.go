package suite_test

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"cloud.google.com/go/firestore"
	"github.com/google/go-cmp/cmp"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/iam"
	"github.com/strongroom-dev/strongroom/emulator/suite"
	"github.com/strongroom-dev/strongroom/emulator/vertex"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/consent"
	"github.com/strongroom-dev/strongroom/shared/dataclass"
	"github.com/strongroom-dev/strongroom/shared/ledger"
	"github.com/strongroom-dev/strongroom/shared/model"
	"github.com/strongroom-dev/strongroom/shared/prompt"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// consentCase is one combination of law 7: which halves are given, and what is wrong
// with them.
type consentCase struct {
	feature          consent.Feature
	destination      consent.Destination
	tenant, platform bool // the halves that are given
	condition        string
	workspace        tenant.WorkspaceID
}

func (c consentCase) String() string {
	return fmt.Sprintf("%s at %s, halves %v and %v, %s", c.feature, c.destination, c.tenant, c.platform, c.condition)
}

// allowed reports whether law 7 allows the request.
func (c consentCase) allowed() bool { return c.tenant && c.platform && c.condition == "active" }

// conditions are the states of the halves that are given.
var conditions = []string{"active", "expired", "withdrawn", "of another tenant", "of another workspace", "of one person"}

func consentCases() (all []consentCase) {
	for _, f := range []consent.Feature{consent.ExplainIssue, consent.SummariseWorkspace, consent.RankNextTasks} {
		for _, d := range consent.Destinations {
			for _, condition := range conditions {
				for halves := range 4 {
					all = append(all, consentCase{
						feature: f, destination: d, tenant: halves&1 != 0, platform: halves&2 != 0, condition: condition,
						workspace: tenant.WorkspaceID(fmt.Sprint("w", len(all))),
					})
				}
			}
		}
	}
	return all
}

// payloadOf returns a payload of a feature with a text in it.
func payloadOf(f consent.Feature, text string) prompt.Payload {
	switch f {
	case consent.ExplainIssue:
		return prompt.Explanation{Issue: prompt.Issue{Title: text}}
	case consent.SummariseWorkspace:
		return prompt.Summary{Issues: []prompt.IssueLine{{Title: text}}}
	case consent.RankNextTasks:
		return prompt.Ranking{Found: text}
	}
	return prompt.Enrichment{Code: text}
}

// modelFixture is two tenants with models of their own, and a process that sends.
type modelFixture struct {
	cloud         *cloudtest.Cloud
	tenant, other *cloudtest.Tenant
	gateway       *model.Gateway
	db            *firestore.Client
}

func newModelFixture(t *testing.T, workspaces ...tenant.WorkspaceID) modelFixture {
	t.Helper()
	c := cloudtest.New(t, suite.Options{})
	f := modelFixture{cloud: c, tenant: c.Tenant(t, workspaces...), other: c.Tenant(t, workspaces...), gateway: c.Gateway(t, "assistants", nil, nil)}
	f.tenant.OwnModel(t)
	f.other.OwnModel(t)
	f.tenant.Limits.ModelSendsPerHour, f.tenant.Limits.ModelTokensPerDay = 1<<20, 1<<40
	c.Clock.Advance(2 * time.Minute) // the functions read the records again
	db, err := c.Clients(suite.FunctionAccount("assistants")).Default(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	f.db = db
	return f
}

func (f modelFixture) request(c consentCase, p prompt.Payload) model.Request {
	return model.Request{
		Tenant: f.tenant.Record, DB: f.db, Workspace: c.workspace, Destination: c.destination, Payload: p,
		Actor: auditlog.Actor{Issuer: "https://issuer.example", Subject: "ada", Role: "viewer"},
	}
}

// give submits the halves of a case.
func (f modelFixture) give(t *testing.T, c consentCase) {
	t.Helper()
	owner, workspace, life := f.tenant, c.workspace, 30*24*time.Hour
	switch c.condition {
	case "of another tenant":
		owner = f.other
	case "of another workspace":
		workspace = "elsewhere"
	case "expired":
		life = time.Hour
	}
	for persona, given := range map[string]bool{"admin": c.tenant, "platform": c.platform} {
		if !given {
			continue
		}
		path := owner.ConsentPath(persona, c.feature, c.destination) + "?workspace=" + string(workspace)
		token := owner.Token(t, persona)
		if c.condition == "of one person" {
			token = f.onePerson(t, persona)
		}
		f.cloud.Do(t, token, http.MethodPut, path, map[string]any{"expires": f.cloud.Clock.Now().Add(life)})
		if c.condition == "withdrawn" {
			f.cloud.Do(t, token, http.MethodDelete, path, nil).Want(t, http.StatusOK)
		}
	}
	if c.condition == "of another tenant" {
		f.copyConsent(t, c)
	}
}

// onePerson returns a token of somebody who is an admin of the tenant and a member of
// the staff.
func (f modelFixture) onePerson(t *testing.T, persona string) string {
	t.Helper()
	audience := "/platform"
	if persona == "admin" {
		audience = "/tenants/" + string(f.tenant.ID)
	}
	token, err := f.cloud.Issuer.Token(map[string]any{"sub": "both", "aud": suite.Audience + audience, "persona": persona}, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// copyConsent copies the signed halves of another tenant to the place of the tenant's
// own, as a function's account could do.
func (f modelFixture) copyConsent(t *testing.T, c consentCase) {
	t.Helper()
	name := fmt.Sprintf("/consents/%s.%s.%s", c.feature, c.destination, c.workspace)
	doc, _ := f.db.Doc("tenants/" + string(f.other.ID) + name).Get(t.Context())
	if !doc.Exists() {
		return
	}
	if _, err := f.db.Doc("tenants/"+string(f.tenant.ID)+name).Set(t.Context(), doc.Data()); err != nil {
		t.Fatal(err)
	}
}

// received returns the requests that reached any endpoint with a text.
func (f modelFixture) received(text string) (found []vertex.Request) {
	for _, r := range f.cloud.Vertex.Requests("") {
		if strings.Contains(r.Text, text) {
			found = append(found, r)
		}
	}
	return found
}

// Exactly the requests reach an endpoint for which both halves of this consent are
// active, of two persons.
func TestLaw7TwoKeysForTheModel(t *testing.T) {
	t.Parallel()
	cases := consentCases()
	workspaces := []tenant.WorkspaceID{"elsewhere"}
	for _, c := range cases {
		workspaces = append(workspaces, c.workspace)
	}
	f := newModelFixture(t, workspaces...)
	for _, c := range cases {
		f.give(t, c)
	}
	f.cloud.Clock.Advance(2 * time.Hour) // the halves of one hour expire
	var want, got []string
	for i, c := range cases {
		canary := fmt.Sprintf("canary-%03d-", i)
		_, err := f.gateway.Send(t.Context(), f.request(c, payloadOf(c.feature, canary)))
		if c.allowed() {
			want = append(want, c.String())
		}
		if len(f.received(canary)) > 0 {
			got = append(got, c.String())
		}
		var refused *consent.Refusal
		if errors.As(err, &refused); c.allowed() != (err == nil) || !c.allowed() && (refused == nil || refused.Code != consent.CodeNoConsent) {
			t.Errorf("%s: %v", c, err)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" || len(got) != 6 {
		t.Errorf("requests that reached an endpoint (-want +got):\n%s", diff)
	}
	f.wantLedger(t)
}

// wantLedger fails the test unless the ledger and the audit log have the digest of every
// request that an endpoint received, and no other.
func (f modelFixture) wantLedger(t *testing.T) {
	t.Helper()
	received := map[string]int{}
	for _, r := range f.cloud.Vertex.Requests("") {
		sum := sha256.Sum256(r.Body)
		received[hex.EncodeToString(sum[:])]++
	}
	listed, logged := map[string]int{}, map[string]int{}
	sends, err := ledger.Home{DB: operatorDB(t, f.cloud), Tenant: f.tenant.ID}.List(t.Context(), "", ledger.Position{}, 10_000)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range sends {
		listed[s.SHA256]++
	}
	for _, e := range auditEntries(t, f.cloud, f.tenant.ID) {
		if e.Action == auditlog.SendToModel {
			logged[e.Model.SHA256]++
		}
	}
	if diff := cmp.Diff(received, listed); diff != "" {
		t.Errorf("digests at the endpoints and in the ledger (-endpoint +ledger):\n%s", diff)
	}
	if diff := cmp.Diff(received, logged); diff != "" {
		t.Errorf("digests at the endpoints and in the audit log (-endpoint +log):\n%s", diff)
	}
}

// Every field of every payload arrives, and there is no field of a class that may not
// reach a model.
func TestLaw7OnlyAllowedClassesArrive(t *testing.T) {
	t.Parallel()
	f := newModelFixture(t, "prod")
	for _, spec := range consent.Features {
		if !spec.Public {
			f.tenant.Consent(t, spec.Feature, consent.SingleTenant)
		}
		for _, field := range prompt.Fields(spec.Feature) {
			if class := field.Class; class == dataclass.Output || class == dataclass.Configuration || class == dataclass.Secret || class == dataclass.Audit {
				t.Errorf("%s can send %s, which is %s", spec.Feature, field.Path, class)
			}
		}
	}
	for _, p := range []prompt.Payload{prompt.Explanation{}, prompt.Summary{}, prompt.Ranking{}, prompt.Enrichment{}} {
		full := reflect.New(reflect.TypeOf(p)).Elem()
		canaries := fill(full, string(p.Feature()))
		r := f.request(consentCase{workspace: "prod"}, full.Interface().(prompt.Payload))
		g := f.gateway
		if p.Feature() == consent.EnrichCatalog {
			r.Tenant, r.Workspace, g = tenant.Record{}, "", f.cloud.Gateway(t, "catalog", nil, nil)
		}
		answer, err := g.Send(t.Context(), r)
		if err != nil {
			t.Fatal(p.Feature(), err)
		}
		all := f.cloud.Vertex.Requests("")
		for _, canary := range canaries {
			if !strings.Contains(all[len(all)-1].Text, canary) {
				t.Errorf("%s: the endpoint did not receive %s", p.Feature(), canary)
			}
		}
		if len(answer.Omitted) > 0 {
			t.Errorf("%s: %v is left out", p.Feature(), answer.Omitted)
		}
	}
}

// fill puts a canary into every text of a struct, and returns the canaries.
func fill(v reflect.Value, name string) (canaries []string) {
	switch v.Kind() {
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			v.Set(reflect.ValueOf(time.Unix(1, 0).UTC()))
			return nil
		}
		for i := range v.NumField() {
			canaries = append(canaries, fill(v.Field(i), name+"."+v.Type().Field(i).Name)...)
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		return fill(v.Index(0), name+"[]")
	case reflect.String:
		v.SetString("canary of " + name)
		return []string{v.String()}
	case reflect.Int:
		v.SetInt(3)
	case reflect.Float64:
		v.SetFloat(0.5)
	case reflect.Bool:
		v.SetBool(true)
	}
	return canaries
}

// Withdrawals and sends that race: what is sent was consented to when it was recorded.
func TestLaw7AWithdrawalTakesEffectInEveryProcess(t *testing.T) {
	t.Parallel()
	f := newModelFixture(t, "prod")
	processes := []*model.Gateway{f.gateway, f.cloud.Gateway(t, "assistants", nil, nil)}
	c := consentCase{feature: consent.ExplainIssue, destination: consent.Shared, workspace: "prod"}
	for round := range 4 {
		f.tenant.Consent(t, c.feature, c.destination)
		canary := fmt.Sprintf("canary-of-round-%d-", round)
		var work sync.WaitGroup
		for i, g := range processes {
			work.Go(func() { // it may be refused
				_, _ = g.Send(t.Context(), f.request(c, payloadOf(c.feature, canary+fmt.Sprint("during-", i))))
			})
		}
		persona := []string{"admin", "platform"}[round%2]
		work.Go(func() {
			f.tenant.Do(t, persona, http.MethodDelete, f.tenant.ConsentPath(persona, c.feature, c.destination), nil).Want(t, http.StatusOK)
		})
		work.Wait()
		for _, g := range processes {
			if _, err := g.Send(t.Context(), f.request(c, payloadOf(c.feature, canary+"after-"))); err == nil {
				t.Errorf("round %d: a request is sent after the withdrawal of %s", round, persona)
			}
		}
		if n := len(f.received(canary + "after-")); n > 0 {
			t.Errorf("round %d: the endpoint received %d requests after the withdrawal", round, n)
		}
	}
	f.wantLedger(t)
}

// A function's account cannot undo a withdrawal, and cannot sign a half.
func TestLaw7NoOtherFunctionForgesAConsent(t *testing.T) {
	t.Parallel()
	f := newModelFixture(t, "prod")
	c := consentCase{feature: consent.ExplainIssue, destination: consent.Shared, workspace: "prod"}
	f.tenant.Consent(t, c.feature, c.destination)
	head := f.db.Doc("tenants/" + string(f.tenant.ID) + "/consents/explain-issue.shared")
	before, err := head.Get(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	f.tenant.Do(t, "admin", http.MethodDelete, f.tenant.ConsentPath("admin", c.feature, c.destination), nil).Want(t, http.StatusOK)
	ends, err := f.db.Collection("tenants/" + string(f.tenant.ID) + "/consentEnds").Documents(t.Context()).GetAll()
	if err != nil || len(ends) != 1 {
		t.Fatal(len(ends), err)
	}
	if _, err := ends[0].Ref.Delete(t.Context()); err == nil {
		t.Error("the account of assistants can delete the end of a half")
	}
	for name, forge := range map[string]func() error{
		"the halves from before": func() error { _, err := head.Set(t.Context(), before.Data()); return err },
		"an empty end":           func() error { _, err := ends[0].Ref.Set(t.Context(), map[string]any{}); return err },
		"halves of its own": func() error {
			_, err := head.Set(t.Context(), map[string]any{"tenantHalf": []byte("strongroom consent half v1\n{}\n\n— strongroom.dev/consents AAAAAAAA\n")}, firestore.MergeAll)
			return err
		},
	} {
		if err := forge(); err != nil {
			t.Fatal(err)
		}
		if _, err := f.gateway.Send(t.Context(), f.request(c, payloadOf(c.feature, "forged"))); err == nil {
			t.Errorf("with %s, a request is sent", name)
		}
	}
	if n := len(f.received("forged")); n > 0 {
		t.Errorf("the endpoint received %d requests", n)
	}
	holders := slices.DeleteFunc(f.cloud.IAM.Bindings(), func(b iam.Binding) bool {
		return b.Resource != f.cloud.PlatformKey("consent") || b.Role != "roles/cloudkms.signer"
	})
	if len(holders) != 1 || holders[0].Member != suite.FunctionAccount("consents") {
		t.Errorf("accounts that can sign a half: %v", holders)
	}
}
