package command_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"cloud.google.com/go/firestore/apiv1/firestorepb"
	"github.com/google/go-cmp/cmp"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/faults"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
)

// TestCatPrintsTheRequestedRange reads an output of several parts, and one that
// does not fit into one response (8 MiB).
func TestCatPrintsTheRequestedRange(t *testing.T) {
	t.Parallel()
	for size, lines := range map[string]struct{ count, partSize int }{
		"a small output": {1000, 777},
		"a large output": {750_000, 8 << 20},
	} {
		text := numbers(lines.count)
		tenant := cloudtest.Shared(t).Tenant(t)
		runner := programOf(t, tenant, "runner")
		runner.end(t, "stdout.log", runner.upload(t, "stdout.log", text, lines.partSize))
		for network, config := range map[string]faults.HTTPConfig{
			"":                         {},
			" over broken connections": {Fault: everyOther(faults.ReplyLost)},
		} {
			for name, c := range catCases(text) {
				t.Run(size+", "+name+network, func(t *testing.T) {
					t.Parallel()
					p := programOf(t, tenant, "viewer").proxied(t, config)
					r := p.run(t, append([]string{"outputs", "cat", someRun, "stdout.log"}, c.flags...)...)
					if r.code != 0 || r.stdout != c.want {
						t.Errorf("code %d, %d bytes, not %d: %s", r.code, len(r.stdout), len(c.want), r.stderr)
					}
				})
			}
		}
	}
}

type catCase struct {
	flags []string
	want  string
}

// catCases are ranges of a text of numbered lines.
func catCases(text string) map[string]catCase {
	lines := strings.SplitAfter(text, "\n")
	n := len(lines) - 1
	flags := func(flag string, format string, args ...any) []string {
		return []string{flag, fmt.Sprintf(format, args...)}
	}
	return map[string]catCase{
		"the whole":                 {nil, text},
		"followed":                  {[]string{"--follow"}, text},
		"bytes":                     {flags("--bytes", "10-%d", len(text)-4000), text[10 : len(text)-3999]},
		"bytes to the end":          {[]string{"--bytes", "5000-"}, text[5000:]},
		"bytes after the end":       {flags("--bytes", "%d-", len(text)), ""},
		"one line":                  {[]string{"--lines", "7-7"}, lines[6]},
		"many lines":                {flags("--lines", "100-%d", n-100), strings.Join(lines[99:n-100], "")},
		"lines to the end":          {[]string{"--lines", "900-"}, strings.Join(lines[899:], "")},
		"more lines than there are": {flags("--lines", "990-%d", n+5000), strings.Join(lines[989:], "")},
	}
}

func TestFollowPrintsUntilTheOutputIsComplete(t *testing.T) {
	t.Parallel()
	var listings, looks atomic.Int64
	p := newProgram(t, faults.HTTPConfig{Fault: func(r *http.Request) faults.Fault {
		switch {
		case strings.HasSuffix(r.URL.Path, "/outputs"):
			listings.Add(1)
		case strings.HasSuffix(r.URL.Path, "/views"):
			looks.Add(1)
		}
		return faults.None
	}})
	out := make(chunks, 16)
	done := make(chan int, 1)
	p.tenant.Do(t, "runner", http.MethodPut, p.tenant.RunPath(someRun), api.Start{Task: "t", Start: ago(1)}).Want(t, http.StatusOK)
	viewer := p.as(t, "viewer")
	go func() { done <- viewer.runTo(t, out, "outputs", "cat", someRun, "stdout.log", "--follow") }()
	for number := 1; number <= 3; number++ {
		want := fmt.Sprintf("part %d\n", number)
		part := cloudtest.PartOf("stdout.log", number, []byte(want))
		p.tenant.Mint(t, someRun, part)[0].Put(t, []byte(want)).Want(t, http.StatusOK)
		if got := cloudtest.Receive(t, "a part is printed", out); got != want {
			t.Errorf("got %q, not %q", got, want)
		}
		if number == 1 {
			listings.Store(0)
		}
	}
	p.end(t, "stdout.log", 3)
	if code := <-done; code != 0 {
		t.Errorf("code %d", code)
	}
	wantOneClosedView(t, p)
	if listings.Load() > 0 || looks.Load() < 3 {
		t.Errorf("all outputs were listed %d times after the first part; the one was asked for %d times", listings.Load(), looks.Load())
	}
}

