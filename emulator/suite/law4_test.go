package suite_test

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/suite"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/records"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// operation is what the matrix expects of one operation: who may do it, and
// how it is asked for. An operation of the functions that has no row here, and
// a row that is no operation, fail the test.
type operation struct {
	roles  []tenant.Role
	action auditlog.Action
	ask    func(t *testing.T, w *matrixWorld, where place) (path string, body any)

	lists  bool // in a workspace with nothing in it: an empty list, not 404
	strict bool // refuses a query that it does not know
}

var (
	readers = []tenant.Role{tenant.Viewer, tenant.Auditor, tenant.Admin}
	runners = []tenant.Role{tenant.Runner}
)

var operations = map[string]operation{
	"POST /v1/workspaces/{workspace}/runs/{run}/uploads": {runners, auditlog.MintUpload, func(t *testing.T, _ *matrixWorld, p place) (string, any) {
		return runPath(p.workspace, cloudtest.NewRun(t)) + "/uploads", oneUpload()
	}, false, false},
	"PUT /v1/workspaces/{workspace}/runs/{run}": {runners, auditlog.StartRun, func(t *testing.T, _ *matrixWorld, p place) (string, any) {
		return runPath(p.workspace, cloudtest.NewRun(t)), map[string]any{"task": "dns-check", "start": time.Now().UTC()}
	}, false, false},
	"POST /v1/workspaces/{workspace}/runs/{run}/report": {runners, auditlog.ReportRun, func(t *testing.T, _ *matrixWorld, p place) (string, any) {
		return runPath(p.workspace, cloudtest.NewRun(t)) + "/report", map[string]any{"end": time.Now().UTC(), "outcome": "success", "exitCode": 0}
	}, false, false},
	"GET /v1/workspaces/{workspace}/runs/{run}": {readers, auditlog.ReadRun, func(_ *testing.T, _ *matrixWorld, p place) (string, any) {
		return runPath(p.workspace, p.run), nil
	}, false, false},
	"GET /v1/workspaces/{workspace}/runs/{run}/outputs": {readers, auditlog.ListOutputs, func(_ *testing.T, _ *matrixWorld, p place) (string, any) {
		return runPath(p.workspace, p.run) + "/outputs", nil
	}, false, false},
	"GET /v1/workspaces/{workspace}/runs/{run}/outputs/{output}": {readers, auditlog.ReadOutput, func(_ *testing.T, _ *matrixWorld, p place) (string, any) {
		return runPath(p.workspace, p.run) + "/outputs/kept.log", nil
	}, false, false},
	"GET /v1/workspaces/{workspace}/runs": {readers, auditlog.ReadRun, func(_ *testing.T, _ *matrixWorld, p place) (string, any) {
		return "/v1/workspaces/" + string(p.workspace) + "/runs", nil
	}, true, true},
	"GET /v1/workspaces/{workspace}/runs/{run}/issues": {readers, auditlog.ReadIssueLines, func(_ *testing.T, _ *matrixWorld, p place) (string, any) {
		return runPath(p.workspace, p.run) + "/issues", nil
	}, false, false},
	"GET /v1/workspaces/{workspace}/slis/{sli}/samples": {readers, auditlog.ReadSLI, func(_ *testing.T, _ *matrixWorld, p place) (string, any) {
		return "/v1/workspaces/" + string(p.workspace) + "/slis/latency/samples", nil
	}, true, true},
}

func runPath(w tenant.WorkspaceID, id string) string {
	return "/v1/workspaces/" + string(w) + "/runs/" + id
}

// place is a workspace and a run with an output in it.
type place struct {
	name      string // "own", "other", "foreign"
	workspace tenant.WorkspaceID
	run       string
}

// matrixWorld is a tenant with a workspace that its runner and viewer have and
// one that they have not, and another tenant.
type matrixWorld struct {
	cloud  *cloudtest.Cloud
	tenant *cloudtest.Tenant
	other  *cloudtest.Tenant
	places []place
}

