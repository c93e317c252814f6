package access_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/go-cmp/cmp"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/suite"
	"github.com/strongroom-dev/strongroom/shared/api"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// strangerToken is a token of a tenant's issuer that matches no rule.
func strangerToken(t *testing.T, tn *cloudtest.Tenant, subject string) string {
	t.Helper()
	token, err := tn.Cloud.Issuer.Token(map[string]any{"aud": suite.Audience + "/tenants/" + string(tn.ID), "sub": subject}, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func TestTokensWithoutARoleAreCountedPerIssuerAndMinute(t *testing.T) {
	t.Parallel()
	c := cloudtest.New(t, suite.Options{})
	tn := c.Tenant(t)
	refuse := func(n int) {
		for i := range n {
			c.Do(t, strangerToken(t, tn, "stranger-"+strconv.Itoa(i)), http.MethodPost, "/v1/workspaces/prod/runs/search", map[string]any{}).Want(t, http.StatusForbidden)
		}
	}
	refuse(30)
	c.Clock.Advance(time.Minute)
	refuse(5)
	c.Clock.Advance(time.Minute)
	tn.Search(t, "viewer", "/v1/workspaces/prod/runs", "").Want(t, http.StatusOK)
	if got := reasons(t, guard(t, c), tn); len(got) > 0 {
		t.Errorf("the tenant's audit log has %d entries: %v", len(got), got)
	}
	total, lines := counted(t, tn, c.Log.String(), "tokens without a role")
	if total != 35 || lines < 2 || lines > 4 { // each series may span two minutes
		t.Errorf("the log counts %d in %d lines, want 35 in 2 to 4", total, lines)
	}
	if strings.Contains(c.Log.String(), "stranger-") {
		t.Error("the log has the subjects of strangers")
	}
}

// counted returns the sum and the number of the log lines that count a tenant's
// refused requests.
func counted(t *testing.T, tn *cloudtest.Tenant, log, message string) (total, lines int) {
	t.Helper()
	for line := range strings.Lines(log) {
		var l struct {
			Message, Tenant, Issuer string
			Count                   int
		}
		if err := json.Unmarshal([]byte(line), &l); err != nil {
			t.Fatal(err)
		}
		if l.Message == message && l.Tenant == string(tn.ID) && l.Issuer == tn.Cloud.Issuer.URL() {
			total, lines = total+l.Count, lines+1
		}
	}
	return total, lines
}

// The clock stands still, so nothing is refilled.
func TestRequestsOverTheRateLimitAreCountedPerIssuerAndMinute(t *testing.T) {
	t.Parallel()
	const burst, over = 1000, 50
	c := cloudtest.New(t, suite.Options{})
	tn, now := c.Tenant(t), time.Now()
	g := guardAt(t, c, func() time.Time { return now })
	var log bytes.Buffer
	a := api.New("test", c.Clock.Now, api.NewLogger(&log))
	op := huma.Operation{OperationID: "list", Method: http.MethodGet, Path: "/v1/workspaces/{workspace}/runs"}
	api.Register(a, g.Protect(op, auditlog.ReadRun), func(context.Context, *struct {
		Workspace string `path:"workspace"`
	}) (*struct{}, error) {
		return &struct{}{}, nil
	})
	statuses := map[int]int{}
	ask := func(token string) {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/v1/workspaces/prod/runs", nil)
		r.Header.Set("Authorization", "Bearer "+token)
		w := httptest.NewRecorder()
		a.Handler().ServeHTTP(w, r)
		statuses[w.Code]++
	}
	stranger := strangerToken(t, tn, "a-flood")
	for range burst + over {
		ask(stranger)
	}
	now = now.Add(time.Minute)
	ask(tn.Token(t, "auditor"))
	if diff := cmp.Diff(map[int]int{http.StatusForbidden: burst, http.StatusTooManyRequests: over, http.StatusOK: 1}, statuses); diff != "" {
		t.Error(diff)
	}
	if total, lines := counted(t, tn, log.String(), "requests over the rate limit"); total != over || lines != 1 {
		t.Errorf("the log counts %d in %d lines, want %d in 1", total, lines, over)
	}
	if got := strings.Count(log.String(), `"status":429`); got != 0 {
		t.Errorf("the log has %d lines of single requests", got)
	}
}

func TestASuspendedTenantsLogCannotBeFilledByStrangers(t *testing.T) {
	t.Parallel()
	c := cloudtest.New(t, suite.Options{})
	tn, g := c.Tenant(t), guard(t, c)
	tn.State = tenant.Suspended
	if err := c.Directory.Put(t.Context(), tn.Record); err != nil {
		t.Fatal(err)
	}
	for i := range 20 {
		_, err := g.Authorize(t.Context(), "Bearer "+strangerToken(t, tn, strconv.Itoa(i)), request(auditlog.ReadRun))
		wantRefused(t, err, http.StatusForbidden)
	}
	if got := reasons(t, g, tn); len(got) > 2 { // the requests may span two minutes
		t.Errorf("the audit log has %d entries", len(got))
	}
}

// The clock stands still, so nothing is refilled.
func TestEachSubjectHasItsOwnRateLimit(t *testing.T) {
	t.Parallel()
	const burst, rate = 1000, 100
	c := cloudtest.New(t, suite.Options{})
	one, two := c.Tenant(t), c.Tenant(t)
	now := time.Now()
	g := guardAt(t, c, func() time.Time { return now })
	ask := func(token string) error {
		_, err := g.Authorize(t.Context(), "Bearer "+token, request(auditlog.ReadRun))
		return err
	}
	auditor := one.Token(t, "auditor")
	for i := range burst {
		if err := ask(auditor); err != nil {
			t.Fatalf("request %d: %v", i, err)
		}
	}
	p := wantRefused(t, ask(auditor), http.StatusTooManyRequests)
	if got := p.GetHeaders().Get("Retry-After"); got != "1" {
		t.Errorf("Retry-After is %q", got)
	}
	for name, token := range map[string]string{
		"another subject": one.Token(t, "admin"), "another tenant": two.Token(t, "auditor"), "a stranger": strangerToken(t, one, "s"),
	} {
		if err := ask(token); strings.Contains(fmt.Sprint(err), "too many") {
			t.Errorf("%s must wait too: %v", name, err)
		}
	}
	strangers := []string{strangerToken(t, one, "1"), strangerToken(t, one, "2"), strangerToken(t, one, "3")}
	for i := range burst {
		_ = ask(strangers[i%len(strangers)])
	}
	wantRefused(t, ask(strangerToken(t, one, "yet another")), http.StatusTooManyRequests)
	if err := ask(one.Token(t, "viewer")); err != nil {
		t.Errorf("strangers stop a viewer of the tenant: %v", err)
	}
	if got := reasons(t, g, one); len(got) > 0 {
		t.Errorf("requests over the limit are on the audit log: %v", got)
	}
	now = now.Add(time.Second)
	for i := range rate {
		if err := ask(auditor); err != nil {
			t.Fatalf("request %d after a second: %v", i, err)
		}
	}
	wantRefused(t, ask(auditor), http.StatusTooManyRequests)
}
