package suite_test

import (
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/suite"
	"github.com/strongroom-dev/strongroom/functions/runs"
	"github.com/strongroom-dev/strongroom/shared/access"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/function"
	"github.com/strongroom-dev/strongroom/shared/gcp"
)

// TestLaw5AcknowledgedMeansKeptOfRuns has several runners tell the same runs
// different things over a wire that fails: of each thing one version is
// acknowledged, for ever, and it is the one that is kept.
func TestLaw5AcknowledgedMeansKeptOfRuns(t *testing.T) {
	t.Parallel()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	c := cloudtest.Shared(t)
	tn := c.Tenant(t)
	wire := newBadWire(t, c.As(suite.OperatorAccount).FirestoreHost, seed, 0.1)
	url := serveRuns(t, c, wire)
	token := tn.Token(t, "runner")
	for range 5 {
		id := cloudtest.NewRun(t)
		var calls []telling
		for version := range 3 {
			calls = append(calls, telling{id, "start", version}, telling{id, "report", version}, telling{id, "start", version})
		}
		random.Shuffle(len(calls), func(i, j int) { calls[i], calls[j] = calls[j], calls[i] })
		var mu sync.Mutex
		kept := map[string]map[int]bool{"start": {}, "report": {}}
		var all sync.WaitGroup
		for _, call := range calls {
			all.Go(func() {
				if call.insist(t, tn, url, token) {
					mu.Lock()
					defer mu.Unlock()
					kept[call.what][call.version] = true
				}
			})
		}
		all.Wait()
		checkTold(t, tn, id, kept)
	}
	t.Logf("the wire: %v", wire.faults)
}

// serveRuns runs the function, as its own account, over wire.
func serveRuns(t *testing.T, c *cloudtest.Cloud, wire *badWire) string {
	t.Helper()
	config := c.As(suite.FunctionAccount("runs"))
	config.FirestoreHost = wire.addr
	clients := gcp.NewClients(config)
	t.Cleanup(func() { _ = clients.Close() })
	h, err := runs.New(t.Context(), access.Config{
		Audience: suite.Audience, Config: auditlog.Config{AuditKeyName: auditKeyName},
	}, function.Deps{Clients: clients, Now: c.Clock.Now, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	return serve(t, h)
}

// telling is one version of what a runner says of a run.
type telling struct {
	run, what string
	version   int
}

// insist repeats the call until it is answered for good: true if it was taken.
func (c telling) insist(t *testing.T, tn *cloudtest.Tenant, url, token string) bool {
	at := time.Date(2026, 1, 2, 3, 4, c.version, 0, time.UTC)
	method, path, body := http.MethodPut, tn.RunPath(c.run), any(map[string]any{"task": fmt.Sprint("task ", c.version), "start": at})
	if c.what == "report" {
		method, path = http.MethodPost, path+"/report"
		body = map[string]any{"end": at.Add(time.Hour), "outcome": "success", "exitCode": c.version}
	}
	function := cloudtest.AtURL(url)
	for range 200 {
		switch answer := function.Do(t, token, method, path, body); answer.Status {
		case http.StatusOK:
			return true
		case http.StatusConflict:
			return false
		case http.StatusServiceUnavailable, http.StatusInternalServerError:
		default:
			t.Errorf("%s: %d %s", c.what, answer.Status, answer.Body)
			return false
		}
	}
	t.Errorf("%s is never answered for good", c.what)
	return false
}

// checkTold wants one version of start and report taken, and kept.
func checkTold(t *testing.T, tn *cloudtest.Tenant, id string, kept map[string]map[int]bool) {
	t.Helper()
	var got struct {
		Task, State string
		ExitCode    int
	}
	tn.Do(t, "viewer", http.MethodGet, tn.RunPath(id), nil).Want(t, http.StatusOK).JSON(t, &got)
	for what, versions := range kept {
		if len(versions) != 1 {
			t.Errorf("of %s the versions %v were acknowledged", what, versions)
		}
	}
	for version := range kept["start"] {
		if got.Task != fmt.Sprint("task ", version) {
			t.Errorf("version %d of the start was acknowledged, and %q is kept", version, got.Task)
		}
	}
	for version := range kept["report"] {
		if got.State != "ended" || got.ExitCode != version {
			t.Errorf("version %d of the report was acknowledged, and %+v is kept", version, got)
		}
	}
}
