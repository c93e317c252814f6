package main

import (
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

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

// timeOfTheOthers is what one function and the other tests of this package need on a slow
// machine. Without -timeout, go test ends a package after ten minutes.
const timeOfTheOthers = 3 * time.Minute

// TestTheLargestRequestsFitInMemory sends 40 of the largest requests of each
// operation at once. Each succeeds, at the latest when it is sent again because the
// response asks for it.
//
// A function waits more than it computes, so as many are tried side by side as the machine has cores.
func TestTheLargestRequestsFitInMemory(t *testing.T) {
	if cloudtest.RaceDetector {
		t.Skip("the programs are built without the race detector, so it finds nothing in them; without it, this test is faster")
	}
	for name := range programs {
		t.Run(name, func(t *testing.T) {
			if testing.Short() {
				t.Skip("builds every function out of its archive, which takes minutes at first: not with -short")
			}
			runnable(t)
			t.Parallel()
			if end, limited := t.Deadline(); limited && time.Until(end) < timeOfTheOthers {
				t.Skip("skipped: this machine is too slow for the time that go test allows; use go test -timeout=20m, as .ci/run does")
			}
			built := built(t, name)
			c := cloudtest.New(t, suite.Options{})
			all := largestOf(t, c.Suite.Functions[name], name)
			for _, operation := range slices.Sorted(maps.Keys(all)) { // always in the same order, because they share a cloud
				t.Run(operation, func(t *testing.T) {
					next := all[operation](t, c.Tenant(t))
					p := start(t, built.path, append(c.FunctionEnviron(name), memoryLimit))
					sent := sendAll(t, p, next)
					peak := peakMemory(t, p)
					t.Logf("%s: %d MiB; %d of %d were answered at once", operation, peak>>20, sent.atOnce, concurrentRequests)
					if sent.wrong || peak > maxResident {
						p.failf(t, "the process used %d MiB, of %d at most; the responses were:\n%s", peak>>20, maxResident>>20, sent)
					}
				})
			}
		})
	}
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