// wantOneClosedView fails the test unless the tenant has one view, which is closed: the ranges
// after the first are read under it, and the audit log has one pair of entries for them.
func wantOneClosedView(t *testing.T, p *program) {
	t.Helper()
	var views []string
	p.tenant.Cloud.Firestore.Walk(func(_, document string, fields map[string]*firestorepb.Value) bool {
		if strings.HasPrefix(document, "tenants/"+string(p.tenant.ID)+"/") && strings.Contains(document, "/views/") {
			views = append(views, fmt.Sprintf("open: %v", fields["open"].GetBooleanValue()))
		}
		return true
	})
	if diff := cmp.Diff([]string{"open: false"}, views); diff != "" {
		t.Errorf("views: %s", diff)
	}
}

// chunks receives each write.
type chunks chan string

func (c chunks) Write(p []byte) (int, error) {
	c <- string(p)
	return len(p), nil
}

func TestCatOfAnIncompleteOutputFails(t *testing.T) {
	t.Parallel()
	for _, flags := range [][]string{nil, {"--follow"}} {
		p := newProgram(t, faults.HTTPConfig{})
		p.upload(t, "stdout.log", "only this\n", 100)
		p.end(t, "stdout.log", 2)
		r := p.as(t, "viewer").run(t, append([]string{"outputs", "cat", someRun, "stdout.log"}, flags...)...)
		if r.code != 1 || r.stdout != "only this\n" || !strings.Contains(r.stderr, "the output is incomplete") {
			t.Errorf("%v: %+v", flags, r)
		}
	}
}

func TestFollowOfALostRunFails(t *testing.T) {
	t.Parallel()
	for _, outputs := range []string{"", `{"name":"stdout.log","state":"incomplete"}`} {
		p := stubbed(t, newStub(t, `{"run":{"state":"lost"},"outputs":[`+outputs+`]}`))
		r := p.run(t, "outputs", "cat", someRun, "stdout.log", "--follow")
		if r.code != 1 || !strings.Contains(r.stderr, "the output is incomplete: the run is lost") {
			t.Errorf("%s: %+v", outputs, r)
		}
	}
}

func TestFollowOfAnOutputThatDoesNotExistFails(t *testing.T) {
	t.Parallel()
	p := newProgram(t, faults.HTTPConfig{})
	p.end(t, "other.log", 1)
	r := p.as(t, "viewer").run(t, "outputs", "cat", someRun, "stdout.log", "--follow")
	if r.code != 1 || !strings.Contains(r.stderr, "the run has no output with this name") {
		t.Errorf("%+v", r)
	}
}

func TestOutputsAreListed(t *testing.T) {
	t.Parallel()
	p := newProgram(t, faults.HTTPConfig{})
	p.end(t, "report.html", p.upload(t, "report.html", "<p>\x1b[31m", 4))
	viewer := p.as(t, "viewer")
	r := viewer.run(t, "outputs", "ls", someRun)
	if r.code != 0 || !strings.Contains(r.stdout, "report.html  complete  8") {
		t.Errorf("%+v", r)
	}
	listing := decode[api.Listing](t, viewer, "outputs", "ls", someRun, "--json")
	if listing.Outputs[0].Size != 8 || listing.Outputs[0].State != api.Complete {
		t.Errorf("%+v", listing)
	}
}

func TestTokenOfTheEmbeddedCloudIsAccepted(t *testing.T) {
	t.Parallel()
	p := newProgram(t, faults.HTTPConfig{})
	r := p.run(t, "token", "--tenant", string(p.tenant.ID), "--as", "viewer").want(t)
	p.env["STRONGROOM_TOKEN"] = strings.TrimSpace(r.stdout)
	p.run(t, "runs", "ls").want(t)
}

func TestVersion(t *testing.T) {
	t.Parallel()
	p := newProgram(t, faults.HTTPConfig{})
	if r := p.run(t, "version"); r.code != 0 || !strings.HasPrefix(r.stdout, "strongroom ") {
		t.Errorf("%+v", r)
	}
	if r := p.run(t, "version", "--json"); !json.Valid([]byte(r.stdout)) {
		t.Errorf("%+v", r)
	}
}
