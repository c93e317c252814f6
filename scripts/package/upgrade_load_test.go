package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/suite"
)

// TestAnUpgradeAndItsRollBackUnderLoadLoseNothing deploys another version and then the first one
// again while runners start runs, upload and report. The instances of the version before end
// without waiting for their requests. Each run that was acknowledged is complete, and no runner
// gets a 5xx.
func TestAnUpgradeAndItsRollBackUnderLoadLoseNothing(t *testing.T) {
	t.Parallel()
	t.Run("the last release and this version", func(t *testing.T) {
		t.Parallel()
		path, _ := lastRelease(t)
		upgradeUnderLoad(t, func(string) string { return path })
	})
	t.Run("this version and itself", func(t *testing.T) {
		t.Parallel()
		if testing.Short() {
			t.Skip("builds functions out of their archives: not with -short")
		}
		if cloudtest.RaceDetector {
			t.Skip("the programs are built without the race detector, so it finds nothing in them")
		}
		upgradeUnderLoad(t, func(function string) string { return built(t, function).path })
	})
}

const (
	runners     = 4
	runsOfPhase = 3 * runners // that end while a version serves
)

// upgradeUnderLoad upgrades from the programs that before returns to this version, and back.
func upgradeUnderLoad(t *testing.T, before func(function string) string) {
	t.Helper()
	c := cloudtest.New(t, suite.Options{})
	tn := tenantOfBoth(t, c)
	first, third := deploy(t, c, before), deploy(t, c, before)
	second := deploy(t, c, func(function string) string { return built(t, function).path })
	l := startLoad(t, tn, first) // after all instances listen: a runner waits while nobody awaits its run
	l.await(t, runsOfPhase)
	l.replace(first, second)
	l.await(t, runsOfPhase)
	l.replace(second, third)
	l.await(t, runsOfPhase)
	ids := l.end(t)
	c.Drain(t)
	for id, text := range ids {
		var got struct {
			State   string
			Outputs []struct{ State string }
		}
		tn.Do(t, "viewer", http.MethodGet, tn.RunPath(id), nil).Want(t, http.StatusOK).JSON(t, &got)
		tn.Do(t, "viewer", http.MethodGet, tn.RunPath(id)+"/outputs", nil).Want(t, http.StatusOK).JSON(t, &got)
		if got.State != "ended" || len(got.Outputs) != 1 || got.Outputs[0].State != "complete" {
			t.Errorf("run %s is %+v", id, got)
		}
		if read := tn.Do(t, "viewer", http.MethodGet, tn.RunPath(id)+"/outputs/stdout.log", nil).Want(t, http.StatusOK); string(read.Body) != text {
			t.Errorf("the output of run %s is %q, want %q", id, read.Body, text)
		}
	}
	wantIssue(t, tn.Search(t, "viewer", "/v1/workspaces/"+string(tn.Workspace)+"/issues", ""))
	t.Logf("%d runs, %d requests repeated", len(ids), l.repeated.Load())
}

// deploy starts an instance of each function that runners call.
func deploy(t *testing.T, c *cloudtest.Cloud, path func(function string) string) *instances {
	t.Helper()
	all := instances{}
	for _, function := range []string{"runs", "uploads"} {
		all[function] = start(t, path(function), c.FunctionEnviron(function))
	}
	return &all
}

// load is what runners do while versions change.
type load struct {
	tenant   *cloudtest.Tenant
	token    string
	serving  atomic.Pointer[instances]
	repeated atomic.Int64 // requests whose instance ended before it answered
	runs     chan [2]string
	known    map[string]string // text of the output by run, of those that were acknowledged
	stop     context.CancelFunc
	group    *errgroup.Group
}

