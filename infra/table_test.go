package infra_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"net/http"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/strongroom-dev/strongroom/emulator/clock"
	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/iam"
	"github.com/strongroom-dev/strongroom/functions/replay"
	"github.com/strongroom-dev/strongroom/infra"
)

// The registrations of the functions framework, by trigger.
const (
	byHTTP  = "HTTP"
	byEvent = "Event"
)

// entryPoint is a function's package and the name that it registers.
type entryPoint struct{ pkg, name string }

func TestTheTableHasEveryFunctionThatRegisters(t *testing.T) {
	t.Parallel()
	want := map[entryPoint]string{}
	for _, f := range table(t).Functions {
		want[entryPoint{f.Package, f.EntryPoint}] = byHTTP
		if f.Topic != "" {
			want[entryPoint{f.Package, f.EntryPoint}] = byEvent
		}
	}
	if diff := cmp.Diff(want, registered(t)); diff != "" {
		t.Errorf("the table (-) and what functions/ registers (+) differ:\n%s", diff)
	}
}

// registered finds the calls of function.HTTP and function.Event.
func registered(t *testing.T) map[entryPoint]string {
	t.Helper()
	files, err := filepath.Glob("../functions/*/*.go")
	if err != nil || len(files) == 0 {
		t.Fatalf("find functions: %d files, %v", len(files), err)
	}
	found := map[entryPoint]string{}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		tree, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		pkg := path.Join("functions", filepath.Base(filepath.Dir(file)))
		ast.Inspect(tree, func(n ast.Node) bool {
			if kind, name := registration(n); kind != "" {
				found[entryPoint{pkg, name}] = kind
			}
			return true
		})
	}
	return found
}

func registration(n ast.Node) (kind, name string) {
	call, ok := n.(*ast.CallExpr)
	if !ok || len(call.Args) == 0 {
		return "", ""
	}
	callee, ok := call.Fun.(*ast.SelectorExpr)
	if !ok {
		return "", ""
	}
	from, ok := callee.X.(*ast.Ident)
	literal, isLiteral := call.Args[0].(*ast.BasicLit)
	if !ok || !isLiteral || from.Name != "function" {
		return "", ""
	}
	name, err := strconv.Unquote(literal.Value)
	if err != nil {
		return "", ""
	}
	return callee.Sel.Name, name
}

// TestReplayKnowsWhereMessagesComeFrom compares the topics of functions/replay and
// its roles to suite.json.
func TestReplayKnowsWhereMessagesComeFrom(t *testing.T) {
	t.Parallel()
	want, got := map[string]replay.Source{}, map[string]replay.Source{}
	roles := table(t).Functions["replay"].Roles
	for name, f := range table(t).Functions {
		if f.Topic == "" {
			continue
		}
		want[name] = replay.Source{Topic: f.Topic, Replay: infra.Replayed(f.Topic)}
		for _, r := range []infra.Role{
			{Role: "roles/pubsub.publisher", On: "topic." + infra.Replayed(f.Topic)}, {Role: "roles/pubsub.subscriber", On: "deadLetters." + f.Topic},
		} {
			if !slices.Contains(roles, r) {
				t.Errorf("replay has no role %s on %s", r.Role, r.On)
			}
		}
		if r := (infra.Role{Role: "roles/pubsub.publisher", On: "topic." + f.Topic}); slices.Contains(roles, r) {
			t.Errorf("replay has %s on %s, so it can forge what others publish there", r.Role, r.On)
		}
	}
	for name, source := range replay.Sources {
		got[name] = replay.Source{Topic: source.Topic, Replay: source.Replay}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the table (-) and functions/replay (+) differ:\n%s", diff)
	}
}

// TestEveryFunctionIsComplete checks the fields that depend on each other.
func TestEveryFunctionIsComplete(t *testing.T) {
	t.Parallel()
	for name, f := range table(t).Functions {
		if f.Summary == "" || strings.ContainsAny(f.Summary, "|\n") || strings.HasSuffix(f.Summary, ".") {
			t.Errorf("%s: the summary is %q, want one line without | and without a full stop", name, f.Summary)
		}
		scheduled := f.Schedule != ""
		if scheduled != (f.LateAfterSeconds > 0) || scheduled != (f.IfLate != "") {
			t.Errorf("%s: lateAfterSeconds and ifLate belong to a schedule, and each schedule needs both", name)
		}
		const least, most = 120, 23*3600 + 1800 // cloud.google.com/monitoring/alerts/metric-absence
		if scheduled && (f.LateAfterSeconds < least || f.LateAfterSeconds > most || f.LateAfterSeconds%60 != 0) {
			t.Errorf("%s: lateAfterSeconds is %d, want whole minutes from %d to %d seconds", name, f.LateAfterSeconds, least, most)
		}
		if (f.Limits != infra.Limits{}) && f.Limits.Why == "" {
			t.Errorf("%s: the limits need a reason in why", name)
		}
	}
}

