package command_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/faults"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
	"github.com/strongroom-dev/strongroom/shared/run"
)

func TestAPISendsARequest(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		args []string
		want []string // what the platform receives
	}{
		"a query":                    {[]string{"GET", "/v1/a?b=c", "--field", "d=5", "--raw-field", "e=x y"}, []string{"GET /v1/a?b=c&d=5&e=x+y"}},
		"a body of fields":           {[]string{"post", "/v1/a", "--field", "n=5", "--field", `l=["x"]`, "--field", "t=true", "--raw-field", "s=5"}, []string{`POST /v1/a {"l":["x"],"n":5,"s":"5","t":true}`}},
		"a number that is not exact": {[]string{"PUT", "/v1/a", "--field", "n=12345678901234567890.10"}, []string{`PUT /v1/a {"n":12345678901234567890.10}`}},
		"a field of a file":          {[]string{"PUT", "/v1/a", "--field", "f=@" + writeToken(t, "{1}")}, []string{`PUT /v1/a {"f":"{1}"}`}},
		"a body of a file":           {[]string{"PUT", "/v1/a", "--input", writeToken(t, `{"x": 1}`)}, []string{`PUT /v1/a {"x": 1}`}},
		"pages of a query":           {[]string{"GET", "/v1/a", "--paginate"}, []string{"GET /v1/a", "GET /v1/a?pageToken=p2"}},
		"pages of a search":          {[]string{"POST", "/v1/a/search", "--field", "x=1", "--paginate"}, []string{`POST /v1/a/search {"x":1}`, `POST /v1/a/search {"pageToken":"p2","x":1}`}},
		"an escaped segment stays":   {[]string{"DELETE", "/v1/a%2Fb/c"}, []string{"DELETE /v1/a%2Fb/c"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStub(t, `{"nextPageToken":"p2"}`, `{"last":true}`)
			stubbed(t, s).run(t, append([]string{"api"}, row.args...)...).want(t)
			if diff := cmp.Diff(row.want, s.received()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestAPIRefusesWhatIsNotOfThePlatform(t *testing.T) {
	t.Parallel()
	s := newStub(t, "{}")
	p := stubbed(t, s)
	for _, args := range [][]string{
		{"GET", "https://elsewhere.example/v1"}, {"GET", "//elsewhere.example/v1"}, {"GET", "v1"}, {"GET", ""}, {"GET", "/v1/../x"}, {"GET", "/v1/%2e%2e/x"},
		{"GET", "/v1//x"}, {"GET", `/\elsewhere.example`}, {"GET", "/v1#x"}, {"GET", "/v1/\x00"}, {"GET", "@elsewhere.example"}, {"TRACE", "/v1"}, {"GET"}, {"GET", "/v1", "x"},
		{"GET", "/v1", "--field", "x"}, {"GET", "/v1", "--field", "=x"}, {"GET", "/v1", "--field", "x=1", "--raw-field", "x=2"}, {"GET", "/v1", "--field", "x=@/nonexistent"},
		{"PUT", "/v1", "--input", "/nonexistent"}, {"PUT", "/v1", "--input", "-", "--field", "x=1"}, {"GET", "/v1", "--jq", ".["}, {"GET", "/v1", "--jq", "nothing"},
	} {
		if r := p.run(t, append([]string{"api"}, args...)...); r.code != 2 || r.stdout != "" {
			t.Errorf("%q: %+v", args, r)
		}
	}
	if got := s.received(); len(got) > 0 {
		t.Errorf("the platform received %q", got)
	}
}

func TestAPIExitsByKind(t *testing.T) {
	t.Parallel()
	p := programOf(t, cloudtest.Shared(t).Tenant(t), "viewer")
	workspace := "/v1/workspaces/" + string(p.tenant.Workspace)
	for name, row := range map[string]struct {
		args []string
		code int
		want string
	}{
		"success":                   {[]string{"POST", workspace + "/runs/search", "--field", "pageSize=1"}, 0, `{"runs":[]`},
		"a field that is not valid": {[]string{"POST", workspace + "/runs/search", "--field", "pageSize=-1"}, 2, `"code":"`},
		"the role":                  {[]string{"GET", "/v1/quarantine"}, 11, `"status":403`},
		"another workspace":         {[]string{"POST", "/v1/workspaces/other/runs/search"}, 11, `"status":403`},
		"a run that is not there":   {[]string{"GET", workspace + "/runs/" + someRun}, 12, `"status":404`},
	} {
		r := p.run(t, append([]string{"api"}, row.args...)...)
		if r.code != row.code || !strings.Contains(r.stdout, row.want) || (r.code != 0) != strings.Contains(r.stderr, row.args[0]+" /v1/") {
			t.Errorf("%s: %+v", name, r)
		}
	}
	p.env["STRONGROOM_TOKEN"] += "x"
	if r := p.run(t, "api", "GET", "/v1/data-map"); r.code != 10 || !strings.Contains(r.stdout, `"status":401`) {
		t.Errorf("%+v", r)
	}
	p.env["STRONGROOM_URL"] = "http://127.0.0.1:1"
	if r := p.run(t, "api", "GET", "/v1/data-map"); r.code != 14 {
		t.Errorf("%+v", r)
	}
}

func TestJQSelectsFromTheJSON(t *testing.T) {
	t.Parallel()
	p := newProgram(t, faults.HTTPConfig{})
	p.run(t, "run", "--run", someRun, "--task", "dns-check", "--quiet", "--", "true").want(t)
	viewer := p.as(t, "viewer")
	for args, want := range map[string]string{
		"runs ls --jq .runs[].id":                      someRun + "\n",
		"runs show " + someRun + " --jq .run.exitCode": "0\n",
		"runs ls --jq [.runs[]|.task]":                 `["dns-check"]` + "\n",
		"runs ls --jq .runs[]|.task,.state":            "dns-check\nended\n",
		"runs ls --jq empty":                           "",
		"version --jq .go|type":                        "string\n",
		"runs ls --jq env|length":                      "0\n",
		"api GET /v1/data-map --jq type":               "object\n",
	} {
		if r := viewer.run(t, strings.Fields(args)...).want(t); r.stdout != want {
			t.Errorf("%s: %q, want %q", args, r.stdout, want)
		}
	}
	for args, code := range map[string]int{"runs ls --jq .[": 2, "runs ls --jq nothing(1)": 2, "runs ls --jq .runs|error": 1, `runs ls --jq input`: 2} {
		if r := viewer.run(t, strings.Fields(args)...); r.code != code || !strings.Contains(r.stderr, "--jq: ") {
			t.Errorf("%s: %+v", args, r)
		}
	}
	entries := stubbed(t, newStub(t, `{"entries":[{"index":1,"entry":{"action":"runs.start"}},{"index":2,"entry":{"action":"runs.report"}}]}`))
	entries.env["STRONGROOM_TOKEN"] = tokenOfAcme
	if r := entries.run(t, "audit", "ls", "--jq", ".entry.action").want(t); r.stdout != "runs.start\nruns.report\n" {
		t.Errorf("%+v", r)
	}
	large := stubbed(t, newStub(t, `{"n":12345678901234567890123}`))
	if r := large.run(t, "api", "GET", "/v1", "--jq", ".n").want(t); r.stdout != "12345678901234567890123\n" {
		t.Errorf("%+v", r)
	}
}

func TestEveryCommandWithJSONHasJQ(t *testing.T) {
	t.Parallel()
	stubbed(t, newStub(t, "{}")).leaves(t, func(args []string, help string) {
		if strings.Contains(help, "\n      --json ") != strings.Contains(help, "\n      --jq ") && args[0] != "api" {
			t.Errorf("%s has only one of --json and --jq", strings.Join(args, " "))
		}
	})
}

func TestWatchWaitsForTheEnd(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		outcome run.Outcome
		args    []string
		code    int
	}{
		"a success":                      {run.Success, []string{"--exit-status"}, 0},
		"a failure":                      {run.Failure, []string{"--exit-status"}, 1},
		"a failure that does not matter": {run.Failure, nil, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newProgram(t, faults.HTTPConfig{})
			p.tenant.Do(t, "runner", http.MethodPut, p.tenant.RunPath(someRun), api.Start{Task: "dns-check", Start: ago(0)}).Want(t, http.StatusOK)
			done := make(chan result, 1)
			viewer := p.as(t, "viewer")
			go func() {
				done <- viewer.run(t, append([]string{"runs", "watch", someRun[:13], "--interval", "1s", "--json"}, row.args...)...)
			}()
			p.report(t, api.Report{Outcome: row.outcome})
			r := <-done
			var listing api.Listing
			if err := json.Unmarshal([]byte(r.stdout), &listing); err != nil || r.code != row.code || listing.Run.Outcome != row.outcome {
				t.Errorf("%+v, %v", r, err)
			}
		})
	}
	p := stubbed(t, newStub(t, `{"state":"running"}`))
	if r := p.run(t, "runs", "watch", someRun, "--timeout", "50ms"); r.code != 124 {
		t.Errorf("%+v", r)
	}
	if r := p.run(t, "runs", "watch", someRun, "--interval", "1ms"); r.code != 2 {
		t.Errorf("%+v", r)
	}
}

func TestWebPrintsTheAddressOfThePage(t *testing.T) {
	t.Parallel()
	s := newStub(t, `{"runs":[]}`)
	p := stubbed(t, s)
	for args, want := range map[string]string{
		"runs show " + someRun + " --web": "/console#/prod/runs/" + someRun,
		"runs ls --web":                   "/console#/prod/runs",
		"issues ls --web":                 "/console#/prod/issues",
		"slis show dns-latency --web":     "/console#/prod/slis/dns-latency",
		"assistant show oncall --web":     "/console#/prod/overview",
	} {
		if r := p.run(t, strings.Fields(args)...).want(t); r.stdout != s.URL+want+"\n" {
			t.Errorf("%s: %q", args, r.stdout)
		}
	}
	delete(p.env, "STRONGROOM_WORKSPACE")
	if r := p.run(t, "exports", "ls", "--web").want(t); r.stdout != s.URL+"/console#//exports\n" {
		t.Errorf("%+v", r)
	}
	if got := s.received(); len(got) > 0 {
		t.Errorf("the platform received %q", got)
	}
	if r := p.run(t, "runs", "show", "x", "--web"); r.code != 2 {
		t.Errorf("%+v", r)
	}
	p = newProgram(t, faults.HTTPConfig{})
	if r := p.run(t, "run", "--run", someRun, "--", "true").want(t); !strings.Contains(r.stderr, "strongroom: see "+p.env["STRONGROOM_URL"]+"/console#/"+string(p.tenant.Workspace)+"/runs/"+someRun+"\n") {
		t.Errorf("%+v", r)
	}
}

// TestDebugShowsNothingConfidential looks for a canary in each kind of text that a request
// has.
func TestDebugShowsNothingConfidential(t *testing.T) {
	t.Parallel()
	const canary = "canary-of-a-text"
	p := newProgram(t, faults.HTTPConfig{})
	line := `{"title":"` + canary + `","severity":2}`
	r := p.run(t, "run", "--run", someRun, "--task", "dns-check", "--debug", "--quiet", "--", "sh", "-c",
		`echo `+canary+`; echo '`+line+`' > $STRONGROOM_OUTPUT_DIR/issues.jsonl`).want(t)
	for _, want := range []string{"debug: PUT /v1/workspaces/" + string(p.tenant.Workspace) + "/runs/" + someRun + " 200 in ", "/report 200 in ", "debug: PUT http://127.0.0.1:"} {
		if !strings.Contains(r.stderr, want) {
			t.Errorf("there is no %q in\n%s", want, r.stderr)
		}
	}
	if strings.Contains(r.stderr, canary) || strings.Contains(r.stderr, "X-Goog") || strings.Contains(r.stderr, "?") || strings.Contains(r.stderr, "stdout.log") {
		t.Errorf("a text or a signed URL is shown:\n%s", r.stderr)
	}
	viewer := p.as(t, "viewer")
	viewer.env["STRONGROOM_DEBUG"] = "1"
	p.content(t, someRun, "stdout.log")
	got := viewer.run(t, "outputs", "search", someRun, "stdout.log", canary).want(t)
	if !strings.Contains(got.stdout, canary) || strings.Contains(got.stderr, canary) || !strings.Contains(got.stderr, "/search 200 in ") {
		t.Errorf("%+v", got)
	}
	for _, off := range []string{"", "0"} {
		viewer.env["STRONGROOM_DEBUG"] = off
		if r := viewer.run(t, "runs", "ls").want(t); r.stderr != "" {
			t.Errorf("%q: %+v", off, r)
		}
	}
}
