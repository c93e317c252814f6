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

// TestLaw5AcknowledgedMeansKeptOfRuns has several runners record the same runs with
// different values while calls to Firestore fail. Of each start and each report, one
// version is acknowledged, always the same, and that version is stored.
func TestLaw5AcknowledgedMeansKeptOfRuns(t *testing.T) {
	t.Parallel()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	c := cloudtest.Shared(t)
	tn := c.Tenant(t)
	wire := newFaultyProxy(t, c.As(suite.OperatorAccount).FirestoreHost, seed, 0.1)
	url := serveRuns(t, c, wire)
	token := tn.Token(t, "runner")
	for range 5 {
		id := cloudtest.NewRun(t)
		var calls []runVersion
		for version := range 3 {
			calls = append(calls, runVersion{id, "start", version}, runVersion{id, "report", version}, runVersion{id, "start", version})
		}
		random.Shuffle(len(calls), func(i, j int) { calls[i], calls[j] = calls[j], calls[i] })
		var mu sync.Mutex
		acknowledged := map[string]map[int]bool{"start": {}, "report": {}}
		var all sync.WaitGroup
		for _, call := range calls {
			all.Go(func() {
				if call.retryUntilFinal(t, tn, url, token) {
					mu.Lock()
					defer mu.Unlock()
					acknowledged[call.what][call.version] = true
				}
			})
		}
		all.Wait()
		checkAcknowledged(t, tn, id, acknowledged)
	}
	t.Logf("the wire: %v", wire.faults)
}

// serveRuns runs the function under its own account. It calls Firestore over wire.
func serveRuns(t *testing.T, c *cloudtest.Cloud, wire *faultyProxy) string {
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

// runVersion is one version of a run's start or report.
type runVersion struct {
	run, what string
	version   int
}

// retryUntilFinal retries the call until its response is final. It reports whether the
// version was accepted.
func (c runVersion) retryUntilFinal(t *testing.T, tn *cloudtest.Tenant, url, token string) bool {
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
	t.Errorf("%s gets no final response", c.what)
	return false
}

// checkAcknowledged checks that one version of the start and the report is accepted
// and stored.
func checkAcknowledged(t *testing.T, tn *cloudtest.Tenant, id string, acknowledged map[string]map[int]bool) {
	t.Helper()
	var got struct {
		Task, State string
		ExitCode    int
	}
	tn.Do(t, "viewer", http.MethodGet, tn.RunPath(id), nil).Want(t, http.StatusOK).JSON(t, &got)
	for what, versions := range acknowledged {
		if len(versions) != 1 {
			t.Errorf("versions %[2]v of %[1]s were acknowledged", what, versions)
		}
	}
	for version := range acknowledged["start"] {
		if got.Task != fmt.Sprint("task ", version) {
			t.Errorf("version %d of the start was acknowledged, but %q is stored", version, got.Task)
		}
	}
	for version := range acknowledged["report"] {
		if got.State != "ended" || got.ExitCode != version {
			t.Errorf("version %d of the report was acknowledged, but %+v is stored", version, got)
		}
	}
}