func TestEveryFunctionHasOneTriggerAndAValidName(t *testing.T) {
	t.Parallel()
	suite := table(t)
	for name, f := range suite.Functions {
		triggers := 0
		for _, has := range []bool{len(f.Routes) > 0, len(f.Pages) > 0, f.Topic != "", f.Schedule != ""} {
			if has {
				triggers++
			}
		}
		if triggers != 1 {
			t.Errorf("%s has %d kinds of triggers, want routes, pages, a topic or a schedule", name, triggers)
		}
		if !regexp.MustCompile(`^fn-[a-z0-9-]{2,26}[a-z0-9]$`).MatchString("fn-" + name) {
			t.Errorf("fn-%s is not a valid ID of a service account: it needs 6 to 30 lowercase letters, digits and hyphens", name)
		}
	}
	if len(suite.Functions[suite.Default].Routes) == 0 {
		t.Errorf("the default function %q has no routes", suite.Default)
	}
}

func TestEveryRoleIsKnownToTheEmbeddedCloud(t *testing.T) {
	t.Parallel()
	accounts, err := iam.New(iam.Config{ProjectID: "p", Clock: &clock.Clock{}})
	if err != nil {
		t.Fatal(err)
	}
	suite := table(t)
	for id, role := range suite.CustomRoles {
		if err := accounts.CreateRole(infra.RoleName(id, "p"), role.Permissions...); err != nil {
			t.Error(err)
		}
	}
	holders := maps.Clone(suite.Agents)
	for name, f := range suite.Functions {
		holders[name] = f.Roles
	}
	for holder, roles := range holders {
		for _, r := range roles {
			err := accounts.Bind(iam.Binding{Member: "a@p.iam.gserviceaccount.com", Role: infra.RoleName(r.Role, "p"), Resource: "projects/p"})
			if err != nil {
				t.Errorf("%s: %v", holder, err)
			}
			if strings.HasPrefix(r.Role, "roles/owner") || strings.HasPrefix(r.Role, "roles/editor") {
				t.Errorf("%s has the primitive role %s", holder, r.Role)
			}
		}
	}
}

func TestRoutesAreThoseThatTheFunctionsServe(t *testing.T) {
	t.Parallel()
	c := cloudtest.Shared(t)
	for name, f := range table(t).Functions {
		if len(f.Routes) == 0 {
			continue
		}
		var document struct {
			Paths map[string]map[string]any
		}
		c.Do(t, "", http.MethodGet, "/openapi/"+name+".json", nil).Want(t, http.StatusOK).JSON(t, &document)
		var served []string
		for path, methods := range document.Paths {
			for method := range methods {
				served = append(served, strings.ToUpper(method)+" "+path)
			}
		}
		slices.Sort(served)
		if diff := cmp.Diff(sorted(f.Routes), served); diff != "" {
			t.Errorf("%s: the table (-) and its OpenAPI document (+) differ:\n%s", name, diff)
		}
	}
}

func TestTheLoadBalancerAcceptsTheRoutes(t *testing.T) {
	t.Parallel()
	form := regexp.MustCompile(`^(GET|PUT|POST|PATCH|DELETE) (/([a-z0-9.-]+|\{[a-z][A-Za-z]*\}))+(/\{[a-z][A-Za-z]*\.\.\.\})?$`)
	owner := map[string]string{}
	for name, f := range table(t).Functions {
		for _, route := range f.Routes {
			if !form.MatchString(route) {
				t.Errorf("%s: %q is not a route: want METHOD /path/{variable}", name, route)
				continue
			}
			_, path, _ := strings.Cut(route, " ")
			if strings.Count(path, "{") > 5 {
				t.Errorf("%s: %q has more than five variables, the limit of the load balancer: cloud.google.com/load-balancing/docs/url-map-concepts", name, route)
			}
			if other, taken := owner[path]; taken && other != name {
				t.Errorf("%s and %s both have %s: the load balancer does not distinguish methods", name, other, path)
			}
			owner[path] = name
		}
	}
}

func sorted(all []string) []string {
	all = slices.Clone(all)
	slices.Sort(all)
	return all
}

// TestEachRoleOnTheDatabaseIsAlsoOnTenantsOwn requires that a function can do for a tenant with its
// own database what it can do for the others. Only catalog needs less there: what it deletes is
// the platform's.
func TestEachRoleOnTheDatabaseIsAlsoOnTenantsOwn(t *testing.T) {
	t.Parallel()
	for name, f := range table(t).Functions {
		roles := map[string]string{}
		for _, r := range f.Roles {
			roles[r.On] = r.Role
		}
		want := roles["database"]
		if name == "catalog" {
			want = "strongroom.documentWriter"
		}
		if got := roles["tenant.database"]; got != want {
			t.Errorf("%s has %q on tenant.database, want %q", name, got, want)
		}
	}
}
