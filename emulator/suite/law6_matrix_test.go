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
	"github.com/strongroom-dev/strongroom/shared/quota"
)

// Law 6, for every operation: while the audit log cannot be written, operations that
// must be recorded first fail, write nothing and return nothing. The others work.
func TestLaw6OnTheRecordFirstOrNotAtAll(t *testing.T) {
	if cloudtest.RaceDetector {
		t.Skip("TestEveryRecordedRequestHasAReceipt sends each request with the race detector")
	}
	t.Parallel()
	c := cloudtest.New(t, suite.Options{})
	if c.Firestore == nil {
		t.Skip("the stored documents of Google's emulator cannot be walked")
	}
	f := newMatrixFixture(t, c)
	if diff := cmp.Diff(slices.Sorted(maps.Keys(operations)), discover(t, c)); diff != "" {
		t.Fatalf("the table and the functions' operations differ: %s", diff)
	}
	for name, function := range c.Suite.Functions {
		for _, route := range function.Routes {
			if publicOperations[route] != nil { // recorded nowhere
				continue
			}
			t.Run(route, func(t *testing.T) { f.tryWithoutAuditLog(t, name, route) })
		}
	}
}

// tryWithoutAuditLog calls a route while its function cannot encrypt audit entries, and
// again when it can, to show that this was the cause.
func (f *matrixFixture) tryWithoutAuditLog(t *testing.T, function, route string) {
	o := operations[route]
	path, body := o.ask(t, f, f.places[0].calledBy(o.roles[len(o.roles)-1]))
	method, _, _ := strings.Cut(route, " ")
	do := func() cloudtest.Response {
		return f.cloud.Do(t, f.token(t, string(o.roles[len(o.roles)-1]), "", time.Hour), method, path, body)
	}
	if err := f.cloud.IAM.Unbind(auditRole(function)); err != nil {
		t.Fatal(err)
	}
	f.cloud.Clock.Advance(61 * time.Minute) // cached data keys expire, and what is recorded once an hour is recorded again
	before := withoutCounts(allDocuments(t, f.cloud))
	got := do()
	if err := f.cloud.IAM.Bind(auditRole(function)); err != nil {
		t.Fatal(err)
	}
	if o.recordedFirst {
		wantProblem(t, got, http.StatusInternalServerError)
		if diff := cmp.Diff(before, withoutCounts(allDocuments(t, f.cloud))); diff != "" {
			t.Errorf("it wrote %s", diff)
		}
		for _, text := range []string{"DNS is slow", "of the tenant", "Edgar", "X-Goog-Signature"} {
			if strings.Contains(string(got.Body), text) {
				t.Errorf("the response contains %s: %s", text, got.Body)
			}
		}
	} else {
		got.Want(t, http.StatusOK)
	}
	do().Want(t, http.StatusOK)
}

// allDocuments returns all documents in Firestore, by name.
func allDocuments(t *testing.T, c *cloudtest.Cloud) map[string]string {
	t.Helper()
	c.Drain(t)
	all := map[string]string{}
	c.Firestore.Walk(func(database, document string, fields map[string]*pb.Value) bool {
		if strings.Contains(document, "/deks/") || strings.Contains(document, "/macs/") {
			fields = maps.Clone(fields)
			delete(fields, "seen") // when a function last used the key: no action of anybody
		}
		wire, err := proto.MarshalOptions{Deterministic: true}.Marshal(&pb.Document{Fields: fields})
		if err != nil {
			t.Fatal(err)
		}
		all[database+document] = string(wire)
		return true
	})
	return all
}

// withoutCounts leaves out how much a tenant has used of its quotas: a request is counted
// before it is recorded, so that nobody can fill the audit log.
func withoutCounts(documents map[string]string) map[string]string {
	maps.DeleteFunc(documents, func(path, _ string) bool {
		return strings.Contains(path, "/"+quota.UsageCollection+"/") || strings.Contains(path, "/"+quota.MinutesCollection+"/")
	})
	return documents
}
