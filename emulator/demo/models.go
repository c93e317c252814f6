package demo

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/strongroom-dev/strongroom/emulator/suite"
	"github.com/strongroom-dev/strongroom/emulator/vertex"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// explainFeature is the consent which the demonstration uses and withdraws.
const explainFeature = "explain-issue/shared"

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
	staffPath := "/v1/tenants/" + string(acme) + "/consents/" + explainFeature
	t := table{head: []string{"caller", "request", "status", "answer", "result"}}
	for _, s := range []modelStep{
		{who: "viewer", what: "explain the issue, without consent", status: http.StatusForbidden, try: explain},
		{who: "admin", what: "give the tenant's half", status: http.StatusOK, try: d.as("admin", http.MethodPut, "/v1/consents/"+explainFeature, expires)},
		{who: "viewer", what: "explain the issue, with one half", status: http.StatusForbidden, try: explain},
		{who: "staff", what: "give the platform's half", status: http.StatusOK, try: d.as("platform", http.MethodPut, staffPath, expires)},
		{who: "viewer", what: "explain the issue, with both halves", status: http.StatusOK, try: explain},
		{who: "admin", what: "withdraw the tenant's half", status: http.StatusOK, try: d.as("admin", http.MethodDelete, "/v1/consents/"+explainFeature, nil)},
		{who: "viewer", what: "explain the issue, after the withdrawal", status: http.StatusForbidden, try: explain},
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

// showLedger compares the ledger with what the endpoint received.
func (d *Demo) showLedger(ctx context.Context, issue string) error {
	listed, err := d.call(ctx, acme, "auditor", http.MethodGet, "/v1/model-sends", nil)
	if err != nil {
		return err
	}
	var ledger struct {
		Sends []struct{ Entry, Status, SHA256, Resource string }
	}
	if err := json.Unmarshal(listed.body, &ledger); err != nil {
		return fmt.Errorf("read the ledger: %w", err)
	}
	received := d.received(issue)
	ok := len(ledger.Sends) == 1 && len(received) == 1 && ledger.Sends[0].SHA256 == received[0].SHA256 && ledger.Sends[0].Resource == "issues/"+issue
	d.printf("\n  requests on the ledger: %d, requests that the endpoint received: %d\n", len(ledger.Sends), len(received))
	if ok {
		d.printf("  entry %s (%s), SHA-256 of the request:\n    on the ledger    %s\n    at the endpoint  %s\n",
			ledger.Sends[0].Entry, ledger.Sends[0].Status, ledger.Sends[0].SHA256, received[0].SHA256)
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
