package command_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
	"github.com/strongroom-dev/strongroom/shared/run"
)

// What the platform has recorded, as a viewer of the tenant reads it without the
// program.

// runs lists the IDs of the workspace's runs.
func (p *program) runs(t *testing.T) []string {
	t.Helper()
	var page struct{ Runs []struct{ ID string } }
	p.tenant.Search(t, "viewer", "/v1/workspaces/"+string(p.tenant.Workspace)+"/runs", "pageSize=500").Want(t, http.StatusOK).JSON(t, &page)
	var ids []string
	for _, r := range page.Runs {
		ids = append(ids, r.ID)
	}
	return ids
}

// oneRun returns the ID of the only run.
func (p *program) oneRun(t *testing.T) string {
	t.Helper()
	runs := p.runs(t)
	if len(runs) != 1 {
		t.Fatalf("there are %d runs, not one", len(runs))
	}
	return runs[0]
}

func (p *program) read(t *testing.T, path string) cloudtest.Response {
	t.Helper()
	return p.tenant.Do(t, "viewer", http.MethodGet, "/v1/workspaces/"+string(p.tenant.Workspace)+path, nil)
}

// recorded returns the record of a run.
func (p *program) recorded(t *testing.T, id string) (recorded api.Run) {
	t.Helper()
	p.read(t, "/runs/"+id).Want(t, http.StatusOK).JSON(t, &recorded)
	return recorded
}

// reported returns the record of the only run, which must have ended.
func (p *program) reported(t *testing.T) api.Run {
	t.Helper()
	recorded := p.recorded(t, p.oneRun(t))
	if recorded.State != run.Ended {
		t.Fatalf("the run is not reported: %+v", recorded)
	}
	return recorded
}

// exitCode is the exit code in a run's report, or -1000.
func exitCode(r api.Run) int {
	if r.ExitCode == nil {
		return -1000
	}
	return *r.ExitCode
}

// issueLines returns the issue lines that a run reported.
func (p *program) issueLines(t *testing.T, id string) []string {
	t.Helper()
	text := string(p.read(t, "/runs/"+id+"/issues").Want(t, http.StatusOK).Body)
	if text == "" {
		return nil
	}
	return strings.Split(strings.TrimSuffix(text, "\n"), "\n")
}

// outputs lists the outputs of a run.
func (p *program) outputs(t *testing.T, id string) (outputs map[string]api.Output) {
	t.Helper()
	var listing api.Listing
	p.read(t, "/runs/"+id+"/outputs").Want(t, http.StatusOK).JSON(t, &listing)
	outputs = map[string]api.Output{}
	for _, o := range listing.Outputs {
		outputs[o.Name] = o
	}
	return outputs
}

// stored returns the stored bytes of an output, if there are any.
func (p *program) stored(t *testing.T, id, name string) string {
	t.Helper()
	res := p.read(t, "/runs/"+id+"/outputs/"+name)
	if res.Status != http.StatusOK {
		return ""
	}
	return string(res.Body)
}

// content waits until an output is complete, and returns it.
func (p *program) content(t *testing.T, id, name string) string {
	t.Helper()
	cloudtest.Eventually(t, name+" is complete", func() bool { return p.outputs(t, id)[name].State == api.Complete })
	return p.stored(t, id, name)
}

// someRun is a run ID.
const someRun = "01890a5d-ac96-774b-bcce-b302099a8057"

// upload stores an output of someRun in parts, and returns their number.
func (p *program) upload(t *testing.T, name, content string, partSize int) int {
	t.Helper()
	var parts []cloudtest.Part
	var pieces [][]byte
	for len(content) > 0 {
		piece := []byte(content[:min(partSize, len(content))])
		content = content[len(piece):]
		pieces = append(pieces, piece)
		parts = append(parts, cloudtest.PartOf(name, len(pieces), piece))
	}
	for i, u := range p.tenant.Mint(t, someRun, parts...) {
		u.Put(t, pieces[i]).Want(t, http.StatusOK)
	}
	p.tenant.Cloud.Drain(t)
	return len(pieces)
}

// end reports the end of someRun with one output.
func (p *program) end(t *testing.T, name string, parts int) {
	t.Helper()
	p.report(t, api.Report{Outcome: run.Success, Outputs: []api.Claim{{Name: name, Parts: parts}}})
}

// report reports the end of someRun.
func (p *program) report(t *testing.T, report api.Report) {
	t.Helper()
	report.End = ago(0)
	if report.Outputs == nil {
		report.Outputs = []api.Claim{}
	}
	p.tenant.Do(t, "runner", http.MethodPost, p.tenant.RunPath(someRun)+"/report", report).Want(t, http.StatusOK)
}

// stub is an HTTP server with canned responses, for what the platform never
// answers.
type stub struct {
	*httptest.Server
	mu       sync.Mutex
	requests []string // method, path and body
}

// newStub answers each request with the next response, and after those with the
// last one.
func newStub(t *testing.T, responses ...string) *stub {
	t.Helper()
	s := &stub{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		s.mu.Lock()
		defer s.mu.Unlock()
		s.requests = append(s.requests, strings.TrimSpace(r.Method+" "+r.URL.RequestURI()+" "+string(body)))
		_, _ = io.WriteString(w, responses[min(len(s.requests), len(responses))-1])
	}))
	t.Cleanup(s.Close)
	return s
}

// received returns the requests so far.
func (s *stub) received() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.requests)
}

// stubbed runs the program against a stub.
func stubbed(t *testing.T, s *stub) *program {
	t.Helper()
	spool := filepath.Join(t.TempDir(), "spool")
	return &program{spool: spool, secrets: &secrets{}, env: map[string]string{
		"STRONGROOM_URL": s.URL, "STRONGROOM_TOKEN": "a-token", "STRONGROOM_WORKSPACE": "prod", "STRONGROOM_SPOOL": spool,
	}}
}
