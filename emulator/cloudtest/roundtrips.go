package cloudtest

import (
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/strongroom-dev/strongroom/emulator/faults"
	"github.com/strongroom-dev/strongroom/emulator/firestore"
	"github.com/strongroom-dev/strongroom/emulator/suite"
)

// RoundTrips counts the calls that one function makes to the embedded cloud.
type RoundTrips struct {
	// Environ is the environment of a process that runs the function and whose calls
	// are counted, in the form of os.Environ.
	Environ []string

	cloud    *Cloud
	mu       sync.Mutex
	latency  time.Duration
	calls    []string // in the order in which they began
	depth    int      // of all calls
	answered int      // depth of those that are answered
}

// Counted are the calls of an operation.
type Counted struct {
	Depth  int      // calls of the longest chain in which each waits for the one before
	Calls  []string // in the order in which they began
	Billed firestore.Counts
}

// NewRoundTrips returns a counter for a function. It is for a cloud in which nothing else
// happens meanwhile.
func NewRoundTrips(t testing.TB, c *Cloud, function string) *RoundTrips {
	t.Helper()
	r := &RoundTrips{cloud: c}
	as := c.As(suite.FunctionAccount(function))
	grpcHosts := map[string]string{}
	for _, host := range []string{as.FirestoreHost, as.PubSubHost, as.KMSHost, as.IAMCredentialsHost} {
		if grpcHosts[host] != "" {
			continue
		}
		proxy, err := faults.New(host, func(method string) faults.Fault { r.pass(method); return faults.None })
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = proxy.Close() })
		grpcHosts[host] = proxy.Addr()
	}
	web, err := faults.NewHTTP(faults.HTTPConfig{Fault: func(q *http.Request) faults.Fault { r.pass(q.Method); return faults.None }}, "http://"+as.StorageHost)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = web.Close() })
	for _, kv := range c.FunctionEnviron(function) {
		name, value, _ := strings.Cut(kv, "=")
		switch {
		case value == as.StorageHost && name == "STORAGE_EMULATOR_HOST":
			value = strings.TrimPrefix(web.URL("http://"+as.StorageHost), "http://")
		case strings.HasSuffix(name, "_EMULATOR_HOST") && grpcHosts[value] != "":
			value = grpcHosts[value]
		}
		r.Environ = append(r.Environ, name+"="+value)
	}
	return r
}

// pass counts a call and delays it. Its reply arrives after it is answered, so a later call
// can depend on it, and an earlier one cannot.
func (r *RoundTrips) pass(name string) {
	r.mu.Lock()
	depth := r.answered + 1
	r.calls, r.depth = append(r.calls, name), max(r.depth, depth)
	latency := r.latency
	r.mu.Unlock()
	<-time.After(latency)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answered = max(r.answered, depth)
}

// Count runs an operation and returns the calls that were made until it returned. Each call
// takes at least the latency. On a busy machine, calls that are made at the same time may begin
// further apart than that: then the depth is too large. It is never too small.
func (r *RoundTrips) Count(t testing.TB, latency time.Duration, operation func()) Counted {
	t.Helper()
	r.mu.Lock()
	r.calls, r.depth, r.answered, r.latency = nil, 0, 0, latency
	r.mu.Unlock()
	before := r.cloud.Firestore.Counts()
	operation()
	after := r.cloud.Firestore.Counts()
	r.mu.Lock()
	defer r.mu.Unlock()
	return Counted{
		Depth: r.depth, Calls: slices.Clone(r.calls),
		Billed: firestore.Counts{Reads: after.Reads - before.Reads, Writes: after.Writes - before.Writes, Deletes: after.Deletes - before.Deletes},
	}
}
