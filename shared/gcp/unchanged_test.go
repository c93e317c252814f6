package gcp_test

import (
	"errors"
	"testing"

	"cloud.google.com/go/firestore"
	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/strongroom-dev/strongroom/emulator/faults"
	"github.com/strongroom-dev/strongroom/shared/gcp"
)

// snapshot reads a document.
func (db *countedDB) snapshot(t *testing.T, path string) *firestore.DocumentSnapshot {
	t.Helper()
	docs, err := db.GetAll(t.Context(), []*firestore.DocumentRef{db.Doc(path)})
	if err != nil {
		t.Fatal(err)
	}
	return docs[0]
}

func (db *countedDB) set(t *testing.T, path string, n int) {
	t.Helper()
	if _, err := db.Doc(path).Set(t.Context(), counter{n}); err != nil {
		t.Fatal(err)
	}
}

// Each change between the read and the write is noticed, and then nothing is written.
func TestWritesOfChangedDocumentsAreRefused(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		meanwhile func(*testing.T, *countedDB)
		changed   bool
	}{
		"nothing changes":           {meanwhile: func(*testing.T, *countedDB) {}},
		"another document changes":  {meanwhile: func(t *testing.T, db *countedDB) { db.set(t, "counters/c", 9) }},
		"the known one changes":     {meanwhile: func(t *testing.T, db *countedDB) { db.set(t, "counters/a", 9) }, changed: true},
		"the absent one is created": {meanwhile: func(t *testing.T, db *countedDB) { db.set(t, "counters/b", 9) }, changed: true},
		"the known one is deleted": {meanwhile: func(t *testing.T, db *countedDB) {
			if _, err := db.Doc("counters/a").Delete(t.Context()); err != nil {
				t.Fatal(err)
			}
		}, changed: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := newCountedDB(t)
			db.set(t, "counters/a", 1)
			known, absent := db.snapshot(t, "counters/a"), db.snapshot(t, "counters/b")
			test.meanwhile(t, db)
			db.taken()
			err := gcp.WriteUnchanged(t.Context(), db.Client, []gcp.Version{{Ref: known.Ref, Updated: known.UpdateTime}, {Ref: absent.Ref}}, func(tx *firestore.Transaction) error {
				return errors.Join(tx.Update(known.Ref, []firestore.Update{{Path: "N", Value: 2}}), tx.Set(absent.Ref, counter{2}), tx.Set(db.Doc("counters/d"), counter{2}),
					tx.Update(known.Ref, []firestore.Update{{Path: "N", Value: 3}}))
			})
			if diff := cmp.Diff([]string{"Commit"}, db.taken()); diff != "" {
				t.Errorf("the calls (-want +got):\n%s", diff)
			}
			if errors.Is(err, gcp.ErrChanged) != test.changed || !test.changed && err != nil {
				t.Errorf("got %v", err)
			}
			if written := db.snapshot(t, "counters/d").Exists(); written == test.changed {
				t.Errorf("the writes were applied: %v", written)
			}
		})
	}
}

// A document that must not change but is not written cannot be compared.
func TestAVersionOfADocumentThatIsNotWrittenIsAnError(t *testing.T) {
	t.Parallel()
	db := newCountedDB(t)
	err := gcp.WriteUnchanged(t.Context(), db.Client, []gcp.Version{{Ref: db.Doc("counters/a")}}, func(tx *firestore.Transaction) error {
		return tx.Set(db.Doc("counters/b"), counter{1})
	})
	if status.Code(err) != codes.Internal || db.snapshot(t, "counters/b").Exists() {
		t.Errorf("got %v", err)
	}
}

// If the reply of a commit is lost, it is applied once, and the caller must read again.
func TestAWriteWhoseReplyIsLostIsAppliedOnce(t *testing.T) {
	t.Parallel()
	for _, fault := range []faults.Fault{faults.ReplyLost, faults.Twice} {
		t.Run(string(fault), func(t *testing.T) {
			t.Parallel()
			db := newCountedDB(t)
			ref := db.Doc("counters/a")
			db.fault["Commit"] = fault
			err := gcp.WriteUnchanged(t.Context(), db.Client, []gcp.Version{{Ref: ref}}, func(tx *firestore.Transaction) error {
				return tx.Set(ref, map[string]any{"N": firestore.Increment(1)}, firestore.MergeAll)
			})
			if err != nil && !errors.Is(err, gcp.ErrChanged) {
				t.Error(err)
			}
			var c counter
			if err := db.snapshot(t, "counters/a").DataTo(&c); err != nil || c.N != 1 {
				t.Errorf("the counter is %d, want 1; %v", c.N, err)
			}
		})
	}
}
