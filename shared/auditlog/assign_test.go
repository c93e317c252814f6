package auditlog_test

import (
	"fmt"
	"sync/atomic"
	"testing"

	"cloud.google.com/go/firestore"
	"github.com/google/go-cmp/cmp"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/faults"
	"github.com/strongroom-dev/strongroom/emulator/suite"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/gcp"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// maxCalls is more calls than one AssignIndexes makes, including its retries.
const maxCalls = 8

// Another integrator assigns indexes between any two calls of this one, and an
// entry is recorded after that. Whatever this one has read before is out of date
// then, so it must have read it in the transaction that writes the indexes.
func TestIndexesAreAssignedOnceWhateverOthersAssignMeanwhile(t *testing.T) {
	t.Parallel()
	c := cloudtest.New(t, suite.Options{})
	log, reader, db := openLog(t, c)
	for before := range maxCalls {
		t.Run(fmt.Sprintf("before call %d", before), func(t *testing.T) {
			t.Parallel()
			tn := c.Tenant(t)
			add := func() { appendEntry(t, log, db, tn.ID) }
			add()
			add()
			var calls atomic.Int64
			slow := clientThrough(t, c, func(string) faults.Fault {
				if calls.Add(1)-1 == int64(before) {
					assign(t, reader, db, tn.ID)
					add()
				}
				return faults.None
			})
			assign(t, reader, slow, tn.ID)
			assign(t, reader, db, tn.ID)
			want := []int64{0, 1, 2}
			if calls.Load() <= int64(before) {
				want = want[:2] // the other one did nothing
			}
			if diff := cmp.Diff(want, indexes(t, db, tn.ID)); diff != "" {
				t.Error(diff)
			}
			tree, err := auditlog.ReadTree(t.Context(), db, tn.ID)
			if err != nil || tree.Assigned != int64(len(want)) {
				t.Errorf("the tree has assigned %d indexes, want %d (%v)", tree.Assigned, len(want), err)
			}
		})
	}
}

// clientThrough returns a client of the database whose calls go through a proxy.
func clientThrough(t *testing.T, c *cloudtest.Cloud, plan func(string) faults.Fault) *firestore.Client {
	t.Helper()
	config := c.As(suite.OperatorAccount)
	proxy, err := faults.New(config.FirestoreHost, plan)
	if err != nil {
		t.Fatal(err)
	}
	config.FirestoreHost = proxy.Addr()
	clients := gcp.NewClients(config)
	t.Cleanup(func() { _, _ = clients.Close(), proxy.Close() })
	db, err := clients.Default(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return db
}

func appendEntry(t *testing.T, log *auditlog.Log, db *firestore.Client, id tenant.ID) {
	t.Helper()
	entry := auditlog.Entry{Tenant: id, Actor: auditlog.Actor{Subject: "a"}, Action: auditlog.StartRun}
	if _, err := log.Append(t.Context(), db, entry); err != nil {
		t.Error(err)
	}
}

func assign(t *testing.T, reader *auditlog.Reader, db *firestore.Client, id tenant.ID) {
	t.Helper()
	if _, err := reader.AssignIndexes(t.Context(), db, id, 100); err != nil {
		t.Error(err)
	}
}

// indexes returns the indexes of all entries in ascending order.
func indexes(t *testing.T, db *firestore.Client, id tenant.ID) (all []int64) {
	t.Helper()
	docs, err := auditlog.TreeRef(db, id).Parent.Parent.Collection(auditlog.EntriesCollection).OrderBy("index", firestore.Asc).Documents(t.Context()).GetAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, doc := range docs {
		index, _ := doc.Data()["index"].(int64)
		all = append(all, index)
	}
	return all
}
