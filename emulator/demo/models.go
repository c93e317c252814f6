package demo

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/strongroom-dev/strongroom/emulator/suite"
	"github.com/strongroom-dev/strongroom/emulator/vertex"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// explainFeature is the consent that the demonstration uses and withdraws.
const explainFeature = "explain-issue/shared"

// consentPaths returns the paths of the two halves. They are for the demonstration's
// workspace only, so a consent for the whole tenant is not changed.
func (d *Demo) consentPaths() (ofTenant, ofPlatform string) {
	name := "/consents/" + explainFeature + "?workspace=" + string(d.workspace)
	return "/v1" + name, "/v1/tenants/" + string(acme) + name
}

// modelStep is a step of the section about language models.
type modelStep struct {
	who, what string
	status    int
	try       func(context.Context) (response, error)
}

// showModels shows that an issue reaches a language model only with two consents, and
// that the ledger has what was sent.
func (d *Demo) showModels(ctx context.Context) error {
	d.printf("\n5. An issue is explained by a language model, while the tenant and the platform consent\n\n")
	id, err := d.worstIssue(ctx)
	if err != nil {
		return err
	}
	expires := map[string]any{"expires": d.cloud.Clock.Now().Add(24 * time.Hour).UTC().Truncate(time.Second)}
	explain := d.as("viewer", http.MethodPost, d.path("issues/"+id+"/explain"), map[string]any{})
	ofTenant, ofPlatform := d.consentPaths()
	t := table{head: []string{"caller", "request", "status", "answer", "result"}}
	for _, s := range []modelStep{
		{who: "viewer", what: "explain the issue, without consent", status: http.StatusForbidden, try: explain},
		{who: "admin", what: "give the tenant's half", status: http.StatusOK, try: d.as("admin", http.MethodPut, ofTenant, expires)},
		{who: "viewer", what: "explain the issue, with one half", status: http.StatusForbidden, try: explain},
		{who: "staff", what: "give the platform's half", status: http.StatusOK, try: d.as("platform", http.MethodPut, ofPlatform, expires)},
		{who: "viewer", what: "explain the issue, with both halves", status: http.StatusOK, try: explain},
		{who: "admin", what: "withdraw the tenant's half", status: http.StatusOK, try: d.as("admin", http.MethodDelete, ofTenant, nil)},
		{who: "viewer", what: "explain the issue, after the withdrawal", status: http.StatusForbidden, try: explain},
		{who: "staff", what: "withdraw the platform's half", status: http.StatusOK, try: d.as("platform", http.MethodDelete, ofPlatform, nil)},
	} {
		got, err := s.try(ctx)
		if err != nil {
			return fmt.Errorf("%s, %s: %w", s.who, s.what, err)
		}
		t.add(s.who, s.what, fmt.Sprint(got.status), modelAnswer(got), d.check(got.status == s.status))
	}
	if err := t.print(d.out); err != nil {
		return err
	}
	return d.showLedger(ctx, id)
}

// as returns a call as a persona of acme, or of the staff.
func (d *Demo) as(persona, method, path string, body any) func(context.Context) (response, error) {
	owner := acme
	if persona == string(tenant.Platform) {
		owner = ""
	}
	return func(ctx context.Context) (response, error) { return d.call(ctx, owner, persona, method, path, body) }
}

// worstIssue returns the ID of an issue to explain.
func (d *Demo) worstIssue(ctx context.Context) (string, error) {
	found, err := d.call(ctx, acme, "viewer", http.MethodPost, d.path("issues/search"), map[string]any{"pageSize": 1})
	if err != nil {
		return "", err
	}
	var list struct{ Issues []struct{ ID string } }
	if err := json.Unmarshal(found.body, &list); err != nil || len(list.Issues) != 1 {
		return "", fmt.Errorf("there is no issue to explain: %d %s", found.status, found.code)
	}
	return list.Issues[0].ID, nil
}

// modelAnswer says in a few words what a response has.
func modelAnswer(r response) string {
	var problem struct {
		Code   string
		Errors []struct{ Message string }
	}
	if r.status != http.StatusOK && json.Unmarshal(r.body, &problem) == nil {
		return fmt.Sprintf("%s; %d halves are missing", problem.Code, len(problem.Errors))
	}
	var consent struct{ InEffect *bool }
	if json.Unmarshal(r.body, &consent) == nil && consent.InEffect != nil {
		return fmt.Sprintf("in effect: %t", *consent.InEffect)
	}
	first, _, _ := strings.Cut(string(r.body), "\n")
	var line struct{ Text string }
	if json.Unmarshal([]byte(first), &line) == nil {
		return line.Text[:min(len(line.Text), 40)] + "…"
	}
	return ""
}

// ledgerEntry is a request on the ledger.
type ledgerEntry struct{ Entry, Status, SHA256, Workspace, Resource string }

// showLedger compares the ledger with what the endpoint received.
func (d *Demo) showLedger(ctx context.Context, issue string) error {
	listed, err := d.call(ctx, acme, "auditor", http.MethodGet, "/v1/model-sends", nil)
	if err != nil {
		return err
	}
	var ledger struct{ Sends []ledgerEntry }
	if err := json.Unmarshal(listed.body, &ledger); err != nil {
		return fmt.Errorf("read the ledger: %w", err)
	}
	about := slices.DeleteFunc(ledger.Sends, func(s ledgerEntry) bool {
		return s.Workspace != string(d.workspace) || s.Resource != "issues/"+issue
	})
	received := d.received(issue)
	ok := len(about) == 1 && len(received) == 1 && about[0].SHA256 == received[0].SHA256
	d.printf("\n  requests about the issue on the ledger: %d, at the endpoint: %d\n", len(about), len(received))
	if ok {
		d.printf("  entry %s (%s), SHA-256 of the request:\n    on the ledger    %s\n    at the endpoint  %s\n",
			about[0].Entry, about[0].Status, about[0].SHA256, received[0].SHA256)
	}
	d.printf("  the ledger has exactly what was sent: %s\n", d.check(ok))
	return nil
}

// received returns the requests about an issue that the embedded Vertex AI received.
func (d *Demo) received(issue string) (about []vertex.Request) {
	for _, r := range d.cloud.Vertex.Requests(suite.SharedModel.ProjectID) {
		if strings.Contains(r.Text, issue) {
			about = append(about, r)
		}
	}
	return about
}
