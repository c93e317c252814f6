package suite_test

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/suite"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/directory"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

func runPath(w tenant.WorkspaceID, id string) string {
	return "/v1/workspaces/" + string(w) + "/runs/" + id
}

// place is a workspace and a run with an output in it.
type place struct {
	name      string // "own", "other", "foreign"
	workspace tenant.WorkspaceID
	run       string
	caller    tenant.Role // who calls; a view belongs to the identity that opened it
}

// matrixFixture is a tenant with two workspaces and another tenant. The runner and
// the viewer have access to the first workspace only.
type matrixFixture struct {
	cloud  *cloudtest.Cloud
	tenant *cloudtest.Tenant
	other  *cloudtest.Tenant
	places []place

	entries map[tenant.ID]string // ID of a published audit entry of each log
	witness cloudtest.Witness    // of each tenant's log
	lowered atomic.Int64         // how often a quota was lowered: each time to another limit
}

func newMatrixFixture(t *testing.T, c *cloudtest.Cloud) *matrixFixture {
	t.Helper()
	unique := func(name string) tenant.WorkspaceID { return tenant.WorkspaceID(name + "-" + uuid.NewString()[:8]) }
	own, second, foreign := unique("own"), unique("other"), unique("foreign")
	f := &matrixFixture{cloud: c, tenant: c.Tenant(t, own), other: c.Tenant(t, foreign)}
	f.publishLogs(t) // before a function caches the tenants' records
	db, err := c.Directory.Client(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := directory.Workspace(db, f.tenant.ID, second).Set(t.Context(), map[string]any{"id": string(second)}); err != nil {
		t.Fatal(err)
	}
	f.places = []place{
		{name: "own", workspace: own, run: cloudtest.NewRun(t)},
		{name: "other", workspace: second, run: cloudtest.NewRun(t)},
		{name: "foreign", workspace: foreign, run: cloudtest.NewRun(t)},
	}
	f.tenant.Store(t, f.places[0].run, "kept.log", []byte("of the tenant"))
	f.other.Store(t, f.places[2].run, "kept.log", []byte("of the other tenant"))
	return f
}

// tokenStates create a role's token in each state. Only one is valid.
var tokenStates = map[string]func(t *testing.T, f *matrixFixture, persona string) string{
	"good": func(t *testing.T, f *matrixFixture, persona string) string { return f.token(t, persona, "", time.Hour) },
	"expired": func(t *testing.T, f *matrixFixture, persona string) string {
		return f.token(t, persona, "", -2*time.Minute)
	},
	"for another audience": func(t *testing.T, f *matrixFixture, persona string) string {
		return f.token(t, persona, "https://elsewhere.example/tenants/"+string(f.tenant.ID), time.Hour)
	},
	"tampered with": func(t *testing.T, f *matrixFixture, persona string) string {
		// The claims of one token with the signature of another.
		claims, of := f.token(t, persona, "", time.Hour), f.token(t, persona, "", time.Minute)
		return claims[:strings.LastIndex(claims, ".")] + of[strings.LastIndex(of, "."):]
	},
	"none": func(*testing.T, *matrixFixture, string) string { return "" },
}

func (f *matrixFixture) token(t *testing.T, persona, audience string, lifetime time.Duration) string {
	t.Helper()
	subject := persona + "-" + string(f.tenant.ID)
	if persona == string(tenant.Viewer) {
		subject = "viewer@" + string(f.tenant.ID) + ".example" // a member of the workspace
	}
	if audience == "" {
		audience = suite.Audience + "/tenants/" + string(f.tenant.ID)
		if persona == string(tenant.Platform) {
			audience = suite.Audience + "/platform"
		}
	}
	claims := map[string]any{"sub": subject, "aud": audience, "persona": persona}
	if lifetime < 0 {
		claims["iat"] = time.Now().Add(lifetime - time.Hour).Unix()
		claims["nbf"] = claims["iat"]
	}
	token, err := f.cloud.Issuer.Token(claims, lifetime)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// expect is the rule of the matrix. A denial has a reason.
func (o operation) expect(role tenant.Role, where place) (status int, reason string) {
	switch {
	case o.owned && where.name == "foreign":
		return http.StatusForbidden, "" // recorded without a workspace
	case (o.shared || o.owned) && !slices.Contains(o.roles, role):
		return http.StatusForbidden, "" // recorded without a workspace
	case o.shared, o.owned:
		return http.StatusOK, ""
	case !slices.Contains(o.roles, role):
		return http.StatusForbidden, "role"
	case where.name != "own" && slices.Contains([]tenant.Role{tenant.Runner, tenant.Builder, tenant.Viewer}, role):
		return http.StatusForbidden, "workspace"
	case where.name != "own" && o.viewed:
		return http.StatusBadRequest, ""
	case where.name != "own" && !o.lists, where.name == "foreign" && o.creates:
		return http.StatusNotFound, "" // within the caller's own tenant, the run does not exist
	}
	return http.StatusOK, ""
}

// Law 4: tenant and role come from a verified credential. A path or body can
// only narrow.
func TestLaw4IdentityDecides(t *testing.T) {
	if cloudtest.RaceDetector {
		t.Skip("TestEveryRecordedRequestHasAReceipt sends each request with the race detector")
	}
	t.Parallel()
	f := newMatrixFixture(t, cloudtest.Shared(t))
	if diff := cmp.Diff(slices.Sorted(maps.Keys(operations)), discover(t, f.cloud)); diff != "" {
		t.Fatalf("the matrix and the functions' operations differ: %s", diff)
	}
	denied := map[tenant.ID][]string{f.tenant.ID: nil, "": nil, f.other.ID: nil}
	roles := []tenant.Role{tenant.Runner, tenant.Builder, tenant.Viewer, tenant.Auditor, tenant.Admin, tenant.Platform, "nobody"}
	for _, route := range slices.Sorted(maps.Keys(operations)) {
		for _, role := range roles {
			for _, where := range f.places {
				status, reason := operations[route].expect(role, where)
				t.Run(fmt.Sprintf("%s as %s in %s workspace", route, role, where.name), func(t *testing.T) {
					f.tryTokens(t, route, role, where, status)
				})
				if reason == "" || role == "nobody" { // who has no role is counted, not recorded
					continue
				}
				id := f.tenant.ID
				if role == tenant.Platform {
					id = ""
				}
				denied[id] = append(denied[id], fmt.Sprint(operations[route].action, " ", role, " ", where.workspace, " ", reason))
			}
		}
	}
	for id, want := range denied {
		f.checkDenials(t, id, want)
	}
}

// tryTokens sends one request of the matrix with each token that is not valid, and then with
// the valid one.
func (f *matrixFixture) tryTokens(t *testing.T, route string, role tenant.Role, where place, status int) {
	t.Helper()
	where.caller = role
	path, body := operations[route].ask(t, f, where)
	for state := range tokenStates {
		if state != "good" {
			t.Run("token "+state, func(t *testing.T) { wantUnauthorized(t, f.try(t, route, role, state, path, body)) })
		}
	}
	t.Run("token good", func(t *testing.T) {
		r := f.try(t, route, role, "good", path, body)
		if status != http.StatusOK {
			wantProblem(t, r, status)
			return
		}
		if body := string(r.Want(t, status).Body); where.name != "own" && strings.Contains(body, where.run) && !strings.HasSuffix(route, "/audit/entries") { // which names what its own callers asked for
			t.Errorf("the response shows another workspace: %s", body)
		}
	})
}

// try sends one request. Its headers also name the other tenant, which must have no effect. A
// query that names it is rejected: see faults.
func (f *matrixFixture) try(t *testing.T, route string, role tenant.Role, state, path string, body any) cloudtest.Response {
	t.Helper()
	method, _, _ := strings.Cut(route, " ")
	r := f.cloud.Do(t, tokenStates[state](t, f, string(role)), method, path, body,
		"X-Strongroom-Tenant", string(f.other.ID), "X-Goog-Authenticated-User-Email", "admin@example.com")
	if (r.Status == http.StatusUnauthorized) != (r.Header.Get("WWW-Authenticate") != "") {
		t.Errorf("status %d, WWW-Authenticate is %q", r.Status, r.Header.Get("WWW-Authenticate"))
	}
	return r
}

func wantUnauthorized(t *testing.T, r cloudtest.Response) {
	t.Helper()
	wantProblem(t, r, http.StatusUnauthorized)
}

// checkDenials compares the denials in a tenant's audit log with the expected ones.
// All tests share the platform's log, so only this fixture's workspaces count.
func (f *matrixFixture) checkDenials(t *testing.T, id tenant.ID, want []string) {
	t.Helper()
	var got []string
	for _, e := range auditEntries(t, f.cloud, id) {
		mine := slices.ContainsFunc(f.places, func(p place) bool { return p.workspace == e.Workspace })
		if e.Outcome != auditlog.Denied || !mine {
			continue
		}
		got = append(got, fmt.Sprint(e.Action, " ", e.Actor.Role, " ", e.Workspace, " ", e.Reason))
	}
	slices.Sort(got)
	slices.Sort(want)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("denials on the log of tenant %q: %s", id, diff)
	}
}

// publicOperations are the operations that need no token. The laws 4 and 6 do not try them, because
// they read nothing of a tenant.
var publicOperations = map[string]ask{
	"GET /v1/tenants/{tenant}/certificates/keys": atFixedPath("/v1/tenants/acme/certificates/keys", nil),
}

// discover returns the operations in the functions' OpenAPI documents that need a token, and
// checks that the load balancer routes exactly the documented ones.
func discover(t *testing.T, c *cloudtest.Cloud) []string {
	t.Helper()
	var all, public []string
	for name, function := range c.Suite.Functions {
		if len(function.Routes) == 0 {
			continue
		}
		var document struct {
			Paths map[string]map[string]struct {
				Security *[]map[string][]string // nil: as the document says
			}
			Security []map[string][]string
		}
		c.Do(t, "", http.MethodGet, "/openapi/"+name+".json", nil).Want(t, http.StatusOK).JSON(t, &document)
		var served []string
		for path, methods := range document.Paths {
			for method, o := range methods {
				route := strings.ToUpper(method) + " " + path
				if served = append(served, route); o.Security == nil {
					all = append(all, route)
				} else if len(*o.Security) == 0 {
					public = append(public, route)
				}
			}
		}
		slices.Sort(served)
		if diff := cmp.Diff(slices.Sorted(slices.Values(function.Routes)), served); diff != "" {
			t.Errorf("%s: routes of the load balancer and operations differ: %s", name, diff)
		}
		if len(document.Security) == 0 {
			t.Errorf("%s: the document requires no token", name)
		}
	}
	if diff := cmp.Diff(slices.Sorted(maps.Keys(publicOperations)), slices.Sorted(slices.Values(public))); diff != "" {
		t.Errorf("operations that need no token: %s", diff)
	}
	slices.Sort(all)
	return all
}

// Event and scheduled functions accept one service account each, and no principal of
// a tenant.
func TestLaw4IdentityDecidesWhoInvokes(t *testing.T) {
	t.Parallel()
	c := cloudtest.Shared(t)
	tn := c.Tenant(t)
	for name, function := range c.Suite.Functions {
		if function.Topic == "" && function.Schedule == "" {
			continue
		}
		endpoint := c.LoadBalancer.Endpoint(name)
		as := func(account, audience string) string {
			token, err := c.IAM.SignJWT(account, map[string]any{"aud": audience})
			if err != nil {
				t.Fatal(err)
			}
			return token
		}
		for who, try := range map[string]struct {
			token  string
			status int
		}{
			"nobody":                          {"", http.StatusUnauthorized},
			"a tenant's admin":                {tn.Token(t, "admin"), http.StatusUnauthorized},
			"platform staff":                  {tn.Token(t, "platform"), http.StatusUnauthorized},
			"another function":                {as(suite.FunctionAccount("uploads"), endpoint), http.StatusForbidden},
			"the function itself":             {as(suite.FunctionAccount(name), endpoint), http.StatusForbidden},
			"the tenant's signing account":    {as(tn.SigningAccount, endpoint), http.StatusForbidden},
			"an account for another function": {as(suite.Account("scheduler"), endpoint+"2"), http.StatusUnauthorized},
			"an account with an access token": {c.IAM.AccessToken(suite.Account("scheduler")), http.StatusUnauthorized},
		} {
			t.Run(name+" by "+who, func(t *testing.T) {
				c.Do(t, try.token, http.MethodPost, "/functions/"+name, map[string]any{}).Want(t, try.status)
			})
		}
	}
}
