package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"path"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/api/option"
	cloudrun "google.golang.org/api/run/v2"
)

var (
	uploads = place{"uploads", "europe-west1"}
	outputs = place{"outputs", "europe-west1"}
	sweep   = place{"sweep", "europe-west1"}
)

// project is a Google Cloud project with Cloud Run services. It serves the REST APIs
// that rollout calls: cloud.google.com/run/docs/reference/rest/v2 and
// cloud.google.com/monitoring/api/ref_v3/rest/v3/projects.timeSeries/list.
type project struct {
	mu        sync.Mutex
	services  map[place]*cloudrun.GoogleCloudRunV2Service
	pending   map[string]bool // operations that are not done until somebody waits
	responses func(place, string) responses
	refuse    func(place, []*cloudrun.GoogleCloudRunV2TrafficTarget) bool
	blind     int // that many reads of responses fail
	changes   int
}

// newProject has two functions, which send all requests to their newest revision.
func newProject(t *testing.T) (*project, *rollout, *bytes.Buffer) {
	t.Helper()
	p := &project{
		services: map[place]*cloudrun.GoogleCloudRunV2Service{}, pending: map[string]bool{},
		responses: func(place, string) responses { return responses{all: 100} },
		refuse:    func(place, []*cloudrun.GoogleCloudRunV2TrafficTarget) bool { return false },
	}
	for _, at := range []place{uploads, outputs} {
		p.services[at] = &cloudrun.GoogleCloudRunV2Service{Etag: "1", Traffic: toNewest()}
		p.create(at, "v1")
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v2/projects/acme/locations/{region}/services/{function}", p.get)
	mux.HandleFunc("PATCH /v2/projects/acme/locations/{region}/services/{function}", p.patch)
	mux.HandleFunc("POST /v2/projects/acme/locations/{region}/operations/{operation}", p.wait)
	mux.HandleFunc("GET /v3/projects/acme/timeSeries", p.timeSeries)
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	google, err := connect(t.Context(), "acme", option.WithEndpoint(server.URL), option.WithHTTPClient(server.Client()))
	if err != nil {
		t.Fatal(err)
	}
	out := &bytes.Buffer{}
	return p, &rollout{google: google, out: out, places: []place{uploads, outputs, sweep}, percent: 5, looks: 2}, out
}

// create adds a revision, as a deployment does.
func (p *project) create(at place, revision string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	name := "projects/acme/locations/" + at.region + "/services/" + at.function + "/revisions/" + revision
	p.services[at].LatestCreatedRevision, p.services[at].LatestReadyRevision = name, name
}

func (p *project) get(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.services[place{r.PathValue("function"), r.PathValue("region")}]
	if s == nil {
		http.Error(w, `{"error":{"code":404,"status":"NOT_FOUND"}}`, http.StatusNotFound)
		return
	}
	_ = json.NewEncoder(w).Encode(s)
}

func (p *project) patch(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	at := place{r.PathValue("function"), r.PathValue("region")}
	var change cloudrun.GoogleCloudRunV2Service
	if err := json.NewDecoder(r.Body).Decode(&change); err != nil || r.FormValue("updateMask") != "traffic" {
		http.Error(w, "{}", http.StatusBadRequest)
		return
	}
	if change.Etag != p.services[at].Etag {
		http.Error(w, `{"error":{"code":409,"status":"ABORTED"}}`, http.StatusConflict)
		return
	}
	if p.refuse(at, change.Traffic) {
		http.Error(w, `{"error":{"code":403,"status":"PERMISSION_DENIED"}}`, http.StatusForbidden)
		return
	}
	p.changes++
	p.services[at].Traffic = change.Traffic
	p.services[at].Etag = fmt.Sprint(p.changes + 1)
	operation := fmt.Sprintf("projects/acme/locations/%s/operations/%d", at.region, p.changes)
	p.pending[operation] = true
	_ = json.NewEncoder(w).Encode(cloudrun.GoogleLongrunningOperation{Name: operation})
}

func (p *project) wait(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	name, _ := strings.CutSuffix(strings.TrimPrefix(r.URL.Path, "/v2/"), ":wait")
	if !p.pending[name] {
		http.Error(w, "{}", http.StatusNotFound)
		return
	}
	delete(p.pending, name)
	_ = json.NewEncoder(w).Encode(cloudrun.GoogleLongrunningOperation{Name: name, Done: true})
}

func (p *project) timeSeries(w http.ResponseWriter, _ *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.blind > 0 {
		p.blind--
		http.Error(w, `{"error":{"code":403,"status":"PERMISSION_DENIED"}}`, http.StatusForbidden)
		return
	}
	var series []map[string]any
	for at, s := range p.services {
		for _, target := range s.Traffic {
			revision := target.Revision
			if revision == "" {
				revision = path.Base(s.LatestReadyRevision)
			}
			n := p.responses(at, revision)
			for class, count := range map[string]int64{"2xx": n.all - n.failed - n.refused, "4xx": n.refused, "5xx": n.failed} {
				series = append(series, map[string]any{
					"metric":   map[string]any{"labels": map[string]string{"response_code_class": class}},
					"resource": map[string]any{"labels": map[string]string{"service_name": at.function, "location": at.region, "revision_name": revision}},
					"points":   []any{map[string]any{"value": map[string]any{"int64Value": fmt.Sprint(count)}}},
				})
			}
		}
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"timeSeries": series})
}