func startLoad(t *testing.T, tn *cloudtest.Tenant, first *instances) *load {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	l := &load{tenant: tn, token: tn.Token(t, "runner"), runs: make(chan [2]string), known: map[string]string{}, stop: stop}
	l.serving.Store(first)
	var failing context.Context
	l.group, failing = errgroup.WithContext(ctx)
	for range runners {
		l.group.Go(func() error {
			for failing.Err() == nil {
				id := cloudtest.NewRun(t)
				text := "output of " + id + "\n"
				if err := l.run(context.WithoutCancel(failing), id, text); err != nil {
					stop()
					return fmt.Errorf("run %s: %w", id, err)
				}
				select {
				case l.runs <- [2]string{id, text}:
				case <-failing.Done():
					return nil
				}
			}
			return nil
		})
	}
	return l
}

// replace sends requests to other instances, and ends those before at once.
func (l *load) replace(before, after *instances) {
	l.serving.Store(after)
	for _, p := range *before {
		p.stop()
	}
}

// await returns when n more runs have been acknowledged.
func (l *load) await(t *testing.T, n int) {
	t.Helper()
	for range n {
		id := cloudtest.Receive(t, "a run ends", l.runs)
		l.known[id[0]] = id[1]
	}
}

// end ends the load, and returns the runs that were acknowledged.
func (l *load) end(t *testing.T) map[string]string {
	t.Helper()
	l.stop()
	if err := l.group.Wait(); err != nil {
		t.Fatal(err)
	}
	return l.known
}

// run starts a run, uploads its output, and reports it with an issue.
func (l *load) run(ctx context.Context, id, text string) error {
	if _, err := l.send(ctx, "runs", http.MethodPut, l.tenant.RunPath(id), aStart()); err != nil {
		return err
	}
	answer, err := l.send(ctx, "uploads", http.MethodPost, l.tenant.RunPath(id)+"/uploads", oneUpload([]byte(text)))
	if err != nil {
		return err
	}
	var minted struct{ Parts []cloudtest.Upload }
	if err := json.Unmarshal(answer, &minted); err != nil {
		return err
	}
	if err := upload(ctx, minted.Parts[0], text); err != nil {
		return err
	}
	_, err = l.send(ctx, "runs", http.MethodPost, l.tenant.RunPath(id)+"/report", map[string]any{
		"end": time.Now().UTC(), "outcome": "failure", "exitCode": 1,
		"outputs": []map[string]any{{"name": "stdout.log", "parts": 1}},
		"issues":  []map[string]string{{"line": `{"severity":2,"title":"The disk is full"}`}},
	})
	return err
}

// send sends a request to the version that serves, and again if its instance ends before it
// answers, as the command line does.
func (l *load) send(ctx context.Context, function, method, path string, body any) ([]byte, error) {
	text, err := json.Marshal(body)
	if err != nil {
		return nil, err
	}
	for range 5 {
		instance := (*l.serving.Load())[function]
		r, err := http.NewRequestWithContext(ctx, method, instance.url+path, bytes.NewReader(text))
		if err != nil {
			return nil, err
		}
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Authorization", "Bearer "+l.token)
		answer, status, err := exchange(r)
		if err != nil {
			l.repeated.Add(1)
			continue
		}
		if status != http.StatusOK {
			return nil, fmt.Errorf("%s %s: status %d: %s", method, path, status, answer)
		}
		return answer, nil
	}
	return nil, fmt.Errorf("%s %s: no instance answers", method, path)
}

// upload uploads a part with its URL.
func upload(ctx context.Context, u cloudtest.Upload, text string) error {
	r, err := http.NewRequestWithContext(ctx, u.Method, u.URL, bytes.NewReader([]byte(text)))
	if err != nil {
		return err
	}
	for name, value := range u.Headers {
		r.Header.Set(name, value)
	}
	if answer, status, err := exchange(r); err != nil || status != http.StatusOK {
		return fmt.Errorf("upload: status %d: %s: %w", status, answer, err)
	}
	return nil
}

func exchange(r *http.Request) ([]byte, int, error) {
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil, 0, err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	return text, answer.StatusCode, err
}
