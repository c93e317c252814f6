package main

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/suite"
	"github.com/strongroom-dev/strongroom/infra"
)

// process is a built function that runs under the framework.
type process struct {
	url   string
	pid   int
	began time.Time
	cloud *cloudtest.Cloud // whose requests go to the process
	stop  func()           // stops it; safe to call twice
	log   output
	why   string // the test failed; see failf
}

// failf fails the test. The reason is printed after what the process printed, where
// it cannot be missed.
func (p *process) failf(t testing.TB, format string, args ...any) {
	p.why += fmt.Sprintf(format, args...) + "\n"
	t.Fail()
}

// output keeps what a process prints. It is safe for concurrent use.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write implements io.Writer.
func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

// succeeded matches the log line of a request that succeeded.
var succeeded = regexp.MustCompile(`"message":"request".*"status":2`)

// String returns the last lines, without those of requests that succeeded.
func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	lines := slices.DeleteFunc(strings.Split(o.text.String(), "\n"), succeeded.MatchString)
	return strings.Join(lines[max(0, len(lines)-20):], "\n")
}

// start runs a program with nothing in its environment but environ, and
// returns when it listens.
func start(t testing.TB, path string, environ []string) *process {
	t.Helper()
	addr := freeAddr(t)
	_, port, _ := net.SplitHostPort(addr)
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	p := &process{url: "http://" + addr, began: time.Now(), cloud: cloudtest.AtURL("http://" + addr)}
	cmd := exec.CommandContext(ctx, path)
	cmd.Env, cmd.Stdout, cmd.Stderr = append(environ, "PORT="+port), &p.log, &p.log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p.pid = cmd.Process.Pid
	ended := make(chan struct{})
	go func() { defer close(ended); _ = cmd.Wait() }()
	p.stop = func() { cancel(); <-ended }
	t.Cleanup(func() {
		p.stop()
		if t.Failed() {
			t.Logf("the process printed, without requests that succeeded:\n%s%s", &p.log, p.why)
		}
	})
	awaitListener(t, addr, ended)
	return p
}

// freeAddr is an address of this machine that nobody listens at. Its port is below
// those that the system uses for outgoing connections, so that it stays free until
// the process listens.
func freeAddr(t testing.TB) string {
	t.Helper()
	for range 100 {
		addr := fmt.Sprintf("127.0.0.1:%d", 10_000+rand.IntN(20_000))
		if listener, err := net.Listen("tcp", addr); err == nil {
			_ = listener.Close()
			return addr
		}
	}
	t.Fatal("no port from 10000 to 29999 is free")
	return ""
}

// awaitListener returns when somebody listens at addr. Trying is the only way to find out.
func awaitListener(t testing.TB, addr string, ended <-chan struct{}) {
	t.Helper()
	again := time.NewTicker(time.Millisecond)
	defer again.Stop()
	for {
		conn, err := net.Dial("tcp", addr)
		if err == nil {
			_ = conn.Close()
			return
		}
		select {
		case <-ended:
			t.Fatal("the process ended before it listened")
		case <-again.C:
		}
	}
}

// do asks the process.
func (p *process) do(t testing.TB, token, method, path string, body any, header ...string) cloudtest.Response {
	t.Helper()
	return p.cloud.Do(t, token, method, path, body, header...)
}

// first sends the first request, which makes the function build everything that it
// builds, and returns the time from the start of the process to the response.
func (p *process) first(t testing.TB, name string, tn *cloudtest.Tenant) time.Duration {
	t.Helper()
	if row, ok := firsts[name]; ok {
		row.ask(t, p, tn).Want(t, row.want)
	} else {
		p.firstOf(t, tn.Cloud.Suite.Functions[name], tn)
	}
	return time.Since(p.began)
}

