package sweep_test

import (
	"testing"
	"time"

	"cloud.google.com/go/firestore"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/shared/records"
)

// graphCommit returns the commit of a workspace's graph.
func (f fixture) graphCommit(t *testing.T, tn *cloudtest.Tenant) any {
	t.Helper()
	doc, err := records.ConfigGraphRef(f.db, tn.ID, tn.Workspace).Get(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return doc.Data()["commit"]
}

// loseEvent makes the configuration's graph one of an earlier commit, as if the event of the
// newest push had become a dead letter.
func (f fixture) loseEvent(t *testing.T, tn *cloudtest.Tenant, earlier any) {
	t.Helper()
	change := func(ref *firestore.DocumentRef, path string, value any) {
		if _, err := ref.Update(t.Context(), []firestore.Update{{Path: path, Value: value}}); err != nil {
			t.Fatal(err)
		}
	}
	change(records.ConfigGraphRef(f.db, tn.ID, tn.Workspace), "commit", earlier)
	change(records.ConfigRef(f.db, tn.ID, tn.Workspace), records.RepublishConfigAt, f.Clock.Now().Add(records.RepublishConfigAfter))
}

func TestTheEventOfAConfigurationThatWasLostIsRepublished(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	lost, healthy := f.Tenant(t), f.Tenant(t)
	healthy.PushConfig(t, healthy.Workspace, cloudtest.SLX("healthy"))
	lost.PushConfig(t, lost.Workspace, cloudtest.SLX("before"))
	f.Drain(t)
	before := f.graphCommit(t, lost)
	lost.PushConfig(t, lost.Workspace, cloudtest.SLX("after"))
	f.Drain(t)
	after := lost.MainOf(t, lost.Workspace)
	f.loseEvent(t, lost, before)
	f.Clock.Advance(records.RepublishConfigAfter - time.Minute)
	if got := f.sweep(t); got.Configs != 0 {
		t.Errorf("republished %d while Pub/Sub may still try", got.Configs)
	}
	f.Clock.Advance(2 * time.Minute)
	if got := f.sweep(t); got.Configs != 1 {
		t.Errorf("republished %d, want 1", got.Configs)
	}
	if got := f.sweep(t); got.Configs != 0 {
		t.Errorf("republished %d again at once", got.Configs)
	}
	f.Clock.Advance(time.Minute)
	if got := f.sweep(t); got.Published == 0 {
		t.Errorf("the event is not published: %+v", got)
	}
	f.Drain(t)
	if got := f.graphCommit(t, lost); got != after {
		t.Errorf("the graph is of %v, want %s", got, after)
	}
	f.Clock.Advance(2 * records.RepublishConfigAfter)
	if got := f.sweep(t); got.Configs != 0 {
		t.Errorf("republished %d after the graph was made", got.Configs)
	}
}

// A configuration whose graph is of the commit in effect is not checked again.
func TestAConfigurationIsCheckedOnceIfItsGraphIsComplete(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	tn := f.Tenant(t)
	tn.PushConfig(t, tn.Workspace, cloudtest.SLX("a"))
	f.Drain(t)
	due := func() bool {
		doc, err := records.ConfigRef(f.db, tn.ID, tn.Workspace).Get(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		_, err = doc.DataAt(records.RepublishConfigAt)
		return err == nil
	}
	if due() {
		t.Error("the graph is complete, and the configuration is checked")
	}
	f.loseEvent(t, tn, f.graphCommit(t, tn)) // nothing is lost
	f.Clock.Advance(2 * records.RepublishConfigAfter)
	if got := f.sweep(t); got.Configs != 0 || due() {
		t.Errorf("%+v; checked again: %t", got, due())
	}
}
