package suite_test

import (
	"bytes"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/suite"
	"github.com/strongroom-dev/strongroom/shared/consent"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// The canaries of a tenant that uses everything. A number is a canary too.
const (
	outputCanary    = "canary-of-the-output"
	nameCanary      = "canary-of-an-output-name"
	lineCanary      = "canary-of-a-field-of-a-line"
	resourceCanary  = "canary-of-a-resource"
	zoneCanary      = "America/Argentina/Ushuaia"
	objectiveCanary = "9182736.5"
	thresholdCanary = "13.377331"
	relevanceCanary = "0.0123454321"
	textCanary      = "control-of-the-title" // may be sent
	taskCanary      = "control-of-the-task"  // public
)

// A tenant has canaries in its output, in the raw lines of its issues, in the resources that
// its runs name and in its configuration. It has consented to every feature at both
// destinations, and everybody uses all of them. No canary reaches an endpoint. The controls
// do, so the requests are not empty.
func TestLaw7OutputAndConfigurationOfATenantNeverReachAModel(t *testing.T) {
	t.Parallel()
	c := cloudtest.New(t, suite.Options{})
	tn := c.Tenant(t)
	tn.OwnModel(t)
	issue := storeCanaries(t, tn)
	wantStored(t, tn, issue)
	configured := configuration(tn.Record)
	if len(configured) < 3 {
		t.Fatalf("the record has only %d texts of configuration", len(configured))
	}
	useEveryFeature(t, tn, issue)

	features := map[string]int{}
	for _, r := range c.Vertex.Requests("") {
		features[r.Instruction]++
		for _, canary := range append(configured, outputCanary, nameCanary, lineCanary, resourceCanary, zoneCanary, objectiveCanary, thresholdCanary, relevanceCanary) {
			for name, spelling := range spellingsOf(t, canary) {
				if bytes.Contains(r.Body, spelling) {
					t.Errorf("an endpoint received %q, %s: %s", canary, name, r.Body)
				}
			}
		}
		if !strings.Contains(r.Text, textCanary) && !strings.Contains(r.Text, taskCanary) {
			t.Errorf("an endpoint received a request without the texts that are allowed: %s", r.Text)
		}
	}
	if len(features) != len(consent.Features) {
		t.Errorf("the endpoints received requests of %d features, want %d", len(features), len(consent.Features))
	}
	for instruction, n := range features {
		if strings.Contains(instruction, "canary") {
			t.Errorf("an instruction has data: %s", instruction)
		}
		if n > len(consent.Destinations) {
			t.Errorf("%d requests of one feature: previews and repetitions are sent too", n)
		}
	}
}

// configuration returns every text of a record that is configuration.
func configuration(r tenant.Record) (texts []string) {
	add := func(text string) {
		if len(text) > 6 && !slices.Contains(texts, text) { // a shorter one can be part of any text
			texts = append(texts, text)
		}
	}
	for _, trust := range r.Trust {
		add(trust.Issuer)
		add(trust.JWKS)
		add(trust.JWKSURL)
		for _, rule := range trust.Rules {
			for name, value := range rule.Claims {
				add(name)
				add(value)
			}
			add(string(rule.Role))
		}
	}
	for _, witness := range r.Witnesses {
		add(witness)
	}
	return texts
}

// storeCanaries runs a task that puts canaries into everything that it may write, and has an
// admin configure the workspace. It returns the issue's path.
func storeCanaries(t *testing.T, tn *cloudtest.Tenant) (issue string) {
	t.Helper()
	workspace := "/v1/workspaces/" + string(tn.Workspace)
	tasks := []map[string]any{}
	for _, name := range []string{"Check the resolver", "Restart the resolver"} {
		tasks = append(tasks, map[string]any{"name": name + " " + taskCanary, "suite": "dns", "source": "https://example.com/dns.robot", "documentation": name})
	}
	tn.Do(t, "platform", http.MethodPut, "/v1/catalog/tasks", map[string]any{"tasks": tasks, "edition": "e1"}).Want(t, http.StatusOK)

	id, now := cloudtest.NewRun(t), time.Now().UTC()
	tn.Do(t, "runner", http.MethodPut, tn.RunPath(id), map[string]any{"task": "dns-check", "slx": "dns", "resource": resourceCanary, "start": now.Add(-time.Minute)}).Want(t, http.StatusOK)
	part := []byte(outputCanary)
	tn.Mint(t, id, cloudtest.PartOf(nameCanary, 1, part))[0].Put(t, part).Want(t, http.StatusOK)
	line := `{"severity":1,"title":"` + textCanary + `","next_steps":"Check the resolver ` + taskCanary + `\nRestart the resolver ` + taskCanary + `","kubeconfig":"` + lineCanary + `"}`
	tn.Do(t, "runner", http.MethodPost, tn.RunPath(id)+"/report", map[string]any{
		"end": now, "outcome": "failure", "exitCode": 1, "outputs": []map[string]any{{"name": nameCanary, "parts": 1}},
		"issues": []map[string]any{{"line": line}}, "samples": []map[string]any{{"sli": "latency", "time": now, "value": 1e9}},
	}).Want(t, http.StatusOK)
	tn.Cloud.Drain(t)

	for path, body := range map[string]string{
		workspace + "/slis/latency":         `{"objective":{"max":` + objectiveCanary + `,"target":0.93},"thresholds":{"page":` + thresholdCanary + `}}`,
		workspace + "/assistants/edgar":     `{"name":"Edgar","relevance":` + relevanceCanary + `,"accessLevel":"read-write"}`,
		"/v1/export-schedules/of-the-audit": `{"kinds":["metadata"],"every":"monthly","timeZone":"` + zoneCanary + `"}`,
	} {
		tn.Do(t, "admin", http.MethodPut, path, []byte(body)).Want(t, http.StatusOK)
	}
	tn.Cloud.Clock.Advance(2 * time.Minute) // the catalog is read again
	var found struct{ Issues []struct{ ID string } }
	tn.Search(t, "viewer", workspace+"/issues", "").Want(t, http.StatusOK).JSON(t, &found)
	if len(found.Issues) != 1 {
		t.Fatalf("%d issues", len(found.Issues))
	}
	return workspace + "/issues/" + found.Issues[0].ID
}

// wantStored fails the test unless the API shows each canary, so that there is something to
// leave out.
func wantStored(t *testing.T, tn *cloudtest.Tenant, issue string) {
	t.Helper()
	workspace := "/v1/workspaces/" + string(tn.Workspace)
	var runs struct{ Runs []struct{ ID string } }
	tn.Search(t, "viewer", workspace+"/runs", "").Want(t, http.StatusOK).JSON(t, &runs)
	for path, canaries := range map[string][]string{
		issue:                                   {textCanary, resourceCanary},
		tn.RunPath(runs.Runs[0].ID) + "/issues": {lineCanary},
		tn.RunPath(runs.Runs[0].ID) + "/outputs/" + nameCanary: {outputCanary},
		tn.RunPath(runs.Runs[0].ID) + "/outputs":               {nameCanary},
		workspace + "/slis/latency":                            {objectiveCanary, thresholdCanary},
		workspace + "/assistants/edgar":                        {relevanceCanary, textCanary, taskCanary},
	} {
		got := tn.Do(t, "viewer", http.MethodGet, path, nil).Want(t, http.StatusOK)
		for _, canary := range canaries {
			if !bytes.Contains(got.Body, []byte(canary)) {
				t.Errorf("%s does not show %s: %s", path, canary, got.Body)
			}
		}
	}
	schedule := tn.Do(t, "admin", http.MethodGet, "/v1/export-schedules/of-the-audit", nil).Want(t, http.StatusOK)
	if !bytes.Contains(schedule.Body, []byte(zoneCanary)) {
		t.Errorf("the schedule is %s", schedule.Body)
	}
}

// useEveryFeature uses each feature at each destination, after its preview.
func useEveryFeature(t *testing.T, tn *cloudtest.Tenant, issue string) {
	t.Helper()
	edgar := "/v1/workspaces/" + string(tn.Workspace) + "/assistants/edgar"
	for _, d := range consent.Destinations {
		for feature, path := range map[consent.Feature]string{
			consent.ExplainIssue: issue + "/explain", consent.SummariseWorkspace: edgar + "/summary", consent.RankNextTasks: edgar + "/rank",
		} {
			tn.Consent(t, feature, d)
			tn.Do(t, "auditor", http.MethodGet, path+"/preview?destination="+string(d), nil).Want(t, http.StatusOK)
			tn.Do(t, "viewer", http.MethodPost, path, map[string]any{"destination": d}).Want(t, http.StatusOK)
		}
	}
	var tasks struct{ Tasks []struct{ ID string } }
	tn.Do(t, "platform", http.MethodPost, "/v1/catalog/tasks/search", map[string]any{"query": taskCanary}).Want(t, http.StatusOK).JSON(t, &tasks)
	if len(tasks.Tasks) == 0 {
		t.Fatal("the catalog has no task")
	}
	tn.Do(t, "platform", http.MethodPost, "/v1/catalog/enrich", map[string]any{"tasks": []map[string]any{{"id": tasks.Tasks[0].ID}}}).Want(t, http.StatusOK)
}

// The function consents refuses the second half of a person. If both are stored all the same,
// every send compares the persons again.
func TestLaw7OnePersonCannotHaveGivenBothHalvesAtASend(t *testing.T) {
	t.Parallel()
	f := newModelFixture(t, "prod")
	c := consentCase{feature: consent.ExplainIssue, destination: consent.Shared, workspace: "prod"}
	admin, staff := f.onePerson(t, "admin"), f.onePerson(t, "platform")
	expires := map[string]any{"expires": f.cloud.Clock.Now().Add(time.Hour).UTC().Truncate(time.Second)}
	ofAdmin, ofStaff := f.tenant.ConsentPath("admin", c.feature, c.destination), f.tenant.ConsentPath("platform", c.feature, c.destination)
	f.cloud.Do(t, admin, http.MethodPut, ofAdmin, expires).Want(t, http.StatusOK)
	f.cloud.Do(t, staff, http.MethodPut, ofStaff, expires).Want(t, http.StatusForbidden)

	// A withdrawn half allows the same person to give the other one. Then somebody who can
	// delete documents undoes the withdrawal.
	f.cloud.Do(t, admin, http.MethodDelete, ofAdmin, nil).Want(t, http.StatusOK)
	f.cloud.Do(t, staff, http.MethodPut, ofStaff, expires).Want(t, http.StatusOK)
	ends, err := operatorDB(t, f.cloud).Collection("tenants/" + string(f.tenant.ID) + "/consentEnds").Documents(t.Context()).GetAll()
	if err != nil || len(ends) != 1 {
		t.Fatal(len(ends), err)
	}
	if _, err := ends[0].Ref.Delete(t.Context()); err != nil {
		t.Fatal(err)
	}
	var stored struct {
		Tenant, Platform     struct{ State string }
		SamePerson, InEffect bool
	}
	f.cloud.Do(t, admin, http.MethodGet, ofAdmin, nil).Want(t, http.StatusOK).JSON(t, &stored)
	if stored.Tenant.State != "active" || stored.Platform.State != "active" || !stored.SamePerson || stored.InEffect {
		t.Errorf("the consent is %+v, want two active halves of one person", stored)
	}
	_, err = f.gateway.Send(t.Context(), f.request(c, payloadOf(c.feature, "of one person")))
	var refused *consent.Refusal
	if !errors.As(err, &refused) || refused.Code != consent.CodeNoConsent || !refused.SamePerson {
		t.Errorf("the refusal is %v", err)
	}
	if n := len(f.received("of one person")); n > 0 {
		t.Errorf("the endpoint received %d requests", n)
	}

	// Another person submits one half again, and it is sent.
	f.tenant.GiveHalf(t, "platform", c.feature, c.destination).Want(t, http.StatusOK)
	if _, err := f.gateway.Send(t.Context(), f.request(c, payloadOf(c.feature, "of two persons"))); err != nil || len(f.received("of two persons")) != 1 {
		t.Errorf("two persons: %v", err)
	}
}
