package consents_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/suite"
	"github.com/strongroom-dev/strongroom/shared/consent"
)

func TestMain(m *testing.M) { cloudtest.Main(m) }

const onePath = "/v1/consents/explain-issue/shared"

// shown is what a response says about a consent.
type shown struct {
	InEffect, SamePerson bool
	Workspace, Text      string
	TextBody             string
	Tenant, Platform     half
	History              []struct {
		Side string
		half
	}
	Endpoint struct{ ProjectID, Location, Model string }
}

type half struct {
	ID, State, Text string
	Expires         time.Time
	EndReason       string
	By, EndedBy     *struct{ Issuer, Subject string }
}

func read(t *testing.T, tn *cloudtest.Tenant, path string) (s shown) {
	t.Helper()
	tn.Do(t, "admin", http.MethodGet, path, nil).Want(t, http.StatusOK).JSON(t, &s)
	return s
}

// states returns the states of the tenant's half and the platform's half.
func (s shown) states() [2]string { return [2]string{s.Tenant.State, s.Platform.State} }

func in(c *cloudtest.Cloud, d time.Duration) map[string]any {
	return map[string]any{"expires": c.Clock.Now().Add(d).UTC().Truncate(time.Second)}
}

const day = 24 * time.Hour

func TestAConsentIsInEffectWhileBothHalvesAreActive(t *testing.T) {
	t.Parallel()
	c := cloudtest.New(t, suite.Options{})
	tn := c.Tenant(t)
	staff, twenty := tn.ConsentPath("platform", consent.ExplainIssue, consent.Shared), in(c, 20*day)
	steps := []struct {
		name          string
		do            func()
		states        [2]string
		inEffect      bool
		endsOfHistory []string // the newest first
	}{
		{name: "nothing is agreed to by default", do: func() {}, states: [2]string{"none", "none"}},
		{name: "the tenant's half alone", do: func() { tn.Do(t, "admin", http.MethodPut, onePath, in(c, 10*day)).Want(t, 200) },
			states: [2]string{"active", "none"}, endsOfHistory: []string{""}},
		{name: "both halves", do: func() { tn.Do(t, "platform", http.MethodPut, staff, twenty).Want(t, 200) },
			states: [2]string{"active", "active"}, inEffect: true, endsOfHistory: []string{"", ""}},
		{name: "the same half again changes nothing", do: func() { tn.Do(t, "platform", http.MethodPut, staff, twenty).Want(t, 200) },
			states: [2]string{"active", "active"}, inEffect: true, endsOfHistory: []string{"", ""}},
		{name: "the tenant's half has expired", do: func() { c.Clock.Advance(11 * day) }, states: [2]string{"expired", "active"}, endsOfHistory: []string{"", ""}},
		{name: "the tenant's half is given again", do: func() { tn.Do(t, "admin", http.MethodPut, onePath, in(c, 100*day)).Want(t, 200) },
			states: [2]string{"active", "active"}, inEffect: true, endsOfHistory: []string{"", "", "replaced"}},
		{name: "the platform withdraws", do: func() { tn.Do(t, "platform", http.MethodDelete, staff, nil).Want(t, 200) },
			states: [2]string{"active", "withdrawn"}, endsOfHistory: []string{"", "withdrawn", "replaced"}},
		{name: "the platform withdraws again", do: func() { tn.Do(t, "platform", http.MethodDelete, staff, nil).Want(t, 200) },
			states: [2]string{"active", "withdrawn"}, endsOfHistory: []string{"", "withdrawn", "replaced"}},
	}
	for _, step := range steps {
		step.do()
		got := read(t, tn, onePath)
		var ends []string
		for _, h := range got.History {
			ends = append(ends, h.EndReason)
		}
		if got.states() != step.states || got.InEffect != step.inEffect || !cmp.Equal(ends, step.endsOfHistory) {
			t.Errorf("%s: the halves are %v, in effect %v, with the history %q; want %v, %v, %q",
				step.name, got.states(), got.InEffect, ends, step.states, step.inEffect, step.endsOfHistory)
		}
	}
}