// firstOf sends a first request that follows from the function's trigger in
// suite.json: an empty message, a call of the scheduler, or a request of its first
// route that reads.
func (p *process) firstOf(t testing.TB, f infra.Function, tn *cloudtest.Tenant) {
	t.Helper()
	switch {
	case f.Topic != "":
		p.push(t, f.Topic, nil).Want(t, http.StatusOK)
		return
	case f.Schedule != "":
		p.do(t, "", http.MethodPost, "/", nil).Want(t, http.StatusOK)
		return
	}
	reads := slices.IndexFunc(f.Routes, func(route string) bool { return strings.HasPrefix(route, http.MethodGet) })
	if reads < 0 {
		t.Fatal("no route of this function reads: add a request that succeeds to firsts")
	}
	_, path, _ := strings.Cut(f.Routes[reads], " ")
	path = strings.NewReplacer("{workspace}", string(tn.Workspace), "{run}", cloudtest.NewRun(t)).Replace(path)
	path = regexp.MustCompile(`\{[^}]*\}`).ReplaceAllString(path, "a")
	var r cloudtest.Response
	for _, persona := range []string{"viewer", "auditor", "platform"} {
		if r = p.do(t, tn.Token(t, persona), http.MethodGet, path, nil); r.Status != http.StatusForbidden {
			break
		}
	}
	if r.Status != http.StatusNotFound { // nothing is stored yet
		r.Want(t, http.StatusOK)
	}
}

// firsts are the first requests that do not follow from the trigger.
var firsts = map[string]struct {
	want int // status
	ask  func(testing.TB, *process, *cloudtest.Tenant) cloudtest.Response
}{
	"uploads": {http.StatusOK, func(t testing.TB, p *process, tn *cloudtest.Tenant) cloudtest.Response {
		return p.do(t, tn.Token(t, "runner"), http.MethodPost, tn.RunPath(cloudtest.NewRun(t))+"/uploads", oneUpload([]byte("first")))
	}},
	"runs": {http.StatusOK, func(t testing.TB, p *process, tn *cloudtest.Tenant) cloudtest.Response {
		return p.do(t, tn.Token(t, "runner"), http.MethodPut, tn.RunPath(cloudtest.NewRun(t)), aStart())
	}},
	"catalog": {http.StatusOK, func(t testing.TB, p *process, tn *cloudtest.Tenant) cloudtest.Response {
		return p.do(t, tn.Token(t, "viewer"), http.MethodPost, "/v1/catalog/tasks/search", map[string]any{"query": "dns"})
	}},
	"assistants": {http.StatusOK, func(t testing.TB, p *process, tn *cloudtest.Tenant) cloudtest.Response {
		return p.do(t, tn.Token(t, "viewer"), http.MethodPost, "/v1/workspaces/"+string(tn.Workspace)+"/issues/search", map[string]any{})
	}},
	"configs": {http.StatusOK, func(t testing.TB, p *process, tn *cloudtest.Tenant) cloudtest.Response {
		path := "/v1/workspaces/" + string(tn.Workspace) + "/config.git/info/refs?service=git-receive-pack"
		return p.do(t, tn.Token(t, "builder"), http.MethodGet, path, nil)
	}},
	"console": {http.StatusOK, func(t testing.TB, p *process, _ *cloudtest.Tenant) cloudtest.Response {
		return p.do(t, "", http.MethodGet, "/console", nil)
	}},
	"custody": {http.StatusOK, func(t testing.TB, p *process, _ *cloudtest.Tenant) cloudtest.Response {
		return p.push(t, "object-events", map[string]string{"eventType": "OBJECT_DELETE"})
	}},
}

// push posts a message without data as Pub/Sub does. It carries nothing that
// an event function would act on.
func (p *process) push(t testing.TB, topic string, attributes map[string]string) cloudtest.Response {
	t.Helper()
	return p.do(t, "", http.MethodPost, "/", map[string]any{
		"message": map[string]any{"messageId": "1", "attributes": attributes},
	}, "Ce-Id", "1", "Ce-Specversion", "1.0", "Ce-Type", "google.cloud.pubsub.topic.v1.messagePublished",
		"Ce-Source", "//pubsub.googleapis.com/projects/"+suite.ProjectID+"/topics/"+topic)
}

func aStart() map[string]any {
	return map[string]any{"task": "dns-check", "start": time.Now().UTC()}
}

func oneUpload(data []byte) map[string]any {
	return map[string]any{"parts": []cloudtest.Part{cloudtest.PartOf("stdout.log", 1, data)}}
}