// shares returns who gets the requests of each function.
func (p *project) shares() map[place]string {
	p.mu.Lock()
	defer p.mu.Unlock()
	shares := map[place]string{}
	for at, s := range p.services {
		for _, t := range s.Traffic {
			name := t.Revision
			if t.Type == toLatest {
				name = "newest"
			}
			shares[at] += fmt.Sprintf("%s:%d ", name, t.Percent)
		}
		shares[at] = strings.TrimSpace(shares[at])
	}
	return shares
}

// deploys returns a command that deploys new revisions of functions.
func (p *project) deploys(at ...place) func(context.Context) error {
	return func(context.Context) error {
		for _, one := range at {
			p.create(one, "v2")
		}
		return nil
	}
}

var (
	newest = map[place]string{uploads: "newest:100", outputs: "newest:100"}
	before = map[place]string{uploads: "v1:100", outputs: "v1:100"}
)

// rolloutRow is a rollout, and where the requests go after it.
type rolloutRow struct {
	prepare func(*project)
	command func(*project) func(context.Context) error // nil: it deploys both functions
	fails   string                                     // in the error; empty: none exists
	want    map[place]string
}

func TestRollout(t *testing.T) {
	t.Parallel()
	rows := rolloutRows()
	maps.Copy(rows, healthRows())
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, r, _ := newProject(t)
			if row.prepare != nil {
				row.prepare(p)
			}
			command := p.deploys(uploads, outputs)
			if row.command != nil {
				command = row.command(p)
			}
			err := r.deploy(t.Context(), command)
			if row.fails == "" && err != nil || row.fails != "" && (err == nil || !strings.Contains(err.Error(), row.fails)) {
				t.Errorf("got %v, want %q", err, row.fails)
			}
			if diff := cmp.Diff(row.want, p.shares()); diff != "" {
				t.Error(diff)
			}
			if len(p.pending) > 0 {
				t.Errorf("it did not wait for %v", p.pending)
			}
		})
	}
}

func rolloutRows() map[string]rolloutRow {
	return map[string]rolloutRow{
		"sends everything to new revisions that answer": {want: newest},
		"sends everything to the newest if nothing is new": {
			command: func(p *project) func(context.Context) error { return p.deploys() }, want: newest,
		},
		"serves a function that the version adds": {
			command: func(p *project) func(context.Context) error {
				return func(ctx context.Context) error {
					p.mu.Lock()
					p.services[sweep] = &cloudrun.GoogleCloudRunV2Service{Etag: "1", Traffic: toNewest()}
					p.mu.Unlock()
					return p.deploys(uploads, outputs, sweep)(ctx)
				}
			},
			want: map[place]string{uploads: "newest:100", outputs: "newest:100", sweep: "newest:100"},
		},
		"leaves out a function that the version removes": {
			command: func(p *project) func(context.Context) error {
				return func(ctx context.Context) error {
					p.mu.Lock()
					delete(p.services, outputs)
					p.mu.Unlock()
					return p.deploys(uploads)(ctx)
				}
			},
			want: map[place]string{uploads: "newest:100"},
		},
		"changes nothing if the command fails": {
			command: func(*project) func(context.Context) error {
				return func(context.Context) error { return errors.New("exit status 1") }
			},
			fails: "the command failed", want: before,
		},
		"goes back if a new revision does not start": {
			command: func(p *project) func(context.Context) error {
				return func(ctx context.Context) error {
					_ = p.deploys(uploads, outputs)(ctx)
					p.services[outputs].LatestReadyRevision = "v1"
					return nil
				}
			},
			fails: "revision v2 of outputs in europe-west1 does not start", want: before,
		},
		"goes back if a share is refused": {
			prepare: func(p *project) {
				p.refuse = func(at place, to []*cloudrun.GoogleCloudRunV2TrafficTarget) bool {
					return at == outputs && len(to) == 2
				}
			},
			fails: "change who gets the requests of outputs", want: before,
		},
		"deploys nothing while requests are shared": {
			prepare: func(p *project) {
				p.services[uploads].Traffic = targets(some("v0", 95), some("v1", 5))
			},
			fails: "an earlier rollout did not end", want: map[place]string{uploads: "v0:95 v1:5", outputs: "v1:100"},
		},
		"continues from revisions that an earlier rollout went back to": {
			prepare: func(p *project) {
				p.services[uploads].Traffic = targets(all("v0"))
			}, want: newest,
		},
	}
}

