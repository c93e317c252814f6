package main

import (
	"bytes"
	"context"
	"net"
	"net/http"
	"os/exec"
	"sync"
	"testing"
	"time"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/suite"
)

// process is a built function that runs under the framework.
type process struct {
	url   string
	began time.Time
	cloud *cloudtest.Cloud // whose requests go to the process
	stop  func()           // ends it; twice does no harm
	log   output
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

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
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
	ended := make(chan struct{})
	go func() { defer close(ended); _ = cmd.Wait() }()
	p.stop = func() { cancel(); <-ended }
	t.Cleanup(func() {
		p.stop()
		if t.Failed() {
			t.Logf("the process printed:\n%s", &p.log)
		}
	})
	awaitListener(t, addr, ended)
	return p
}

// freeAddr is an address of this machine that nobody listens at.
func freeAddr(t testing.TB) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

// awaitListener returns when somebody listens at addr. Only trying tells.
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

// first asks what makes a function build all that it builds, and says how long
// after the start of the process the answer was there.
func (p *process) first(t testing.TB, name string, tn *cloudtest.Tenant) time.Duration {
	t.Helper()
	if firsts[name].ask == nil {
		t.Fatal("nobody says what this function is first asked")
	}
	firsts[name].ask(t, p, tn).Want(t, firsts[name].want)
	return time.Since(p.began)
}

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
	"outputs": {http.StatusNotFound, func(t testing.TB, p *process, tn *cloudtest.Tenant) cloudtest.Response {
		return p.do(t, tn.Token(t, "viewer"), http.MethodGet, tn.RunPath(cloudtest.NewRun(t))+"/outputs", nil)
	}},
	"custody": {http.StatusOK, func(t testing.TB, p *process, _ *cloudtest.Tenant) cloudtest.Response {
		return p.push(t, "object-events", map[string]string{"eventType": "OBJECT_DELETE"})
	}},
	"assistant-update": {http.StatusOK, func(t testing.TB, p *process, _ *cloudtest.Tenant) cloudtest.Response {
		return p.push(t, "run-events", nil)
	}},
	"assistants": {http.StatusOK, func(t testing.TB, p *process, tn *cloudtest.Tenant) cloudtest.Response {
		return p.do(t, tn.Token(t, "viewer"), http.MethodGet, "/v1/workspaces/"+string(tn.Workspace)+"/issues", nil)
	}},
	"replay": {http.StatusOK, func(t testing.TB, p *process, tn *cloudtest.Tenant) cloudtest.Response {
		return p.do(t, tn.Token(t, "platform"), http.MethodGet, "/v1/quarantine", nil)
	}},
	"sweep": {http.StatusOK, func(t testing.TB, p *process, _ *cloudtest.Tenant) cloudtest.Response {
		return p.do(t, "", http.MethodPost, "/", nil)
	}},
	"reseal": {http.StatusOK, func(t testing.TB, p *process, _ *cloudtest.Tenant) cloudtest.Response {
		return p.do(t, "", http.MethodPost, "/", nil)
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