func newMatrixWorld(t *testing.T, c *cloudtest.Cloud) *matrixWorld {
	t.Helper()
	unique := func(name string) tenant.WorkspaceID { return tenant.WorkspaceID(name + "-" + uuid.NewString()[:8]) }
	own, second, foreign := unique("own"), unique("other"), unique("foreign")
	w := &matrixWorld{cloud: c, tenant: c.Tenant(t, own), other: c.Tenant(t, foreign)}
	if _, err := records.Workspace(operatorDB(t, c), w.tenant.ID, second).Set(t.Context(), map[string]any{"id": string(second)}); err != nil {
		t.Fatal(err)
	}
	w.places = []place{{"own", own, cloudtest.NewRun(t)}, {"other", second, cloudtest.NewRun(t)}, {"foreign", foreign, cloudtest.NewRun(t)}}
	w.tenant.Store(t, w.places[0].run, "kept.log", []byte("of the tenant"))
	w.other.Store(t, w.places[2].run, "kept.log", []byte("of the other tenant"))
	return w
}

// tokenStates make of a role the header that it sends; only one is good.
var tokenStates = map[string]func(t *testing.T, w *matrixWorld, persona string) string{
	"good": func(t *testing.T, w *matrixWorld, persona string) string { return w.token(t, persona, "", time.Hour) },
	"expired": func(t *testing.T, w *matrixWorld, persona string) string {
		return w.token(t, persona, "", -2*time.Minute)
	},
	"for another audience": func(t *testing.T, w *matrixWorld, persona string) string {
		return w.token(t, persona, "https://elsewhere.example/tenants/"+string(w.tenant.ID), time.Hour)
	},
	"tampered with": func(t *testing.T, w *matrixWorld, persona string) string {
		// The claims of one token with the signature of another.
		claims, of := w.token(t, persona, "", time.Hour), w.token(t, persona, "", time.Minute)
		return claims[:strings.LastIndex(claims, ".")] + of[strings.LastIndex(of, "."):]
	},
	"none": func(*testing.T, *matrixWorld, string) string { return "" },
}