func TestAHalfSaysWhoGaveItAndToWhatText(t *testing.T) {
	t.Parallel()
	tn := cloudtest.Shared(t).Tenant(t)
	tn.Consent(t, consent.ExplainIssue, consent.Shared)
	s := read(t, tn, onePath)
	if s.Tenant.By.Subject != "admin@"+string(tn.ID)+".example" || s.Platform.By.Subject != "platform@staff.example" {
		t.Errorf("the halves are by %v and %v", s.Tenant.By, s.Platform.By)
	}
	for _, fact := range []string{suite.SharedModel.ProjectID, suite.SharedModel.Location, suite.SharedModel.Model, "does not log prompts", "issue.details", "tasks[].name"} {
		if !strings.Contains(s.TextBody, fact) {
			t.Errorf("the text does not say %q:\n%s", fact, s.TextBody)
		}
	}
	var text struct{ Version, Body string }
	tn.Do(t, "auditor", http.MethodGet, "/v1/consent-texts/"+s.Tenant.Text, nil).Want(t, 200).JSON(t, &text)
	if text.Body != s.TextBody || text.Version != s.Text {
		t.Errorf("the stored text %s differs from the current one %s", text.Version, s.Text)
	}
	tn.Do(t, "auditor", http.MethodGet, "/v1/consent-texts/v1-000000000000", nil).Want(t, 404)
	tn.Do(t, "auditor", http.MethodGet, "/v1/consent-texts/latest", nil).Want(t, 400)
}

func TestStaffDoNotSeeWhoGaveAHalf(t *testing.T) {
	t.Parallel()
	tn := cloudtest.Shared(t).Tenant(t)
	tn.Consent(t, consent.ExplainIssue, consent.Shared)
	for _, path := range []string{tn.ConsentPath("platform", consent.ExplainIssue, consent.Shared), "/v1/tenants/" + string(tn.ID) + "/consents"} {
		r := tn.Do(t, "platform", http.MethodGet, path, nil).Want(t, 200)
		if body := string(r.Body); strings.Contains(body, "@") || !strings.Contains(body, `"inEffect":true`) {
			t.Errorf("%s returns %s", path, body)
		}
	}
}

func TestOnePersonCannotGiveBothHalves(t *testing.T) {
	t.Parallel()
	c := cloudtest.Shared(t)
	tn := c.Tenant(t)
	as := func(persona, audience string) string {
		token, err := c.Issuer.Token(map[string]any{"sub": "ada", "aud": suite.Audience + audience, "persona": persona}, time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		return token
	}
	admin, staff := as("admin", "/tenants/"+string(tn.ID)), as("platform", "/platform")
	path := tn.ConsentPath("platform", consent.ExplainIssue, consent.Shared)
	c.Do(t, admin, http.MethodPut, onePath, in(c, day)).Want(t, 200)
	refused := c.Do(t, staff, http.MethodPut, path, in(c, day)).Want(t, 403)
	if !strings.Contains(string(refused.Body), `"same-person"`) || refused.Header.Get("Strongroom-Audit-Entry") == "" {
		t.Errorf("the refusal is %s, with the entry %q", refused.Body, refused.Header.Get("Strongroom-Audit-Entry"))
	}
	// Another admin replaces the half. Then the first person may give the platform's.
	tn.GiveHalf(t, "admin", consent.ExplainIssue, consent.Shared).Want(t, 200)
	c.Do(t, staff, http.MethodPut, path, in(c, day)).Want(t, 200)
	c.Do(t, admin, http.MethodPut, onePath, in(c, 2*day)).Want(t, 403)
	if s := read(t, tn, onePath); !s.InEffect {
		t.Errorf("the consent of two persons is not in effect: %v", s)
	}
}

func TestInvalidRequestsAreRejected(t *testing.T) {
	t.Parallel()
	c := cloudtest.Shared(t)
	tn := c.Tenant(t)
	for name, row := range map[string]struct {
		path   string
		body   any
		status int
		says   string
	}{
		"a feature that does not exist":        {path: "/v1/consents/train-a-model/shared", body: in(c, day), status: 404, says: "summarise-workspace"},
		"a destination that does not exist":    {path: "/v1/consents/explain-issue/anywhere", body: in(c, day), status: 404, says: "single-tenant"},
		"a feature that is not a name":         {path: "/v1/consents/Explain/shared", body: in(c, day), status: 400, says: "a-z and hyphen"},
		"a workspace that does not exist":      {path: onePath + "?workspace=absent", body: in(c, day), status: 404, says: "no such workspace"},
		"a workspace that is not a name":       {path: onePath + "?workspace=A.b", body: in(c, day), status: 422, says: "query.workspace"},
		"an end date in the past":              {path: onePath, body: in(c, -time.Second), status: 422, says: "body.expires"},
		"an end date that is too far":          {path: onePath, body: in(c, 367*day), status: 422, says: "more than a year"},
		"no end date":                          {path: onePath, body: map[string]any{}, status: 422, says: "expires"},
		"a destination that the tenant lacks":  {path: "/v1/consents/explain-issue/single-tenant", body: in(c, day), status: 409, says: "no such model endpoint"},
		"a feature with public data":           {path: "/v1/consents/enrich-catalog/shared", body: in(c, day), status: 409, says: "needs no consent"},
		"a text that is not the current one":   {path: onePath, body: map[string]any{"expires": c.Clock.Now().Add(day), "text": "v1-000000000000"}, status: 409, says: `"consent-text"`},
		"a field that does not exist":          {path: onePath, body: map[string]any{"expires": c.Clock.Now().Add(day), "by": "ada"}, status: 422, says: "unknown field"},
		"a consent of another tenant by staff": {path: "/v1/tenants/absent/consents/explain-issue/shared", body: in(c, day), status: 404, says: "no such tenant"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			persona := "admin"
			if strings.HasPrefix(row.path, "/v1/tenants/") {
				persona = "platform"
			}
			if r := tn.Do(t, persona, http.MethodPut, row.path, row.body).Want(t, row.status); !strings.Contains(string(r.Body), row.says) {
				t.Errorf("the response %s does not say %q", r.Body, row.says)
			}
		})
	}
}

