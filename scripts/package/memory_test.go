package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/suite"
	"github.com/strongroom-dev/strongroom/infra"
)

const (
	// concurrentRequests is how many requests an instance gets at once, and
	// memoryLimit is the GOMEMLIMIT of its 512 MiB: infra/modules/function.
	concurrentRequests = 40
	memoryLimit        = "GOMEMLIMIT=460MiB"

	// maxResident is the memory that a function may use, in bytes. The other 112 MiB
	// of an instance are for the container.
	maxResident = 400 << 20
)

// request is one HTTP request to a function.
type request struct {
	method, path, token string
	body                []byte
	header              []string // names and values in turn
	redelivered         bool     // it is a message, which Pub/Sub delivers again after any failure
}

// TestTheLargestRequestsFitInMemory sends 40 of the largest requests of each
// operation at once. Each succeeds, at the latest when it is sent again after a 503
// with Retry-After.
func TestTheLargestRequestsFitInMemory(t *testing.T) { // not parallel: it needs all of the machine's cores
	if cloudtest.RaceDetector {
		t.Skip("the programs are built without the race detector, so it finds nothing in them; without it, this test is faster")
	}
	for name := range programs {
		t.Run(name, func(t *testing.T) {
			if testing.Short() {
				t.Skip("builds every function out of its archive, which takes minutes at first: not with -short")
			}
			runnable(t)
			built := built(t, name)
			c := cloudtest.New(t, suite.Options{})
			for operation, prepare := range largestOf(t, c.Suite.Functions[name], name) {
				t.Run(operation, func(t *testing.T) {
					next := prepare(t, c.Tenant(t))
					p := start(t, built.path, append(c.FunctionEnviron(name), memoryLimit))
					answered := sendAll(t, p, next)
					peak := peakMemory(t, p)
					t.Logf("%s: %d MiB; %d of %d were answered at once", operation, peak>>20, answered, concurrentRequests)
					if peak > maxResident {
						t.Errorf("the process used %d MiB, want at most %d", peak>>20, maxResident>>20)
					}
				})
			}
		})
	}
}

// sendAll sends all requests at once, and those that got a 503 again. It returns how
// many succeeded at the first attempt.
func sendAll(t *testing.T, p *process, next func(n int) request) (atOnce int) {
	t.Helper()
	var left []request
	for n := range concurrentRequests {
		left = append(left, next(n))
	}
	for round := 0; len(left) > 0; round++ {
		again := sendRound(t, p, left)
		if round == 0 {
			atOnce = len(left) - len(again)
		}
		if round == concurrentRequests || t.Failed() {
			t.Fatalf("%d requests were never answered", len(again))
		}
		left = again
	}
	return atOnce
}

// sendRound sends requests at once, and returns those that got a 503.
func sendRound(t *testing.T, p *process, all []request) (again []request) {
	t.Helper()
	var mu sync.Mutex
	var work sync.WaitGroup
	for _, r := range all {
		work.Go(func() {
			status, retryAfter, body := r.send(t, p)
			switch {
			case status == http.StatusServiceUnavailable && retryAfter != "", r.redelivered && status/100 == 5:
				mu.Lock()
				defer mu.Unlock()
				again = append(again, r)
			case status/100 != 2:
				t.Errorf("status %d, Retry-After %q: %s", status, retryAfter, body)
			}
		})
	}
	work.Wait()
	return again
}

// send sends the request. It returns the first bytes of the body.
func (r request) send(t *testing.T, p *process) (status int, retryAfter, body string) {
	sent, err := http.NewRequestWithContext(t.Context(), r.method, p.url+r.path, bytes.NewReader(r.body))
	if err != nil {
		t.Error(err)
		return 0, "", ""
	}
	sent.Header.Set("Content-Type", "application/json")
	if r.token != "" {
		sent.Header.Set("Authorization", "Bearer "+r.token)
	}
	for i := 0; i+1 < len(r.header); i += 2 {
		sent.Header.Set(r.header[i], r.header[i+1])
	}
	response, err := http.DefaultClient.Do(sent)
	if err != nil {
		t.Error(err)
		return 0, "", ""
	}
	defer response.Body.Close()
	first, err := io.ReadAll(io.LimitReader(response.Body, 500))
	if err == nil {
		_, err = io.Copy(io.Discard, response.Body)
	}
	if err != nil {
		t.Errorf("read the response: %v", err)
	}
	return response.StatusCode, response.Header.Get("Retry-After"), string(first)
}

var highWater = regexp.MustCompile(`VmHWM:\s+([0-9]+) kB`)

// peakMemory returns the most memory that a process has used, in bytes.
func peakMemory(t *testing.T, p *process) int {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.pid))
	if err != nil {
		t.Fatal(err)
	}
	found := highWater.FindSubmatch(text)
	if found == nil {
		t.Fatalf("no VmHWM in %s", text)
	}
	kibibytes, err := strconv.Atoi(string(found[1]))
	if err != nil {
		t.Fatal(err)
	}
	return kibibytes << 10
}

// prepare stores what makes an operation's requests the largest, and returns the
// requests.
type prepare func(*testing.T, *cloudtest.Tenant) (next func(n int) request)

// largestOf returns the largest requests of each operation of a function.
func largestOf(t *testing.T, f infra.Function, name string) map[string]prepare {
	t.Helper()
	all := map[string]prepare{}
	for _, route := range f.Routes {
		if largest[route] == nil {
			t.Errorf("%s has no largest request: add one to largest", route)
			continue
		}
		all[strings.NewReplacer("/v1/workspaces/{workspace}", "", "/", " ").Replace(route)] = largest[route]
	}
	switch {
	case f.Topic != "" && largest[f.Topic] == nil:
		t.Errorf("topic %s has no largest message: add one to largest", f.Topic)
	case f.Topic != "":
		all["message"] = largest[f.Topic]
	case f.Schedule != "":
		all["call"] = largest["schedule"]
	}
	return all
}
