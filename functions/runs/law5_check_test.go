package runs_test

import (
	"encoding/json"
	"path"
	"sync"
	"testing"
	"time"

	"cloud.google.com/go/firestore"

	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/gcp"
	"github.com/strongroom-dev/strongroom/shared/outbox"
	"github.com/strongroom-dev/strongroom/shared/records"
	"github.com/strongroom-dev/strongroom/shared/run"
)

func encoded(body fields) []byte {
	text, _ := json.Marshal(body) // texts, numbers and times always encode
	return text
}

var startText, reportText = encoded(aStart), encoded(aReport)

// facts is what is stored about one run.
type facts struct {
	ended, started, checked                   bool
	sightings, named, series, audit, messages int
}

// facts reads what is stored about every run.
func (w *faultyCloud) facts(t *testing.T) map[string]facts {
	t.Helper()
	db := database(t, w.Cloud)
	all := map[string]facts{}
	each := func(query firestore.Query, add func(*firestore.DocumentSnapshot)) {
		docs, err := query.Documents(t.Context()).GetAll()
		if err != nil {
			t.Fatal(err)
		}
		for _, doc := range docs {
			add(doc)
		}
	}
	each(db.CollectionGroup(records.RunsCollection).Query, func(doc *firestore.DocumentSnapshot) {
		r, err := records.DecodeRun(doc)
		if err != nil {
			t.Fatal(err)
		}
		f := all[doc.Ref.ID]
		f.ended, f.started, f.checked = r.State == run.Ended, r.Start.Known(), r.Check != ""
		all[doc.Ref.ID] = f
	})
	each(db.CollectionGroup(records.SightingsCollection).Query, func(doc *firestore.DocumentSnapshot) {
		id := doc.Ref.Parent.Parent.ID
		f := all[id]
		f.sightings++
		if doc.Data()["task"] == "dns-check" {
			f.named++
		}
		all[id] = f
	})
	each(db.CollectionGroup("series").Query, func(doc *firestore.DocumentSnapshot) {
		id, _ := doc.Data()["run"].(string)
		f := all[id]
		f.series++
		all[id] = f
	})
	w.countAuditEntries(t, db, all)
	for id, n := range w.published {
		f := all[id]
		f.messages = n
		all[id] = f
	}
	return all
}

func (w *faultyCloud) countAuditEntries(t *testing.T, db *firestore.Client, all map[string]facts) {
	t.Helper()
	log, err := auditlog.OpenReader(t.Context(), auditConfig, w.Operator, w.Clock.Now)
	if err != nil {
		t.Fatal(err)
	}
	for e, err := range log.Entries(t.Context(), db, w.tenant.ID) {
		if err != nil {
			t.Fatal(err)
		}
		id := path.Base(e.Resource)
		f := all[id]
		f.audit++
		all[id] = f
	}
}

// drain publishes all outbox entries, without faults.
func (w *faultyCloud) drain(t *testing.T) {
	t.Helper()
	db := database(t, w.Cloud)
	clients := gcp.NewClients(w.As("fn-sweep@strongroom-local.iam.gserviceaccount.com"))
	t.Cleanup(func() { _ = clients.Close() })
	publisher := outbox.NewPublisher(clients)
	for {
		docs, err := outbox.Pending(db, w.Clock.Now().Add(time.Hour)).Limit(outbox.MaxPage).Documents(t.Context()).GetAll()
		if err != nil {
			t.Fatal(err)
		}
		if len(docs) == 0 {
			return
		}
		if _, err := publisher.Relay(t.Context(), db, docs); err != nil {
			t.Fatal(err)
		}
	}
}

// check compares what is stored about a history's run with what was acknowledged.
// What was not acknowledged is stored completely or not at all.
func (h *history) check(f facts, acknowledged bool) {
	complete := f.ended && f.started
	want := facts{ended: f.ended, started: f.started, checked: complete}
	if f.ended {
		want.sightings, want.series = 2, 2
		want.audit++
	}
	if f.started {
		want.audit++
	}
	if complete {
		want.named, want.messages = 2, max(f.messages, 1)
	}
	if f != want || acknowledged && !complete {
		h.t.Errorf("%s: acknowledged %v, stored %+v, want %+v", h, acknowledged, f, want)
	}
}

// concurrency is how many histories play at the same time. They spend most of
// their time waiting for a retry.
const concurrency = 100

// run plays histories concurrently, and checks them.
func (w *faultyCloud) run(t *testing.T, all []*history) {
	acknowledged := make([]bool, len(all))
	slots := make(chan struct{}, concurrency)
	var work sync.WaitGroup
	for i, h := range all {
		slots <- struct{}{}
		work.Go(func() {
			defer func() { <-slots }()
			acknowledged[i] = h.play()
		})
	}
	work.Wait()
	w.drain(t)
	stored := w.facts(t)
	for i, h := range all {
		h.check(stored[h.run], acknowledged[i])
		if h.maxAttempts > 5 && !acknowledged[i] {
			t.Errorf("%s: never acknowledged", h)
		}
	}
}