// healthRows are rollouts of revisions whose responses differ.
func healthRows() map[string]rolloutRow {
	onlyNew := func(n responses) func(place, string) responses {
		return func(at place, revision string) responses {
			if at == uploads && revision == "v2" {
				return n
			}
			return responses{all: 1000, failed: 2, refused: 100}
		}
	}
	return map[string]rolloutRow{
		"goes back if a new revision fails more often": {
			prepare: func(p *project) { p.responses = onlyNew(responses{all: 50, failed: 5}) },
			fails:   "uploads in europe-west1: 5 of 50 responses of v2 are 5xx, and 2 of 1000 of v1", want: before,
		},
		"continues if few responses failed": {
			prepare: func(p *project) { p.responses = onlyNew(responses{all: 50, failed: 4}) }, want: newest,
		},
		"goes back if a new revision refuses nearly everything": {
			prepare: func(p *project) { p.responses = onlyNew(responses{all: 50, refused: 45}) },
			fails:   "uploads in europe-west1: 45 of 50 responses of v2 are 4xx, and 100 of 1000 of v1", want: before,
		},
		"continues if callers make more mistakes": {
			prepare: func(p *project) { p.responses = onlyNew(responses{all: 100, refused: 35}) }, want: newest,
		},
		"continues if the responses cannot be read once": {
			prepare: func(p *project) { p.blind = 1 }, want: newest,
		},
		"goes back if the responses cannot be read": {
			prepare: func(p *project) { p.blind = 2 }, fails: "read the responses", want: before,
		},
		"continues if both versions fail alike": {
			prepare: func(p *project) {
				p.responses = func(place, string) responses { return responses{all: 100, failed: 30} }
			}, want: newest,
		},
	}
}

func TestNewRevisionsHaveTheirShareWhileTheyAreWatched(t *testing.T) {
	t.Parallel()
	p, r, out := newProject(t)
	watched := map[place]string{}
	real := p.responses
	p.responses = func(at place, revision string) responses {
		for at, s := range p.services {
			watched[at] = fmt.Sprint(s.Traffic[0].Revision, ":", s.Traffic[0].Percent, " ", s.Traffic[1].Revision, ":", s.Traffic[1].Percent)
		}
		return real(at, revision)
	}
	if err := r.deploy(t.Context(), p.deploys(uploads, outputs)); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[place]string{uploads: "v1:95 v2:5", outputs: "v1:95 v2:5"}, watched); diff != "" {
		t.Error(diff)
	}
	if !strings.Contains(out.String(), "look 2 of 2: 200 responses of new revisions, 0 of them 5xx, 0 of them 4xx") {
		t.Errorf("the output is %s", out)
	}
}

func TestAnInterruptedRolloutGoesBack(t *testing.T) {
	t.Parallel()
	p, r, _ := newProject(t)
	ctx, cancel := context.WithCancel(t.Context())
	p.responses = func(place, string) responses { cancel(); return responses{} }
	if err := r.deploy(ctx, p.deploys(uploads, outputs)); err == nil {
		t.Error("an interrupted rollout succeeded")
	}
	if diff := cmp.Diff(before, p.shares()); diff != "" {
		t.Error(diff)
	}
}