func TestAChangedEndpointNeedsNewConsents(t *testing.T) {
	t.Parallel()
	c := cloudtest.New(t, suite.Options{})
	tn := c.Tenant(t)
	own := tn.OwnModel(t)
	c.Clock.Advance(2 * time.Minute) // the functions read the record again
	tn.Consent(t, consent.RankNextTasks, consent.SingleTenant)
	path := "/v1/consents/rank-next-tasks/single-tenant"
	if s := read(t, tn, path); !s.InEffect || s.Endpoint.ProjectID != own.ProjectID {
		t.Fatalf("the consent is %+v", s)
	}
	own.CacheDisabled = true
	if _, err := c.SetModel(t.Context(), tn.ID, own); err != nil {
		t.Fatal(err)
	}
	c.Clock.Advance(2 * time.Minute)
	if s := read(t, tn, path); s.InEffect || s.states() != [2]string{"outdated", "outdated"} {
		t.Errorf("after the change, the halves are %v", s.states())
	}
}

func TestConsentsOfAWorkspaceAreTheirOwn(t *testing.T) {
	t.Parallel()
	c := cloudtest.Shared(t)
	tn := c.Tenant(t, "prod", "dev")
	tn.Do(t, "admin", http.MethodPut, onePath+"?workspace=prod", in(c, day)).Want(t, 200)
	for path, want := range map[string]string{onePath: "none", onePath + "?workspace=prod": "active", onePath + "?workspace=dev": "none"} {
		if got := read(t, tn, path).Tenant.State; got != want {
			t.Errorf("%s: the tenant's half is %s, want %s", path, got, want)
		}
	}
	var list struct{ Consents []shown }
	tn.Do(t, "auditor", http.MethodGet, "/v1/consents", nil).Want(t, 200).JSON(t, &list)
	var workspaces []string
	for _, one := range list.Consents {
		workspaces = append(workspaces, one.Workspace+" "+one.Tenant.State)
	}
	if diff := cmp.Diff([]string{" none", " none", " none", "prod active"}, workspaces); diff != "" {
		t.Errorf("the list (-want +got):\n%s", diff)
	}
}
