package sweep_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/shared/run"
)

// begin records the start of a run of one check.
func (f fixture) begin(t *testing.T, tn *cloudtest.Tenant) (id string) {
	t.Helper()
	id = cloudtest.NewRun(t)
	tn.Do(t, "runner", http.MethodPut, tn.RunPath(id), map[string]any{"task": "dns-check", "start": f.Clock.Now()}).Want(t, http.StatusOK)
	return id
}

func heartbeat(t *testing.T, tn *cloudtest.Tenant, id string) {
	t.Helper()
	tn.Do(t, "runner", http.MethodPost, tn.RunPath(id)+"/heartbeat", nil).Want(t, http.StatusOK)
}

// end reports a run that found an issue, or none.
func (f fixture) end(t *testing.T, tn *cloudtest.Tenant, id string, lines ...map[string]any) {
	t.Helper()
	tn.Do(t, "runner", http.MethodPost, tn.RunPath(id)+"/report", map[string]any{
		"end": f.Clock.Now(), "outcome": "success", "exitCode": 0, "issues": lines,
		"outputs": []map[string]any{{"name": "out.log", "parts": 1}},
	}).Want(t, http.StatusOK)
}

// wantStates compares the states of a run and of its out.log.
func wantStates(t *testing.T, tn *cloudtest.Tenant, id, run, output string) {
	t.Helper()
	var r struct{ State, Outcome, LeaseExpires string }
	tn.Do(t, "viewer", http.MethodGet, tn.RunPath(id), nil).JSON(t, &r)
	if r.State != run || (r.Outcome != "") != (run == "ended") || (r.LeaseExpires != "") != (run == "running") {
		t.Errorf("the run is %+v, want %s", r, run)
	}
	var outputs struct {
		Run     struct{ State string }
		Outputs []struct{ State string }
	}
	tn.Do(t, "viewer", http.MethodGet, tn.RunPath(id)+"/outputs", nil).JSON(t, &outputs)
	if outputs.Run.State != run || len(outputs.Outputs) != 1 || outputs.Outputs[0].State != output {
		t.Errorf("the outputs are %+v, want %s", outputs, output)
	}
}

func TestARunIsLostWhenItsRunnerIsGone(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	tn := f.Tenant(t)
	id := f.begin(t, tn)
	tn.Mint(t, id, parts(1)...)[0].Put(t, []byte("x")).Want(t, http.StatusOK)
	f.Drain(t)
	f.Clock.Advance(run.Lease - time.Minute)
	if got := f.sweep(t); got.Lost != 0 {
		t.Errorf("before the lease is over: %+v", got)
	}
	wantStates(t, tn, id, "running", "open")
	f.Clock.Advance(2 * time.Minute)
	if got := f.sweep(t); got.Lost != 1 {
		t.Errorf("after the lease is over: %+v", got)
	}
	wantStates(t, tn, id, "lost", "incomplete")
	if got := f.sweep(t); got.Lost != 0 {
		t.Errorf("a lost run is processed again: %+v", got)
	}
	var list struct{ Runs []struct{ ID string } }
	tn.Search(t, "viewer", "/v1/workspaces/"+string(tn.Workspace)+"/runs", "state=lost").JSON(t, &list)
	if len(list.Runs) != 1 || list.Runs[0].ID != id {
		t.Errorf("lost runs are %+v", list)
	}
	heartbeat(t, tn, id)
	wantStates(t, tn, id, "running", "open")
	f.Clock.Advance(run.Lease + time.Second)
	f.sweep(t)
	wantStates(t, tn, id, "lost", "incomplete")
	f.end(t, tn, id)
	wantStates(t, tn, id, "ended", "complete")
}

func TestARunWhoseRunnerCallsIsNotLost(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	tn := f.Tenant(t)
	for name, call := range map[string]func(id string, n int){
		"it sends heartbeats":  func(id string, _ int) { heartbeat(t, tn, id) },
		"it requests uploads":  func(id string, n int) { tn.Mint(t, id, cloudtest.PartOf("out.log", n, []byte("x"))) },
		"it has not begun yet": func(id string, _ int) { heartbeat(t, tn, id) },
	} {
		id := cloudtest.NewRun(t)
		if name != "it has not begun yet" {
			id = f.begin(t, tn)
		}
		for n := range 5 {
			call(id, n+1)
			f.Clock.Advance(run.HeartbeatInterval)
			f.sweep(t)
		}
		var r struct{ State string }
		if tn.Do(t, "viewer", http.MethodGet, tn.RunPath(id), nil).JSON(t, &r); r.State != "running" {
			t.Errorf("%s: the run is %s", name, r.State)
		}
	}
}

// A lost run is inconclusive. If its report arrives after all, it counts.
func TestALostRunResolvesNothing(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	tn := f.Tenant(t)
	found := f.begin(t, tn)
	f.Clock.Advance(time.Minute)
	f.end(t, tn, found, map[string]any{"line": `{"severity":1,"title":"DNS is down"}`})
	f.Clock.Advance(time.Minute)
	clean := f.begin(t, tn)
	f.Clock.Advance(run.Lease + time.Second)
	f.sweep(t)
	f.Drain(t)
	state := func() string {
		var list struct{ Issues []struct{ State string } }
		tn.Search(t, "viewer", "/v1/workspaces/"+string(tn.Workspace)+"/issues", "").JSON(t, &list)
		if len(list.Issues) != 1 {
			return "not there"
		}
		return list.Issues[0].State
	}
	if got := state(); got != "detected" {
		t.Errorf("after a lost run, the issue is %s", got)
	}
	f.end(t, tn, clean)
	f.Drain(t)
	if got := state(); got != "resolved" {
		t.Errorf("after the report of the run, the issue is %s", got)
	}
}