// TestAnotherRunResumesWhatDied ends rollouts without the steps that follow, as the death of their
// process does.
func TestAnotherRunResumesWhatDied(t *testing.T) {
	t.Parallel()
	const v1, v2 = "v1", "v2"
	for name, row := range map[string]struct {
		uploads, outputs []*cloudrun.GoogleCloudRunV2TrafficTarget
		deployed         []place
		responses        responses // of v2
		fails            string
		want             map[place]string
	}{
		"before anything is shared": {
			uploads: targets(all(v1)), outputs: targets(all(v1)), deployed: []place{uploads, outputs}, want: newest,
		},
		"before anything is shared, and only one function has a new revision": {
			uploads: targets(all(v1)), outputs: targets(all(v1)), deployed: []place{outputs}, want: newest,
		},
		"between two shares": {
			uploads: targets(some(v1, 95), some(v2, 5)), outputs: targets(all(v1)), deployed: []place{uploads, outputs}, want: newest,
		},
		"while it watches, and the new revision fails": {
			uploads: targets(some(v1, 95), some(v2, 5)), outputs: targets(some(v1, 95), some(v2, 5)), deployed: []place{uploads, outputs},
			responses: responses{all: 100, failed: 50}, fails: "50 of 100 responses of v2 are 5xx", want: before,
		},
		"while it finishes": {
			uploads: targets(some(v1, 95), some(v2, 5)), outputs: toNewest(), deployed: []place{uploads, outputs}, want: newest,
		},
		"after it finished": {uploads: toNewest(), outputs: toNewest(), deployed: []place{uploads, outputs}, want: newest},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, r, _ := newProject(t)
			_ = p.deploys(row.deployed...)(t.Context())
			p.services[uploads].Traffic, p.services[outputs].Traffic = row.uploads, row.outputs
			p.responses = func(_ place, revision string) responses {
				if revision == v2 {
					return row.responses
				}
				return responses{all: 1000}
			}
			err := r.resume(t.Context())
			if row.fails == "" && err != nil || row.fails != "" && (err == nil || !strings.Contains(err.Error(), row.fails)) {
				t.Errorf("got %v, want %q", err, row.fails)
			}
			if diff := cmp.Diff(row.want, p.shares()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func targets(t ...*cloudrun.GoogleCloudRunV2TrafficTarget) []*cloudrun.GoogleCloudRunV2TrafficTarget {
	return t
}

func toNewest() []*cloudrun.GoogleCloudRunV2TrafficTarget {
	return targets(&cloudrun.GoogleCloudRunV2TrafficTarget{Type: toLatest, Percent: 100})
}

// TestWhatDidNotFinishIsResumed has Cloud Run refuse the last change of one function.
func TestWhatDidNotFinishIsResumed(t *testing.T) {
	t.Parallel()
	p, r, _ := newProject(t)
	p.refuse = func(at place, to []*cloudrun.GoogleCloudRunV2TrafficTarget) bool {
		return at == outputs && to[0].Type == toLatest
	}
	if err := r.deploy(t.Context(), p.deploys(uploads, outputs)); err == nil || !strings.Contains(err.Error(), "-resume") {
		t.Errorf("got %v", err)
	}
	if diff := cmp.Diff(map[place]string{uploads: "newest:100", outputs: "v1:95 v2:5"}, p.shares()); diff != "" {
		t.Error(diff)
	}
	p.refuse = func(place, []*cloudrun.GoogleCloudRunV2TrafficTarget) bool { return false }
	if err := r.resume(t.Context()); err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff(newest, p.shares()); diff != "" {
		t.Error(diff)
	}
}

func TestBackSaysWhatItCannotMove(t *testing.T) {
	t.Parallel()
	p, r, out := newProject(t)
	_ = p.deploys(uploads, outputs)(t.Context())
	p.services[uploads].Traffic = targets(some("v1", 95), some("v2", 5))
	if err := r.back(t.Context()); err != nil || !strings.Contains(out.String(), "1 functions stay on their newest revision") {
		t.Errorf("it printed %s: %v", out, err)
	}
	if diff := cmp.Diff(map[place]string{uploads: "v1:100", outputs: "newest:100"}, p.shares()); diff != "" {
		t.Error(diff)
	}
}

func TestBackMovesOnlyWhatIsShared(t *testing.T) {
	t.Parallel()
	p, r, out := newProject(t)
	p.services[uploads].Traffic = targets(some("v0", 30), some("v1", 70))
	if err := r.back(t.Context()); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[place]string{uploads: "v0:100", outputs: "newest:100"}, p.shares()); diff != "" {
		t.Error(diff)
	}
	if err := r.status(t.Context()); err != nil || !strings.Contains(out.String(), "uploads in europe-west1: v0 100 %") {
		t.Errorf("the status is %s: %v", out, err)
	}
}

func TestArgumentsAreRejected(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		args []string
		want string
	}{
		"without a project":            {[]string{"-regions", "europe-west1", "--", "true"}, "-project"},
		"without regions":              {[]string{"-project", "acme", "--", "true"}, "-regions"},
		"with an empty region":         {[]string{"-project", "acme", "-regions", "europe-west1,", "--", "true"}, "-regions"},
		"without a command":            {[]string{"-project", "acme", "-regions", "europe-west1"}, "-- terraform apply plan"},
		"with a command to go back":    {[]string{"-project", "acme", "-regions", "europe-west1", "-back", "--", "true"}, "no command"},
		"with a command to resume":     {[]string{"-project", "acme", "-regions", "europe-west1", "-resume", "--", "true"}, "no command"},
		"with two things to do":        {[]string{"-project", "acme", "-regions", "europe-west1", "-back", "-status"}, "only one"},
		"with everything as the share": {[]string{"-project", "acme", "-regions", "europe-west1", "-percent", "100", "--", "true"}, "-percent"},
		"with too short a time":        {[]string{"-project", "acme", "-regions", "europe-west1", "-watch", "1m", "--", "true"}, "-watch"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out bytes.Buffer
			if code := run(t.Context(), row.args, &out); code != 2 || !strings.Contains(out.String(), row.want) {
				t.Errorf("exit code %d, and %s", code, out.String())
			}
		})
	}
}