func (w *matrixWorld) token(t *testing.T, persona, audience string, lifetime time.Duration) string {
	t.Helper()
	subject := persona + "-" + string(w.tenant.ID)
	if persona == string(tenant.Viewer) {
		subject = "viewer@" + string(w.tenant.ID) + ".example" // whom the cloud made a member
	}
	if audience == "" {
		audience = suite.Audience + "/tenants/" + string(w.tenant.ID)
		if persona == string(tenant.Platform) {
			audience = suite.Audience + "/platform"
		}
	}
	claims := map[string]any{"sub": subject, "aud": audience, "persona": persona}
	if lifetime < 0 {
		claims["iat"] = time.Now().Add(lifetime - time.Hour).Unix()
		claims["nbf"] = claims["iat"]
	}
	token, err := w.cloud.Issuer.Token(claims, lifetime)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// expect is the one rule of the matrix. A denial has a reason.
func (o operation) expect(role tenant.Role, where place) (status int, reason string) {
	switch {
	case public[o.action] && !slices.Contains(o.roles, role):
		return http.StatusForbidden, "" // on record without a place
	case public[o.action]:
		return http.StatusOK, ""
	case !slices.Contains(o.roles, role):
		return http.StatusForbidden, "role"
	case where.name != "own" && (role == tenant.Runner || role == tenant.Viewer):
		return http.StatusForbidden, "workspace"
	case where.name != "own" && !o.lists, where.name == "foreign" && settings[o.action]:
		return http.StatusNotFound, "" // of its own tenant's workspaces: there is no such run
	}
	return http.StatusOK, ""
}

// Law 4: tenant and role come from a verified credential. A path or body can
// only narrow.
func TestLaw4IdentityDecides(t *testing.T) {
	t.Parallel()
	w := newMatrixWorld(t, cloudtest.Shared(t))
	if diff := cmp.Diff(slices.Sorted(maps.Keys(operations)), discover(t, w.cloud)); diff != "" {
		t.Fatalf("the matrix has not exactly the functions' operations: %s", diff)
	}
	denied := map[tenant.ID][]string{w.tenant.ID: nil, "": nil, w.other.ID: nil}
	roles := []tenant.Role{tenant.Runner, tenant.Viewer, tenant.Auditor, tenant.Admin, tenant.Platform, "nobody"}
	for _, route := range slices.Sorted(maps.Keys(operations)) {
		for _, role := range roles {
			for _, where := range w.places {
				for state := range tokenStates {
					status, reason := operations[route].expect(role, where)
					if state != "good" {
						status, reason = http.StatusUnauthorized, ""
					}
					t.Run(fmt.Sprintf("%s as %s in %s workspace, token %s", route, role, where.name, state), func(t *testing.T) {
						w.try(t, route, role, where, state, status)
					})
					if reason == "" {
						continue
					}
					id := w.tenant.ID
					if role == tenant.Platform {
						id = ""
					}
					denied[id] = append(denied[id], fmt.Sprint(operations[route].action, " ", role, " ", where.workspace, " ", reason))
				}
			}
		}
	}
	for id, want := range denied {
		w.checkDenials(t, id, want)
	}
}

// try sends one request of the matrix, whose query and headers name the other
// tenant besides: they must not count.
func (w *matrixWorld) try(t *testing.T, route string, role tenant.Role, where place, state string, status int) {
	path, body := operations[route].ask(t, w, where)
	method, _, _ := strings.Cut(route, " ")
	if !operations[route].strict {
		path += "?tenant=" + string(w.other.ID)
	}
	r := w.cloud.Do(t, tokenStates[state](t, w, string(role)), method, path, body,
		"X-Strongroom-Tenant", string(w.other.ID), "X-Goog-Authenticated-User-Email", "admin@example.com")
	if status == http.StatusOK {
		if body := string(r.Want(t, status).Body); where.name != "own" && strings.Contains(body, where.run) {
			t.Errorf("it shows what is in another's workspace: %s", body)
		}
		return
	}
	wantProblem(t, r, status)
	if (status == http.StatusUnauthorized) != (r.Header.Get("WWW-Authenticate") != "") {
		t.Errorf("WWW-Authenticate is %q", r.Header.Get("WWW-Authenticate"))
	}
}

// checkDenials compares the denials on a tenant's record with those expected.
// The platform's own log is everybody's: there, only the world's places count.
func (w *matrixWorld) checkDenials(t *testing.T, id tenant.ID, want []string) {
	t.Helper()
	var got []string
	for _, e := range onRecord(t, w.cloud, id) {
		mine := slices.ContainsFunc(w.places, func(p place) bool { return p.workspace == e.Workspace })
		if e.Outcome != auditlog.Denied || !mine {
			continue
		}
		role := e.Actor.Role
		if role == "" {
			role = strings.TrimSuffix(e.Actor.Subject, "-"+string(w.tenant.ID))
		}
		got = append(got, fmt.Sprint(e.Action, " ", role, " ", e.Workspace, " ", e.Reason))
	}
	slices.Sort(got)
	slices.Sort(want)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("denials on the log of tenant %q: %s", id, diff)
	}
}

// discover lists the operations that the functions serve, as their OpenAPI
// documents have them, and checks that the load balancer routes just those.
func discover(t *testing.T, c *cloudtest.Cloud) []string {
	t.Helper()
	var all []string
	for name, function := range c.Suite.Functions {
		if len(function.Routes) == 0 {
			continue
		}
		var document struct {
			Paths    map[string]map[string]struct{ OperationID string }
			Security []map[string][]string
		}
		c.Do(t, "", http.MethodGet, "/openapi/"+name+".json", nil).Want(t, http.StatusOK).JSON(t, &document)
		var served []string
		for path, methods := range document.Paths {
			for method := range methods {
				served = append(served, strings.ToUpper(method)+" "+path)
			}
		}
		slices.Sort(served)
		if diff := cmp.Diff(slices.Sorted(slices.Values(function.Routes)), served); diff != "" {
			t.Errorf("%s: routes of the load balancer and operations differ: %s", name, diff)
		}
		if len(document.Security) == 0 {
			t.Errorf("%s: the document asks for no token", name)
		}
		all = append(all, served...)
	}
	slices.Sort(all)
	return all
}

// Event and scheduled functions admit one service account each, and no
// principal of any tenant.
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
