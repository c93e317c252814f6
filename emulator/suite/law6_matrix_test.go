package suite_test

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	pb "cloud.google.com/go/firestore/apiv1/firestorepb"
	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/suite"
)

// first says of each operation whether it must be on record before it takes
// effect. An operation that has no row here, and a row that is no operation,
// fail the test. What is not on record writes or shows no more than ids,
// codes, numbers and times.
var first = map[string]bool{
	"POST /v1/workspaces/{workspace}/runs/{run}/uploads":         true,
	"PUT /v1/workspaces/{workspace}/runs/{run}":                  false,
	"POST /v1/workspaces/{workspace}/runs/{run}/report":          true,
	"GET /v1/workspaces/{workspace}/runs/{run}":                  false,
	"GET /v1/workspaces/{workspace}/runs/{run}/outputs":          false,
	"GET /v1/workspaces/{workspace}/runs/{run}/outputs/{output}": true,
	"GET /v1/workspaces/{workspace}/runs":                        false,
	"GET /v1/workspaces/{workspace}/runs/{run}/issues":           true,
	"GET /v1/workspaces/{workspace}/slis/{sli}/samples":          false,
	"GET /v1/workspaces/{workspace}/issues":                      true,
	"GET /v1/workspaces/{workspace}/issues/{issue}":              true,
	"POST /v1/workspaces/{workspace}/issues/{issue}/investigate": true,
	"POST /v1/workspaces/{workspace}/issues/{issue}/ignore":      true,
	"GET /v1/workspaces/{workspace}/slis":                        false,
	"GET /v1/workspaces/{workspace}/slis/{sli}":                  false,
	"PUT /v1/workspaces/{workspace}/slis/{sli}":                  true,
	"GET /v1/workspaces/{workspace}/graph":                       false,
	"GET /v1/workspaces/{workspace}/assistants/{assistant}":      true,
	"PUT /v1/workspaces/{workspace}/assistants/{assistant}":      true,
	"GET /v1/catalog/tasks":                                      false,
	"PUT /v1/catalog/tasks":                                      true,
	"GET /v1/quarantine":                                         false,

	// The matrix has these find nothing to act on: tests of their functions have
	// something, and no record.
	"POST /v1/catalog/prune":       false,
	"POST /v1/quarantine/replay":   false,
	"POST /v1/dead-letters/replay": false,
}

// Law 6, for every operation: while the audit log cannot be written, what must
// be on record fails, writes nothing and shows nothing; the rest goes on.
func TestLaw6OnTheRecordFirstOrNotAtAll(t *testing.T) {
	t.Parallel()
	c := cloudtest.New(t, suite.Options{})
	if c.Firestore == nil {
		t.Skip("the stored documents of Google's emulator cannot be walked")
	}
	w := newMatrixWorld(t, c)
	if diff := cmp.Diff(slices.Sorted(maps.Keys(first)), discover(t, c)); diff != "" {
		t.Fatalf("the table has not exactly the functions' operations: %s", diff)
	}
	for function, f := range c.Suite.Functions {
		for _, route := range f.Routes {
			t.Run(route, func(t *testing.T) { w.tryUnrecorded(t, function, route) })
		}
	}
}

// tryUnrecorded asks for a route while its function cannot seal entries, and
// again when it can: it was that which was missing.
func (w *matrixWorld) tryUnrecorded(t *testing.T, function, route string) {
	o := operations[route]
	path, body := o.ask(t, w, w.places[0])
	method, _, _ := strings.Cut(route, " ")
	do := func() cloudtest.Response {
		return w.cloud.Do(t, w.token(t, string(o.roles[len(o.roles)-1]), "", time.Hour), method, path, body)
	}
	if err := w.cloud.IAM.Unbind(auditRole(function)); err != nil {
		t.Fatal(err)
	}
	w.cloud.Clock.Advance(6 * time.Minute) // data keys in memory end
	before := everything(t, w.cloud)
	got := do()
	if err := w.cloud.IAM.Bind(auditRole(function)); err != nil {
		t.Fatal(err)
	}
	if first[route] {
		wantProblem(t, got, http.StatusInternalServerError)
		if diff := cmp.Diff(before, everything(t, w.cloud)); diff != "" {
			t.Errorf("it wrote %s", diff)
		}
		for _, text := range []string{"DNS is slow", "of the tenant", "Edgar", "X-Goog-Signature"} {
			if strings.Contains(string(got.Body), text) {
				t.Errorf("it shows %s: %s", text, got.Body)
			}
		}
	} else {
		got.Want(t, http.StatusOK)
	}
	do().Want(t, http.StatusOK)
}

// everything is all that Firestore holds, by document.
func everything(t *testing.T, c *cloudtest.Cloud) map[string]string {
	t.Helper()
	c.Drain(t)
	all := map[string]string{}
	c.Firestore.Walk(func(database, document string, fields map[string]*pb.Value) bool {
		wire, err := proto.MarshalOptions{Deterministic: true}.Marshal(&pb.Document{Fields: fields})
		if err != nil {
			t.Fatal(err)
		}
		all[database+document] = string(wire)
		return true
	})
	return all
}
