package assistantupdate_test

import (
	"context"
	"testing"
	"time"

	"cloud.google.com/go/firestore"

	"github.com/strongroom-dev/strongroom/shared/event"
	"github.com/strongroom-dev/strongroom/shared/issue"
	"github.com/strongroom-dev/strongroom/shared/outbox"
	"github.com/strongroom-dev/strongroom/shared/run"
)

// unpublished returns the entries of the workspace's tenant that a sweep would publish.
func (w *fixture) unpublished(t *testing.T) []string {
	t.Helper()
	docs, err := outbox.Pending(w.db, time.Now().AddDate(1, 0, 0)).Where("tenant", "==", string(w.ID)).Documents(t.Context()).GetAll()
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, doc := range docs {
		ids = append(ids, doc.Ref.ID)
	}
	return ids
}

// The commit that folds a run ends its event, so that no sweep publishes it again. The events
// of other runs stay pending.
func TestAFoldEndsTheEventsOfItsRuns(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	folded, other := runAt(0, run.Failure, "a"), runAt(1, run.Failure)
	folded.samples = map[string][]float64{"latency": {1}}
	other.task = "another-check"
	for _, r := range []reportedRun{folded, other} {
		w.storeReports(t, r)
		err := w.db.RunTransaction(t.Context(), func(_ context.Context, tx *firestore.Transaction) error {
			return outbox.NewRunEnded(w.ID, w.Workspace, r.id, time.Now()).Write(tx, w.db)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if ids := w.unpublished(t); len(ids) != 2 {
		t.Fatalf("before the fold, %v are pending", ids)
	}
	w.deliver(t, folded)
	if ids := w.unpublished(t); len(ids) != 1 || ids[0] != outbox.RunEnded+"-"+string(other.id) {
		t.Errorf("after the fold, %v are pending", ids)
	}
}

// naming returns the event of a run that names a check.
func (w *fixture) naming(r reportedRun, check string) event.Message {
	m := w.message(r.id)
	m.Attributes["check"] = check
	return m
}

// An event may name the check of its run, and is refused if it names another one.
func TestAnEventNamesTheCheckOfItsRun(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	stored, missing := runAt(0, run.Failure, "a"), runAt(1, run.Failure)
	w.storeReports(t, stored)
	check := w.checkRef().ID
	for name, m := range map[string]event.Message{
		"the name has another form": w.naming(stored, "dns-check"),
		"the run is of another one": w.naming(stored, string(issue.NewCheckID("another-check", resource))),
		"the run does not exist":    w.naming(missing, check),
	} {
		if err := w.updater.Handle(t.Context(), m); !event.IsPermanent(err) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	if err := w.updater.Handle(t.Context(), w.naming(stored, check)); err != nil {
		t.Fatal(err)
	}
	if n := w.check(t).Runs; n != 1 {
		t.Errorf("%d runs are folded", n)
	}
}
