package assistantupdate

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"cloud.google.com/go/firestore"

	"github.com/strongroom-dev/strongroom/shared/issue"
	"github.com/strongroom-dev/strongroom/shared/outbox"
	"github.com/strongroom-dev/strongroom/shared/records"
	"github.com/strongroom-dev/strongroom/shared/run"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// An event occupies one of a few slots in which Pub/Sub delivers to a process. A
// check with many runs is written only about once a second, so its events must not
// all wait in a slot. One event of a check leads: it folds all pending runs of the
// check. The others are acknowledged at once. Their runs stay pending, and the
// leader's event is not acknowledged before none is pending, so nothing is lost if
// the process ends.

// leadTimeout bounds the time of a leader. It is less than the ack deadline of a
// minute: after that, Pub/Sub delivers the leader's event again, and it would be
// acknowledged because its check has a leader.
const leadTimeout = 50 * time.Second

// The events of one process that may wait at the same time. An event beyond that is
// delivered again after Pub/Sub's backoff. It leaves slots for events that need not
// wait: the embedded cloud has 16, and a deployed instance has more.
const (
	maxWaiting         = 8
	maxWaitingOfTenant = 4
)

var (
	// errManyWaiting is the error of an event that would have to wait while too many
	// others do.
	errManyWaiting = errors.New("too many events wait; Pub/Sub delivers this one again")
	// errMorePending is the error of a leader whose time is over before all runs of
	// its check are folded.
	errMorePending = errors.New("more runs of the check are pending")
)

// leads has the checks that this process folds now, and counts the events that wait.
type leads struct {
	mu       sync.Mutex
	leaders  map[string]*leader // by the check's path
	waiting  int
	ofTenant map[tenant.ID]int // the waiting events
}

// leader is the event that folds a check.
type leader struct {
	leads *leads
	check string
	asked bool // another event of the check arrived after the leader last looked for pending runs
}

func newLeads() *leads {
	return &leads{leaders: map[string]*leader{}, ofTenant: map[tenant.ID]int{}}
}

// begin makes the caller the leader of a check. It returns nil if the check has a
// leader. That leader looks for pending runs once more before it ends.
func (l *leads) begin(check string) *leader {
	l.mu.Lock()
	defer l.mu.Unlock()
	if other := l.leaders[check]; other != nil {
		other.asked = true
		return nil
	}
	l.leaders[check] = &leader{leads: l, check: check}
	return l.leaders[check]
}

// beginSearch is called before the leader looks for pending runs.
func (l *leader) beginSearch() {
	l.leads.mu.Lock()
	defer l.leads.mu.Unlock()
	l.asked = false
}

// end ends a lead that found no pending runs. It reports false if another event has
// relied on the leader since.
func (l *leader) end() bool {
	l.leads.mu.Lock()
	defer l.leads.mu.Unlock()
	if l.asked {
		return false
	}
	l.remove()
	return true
}

// release ends the lead, if it has not ended.
func (l *leader) release() {
	l.leads.mu.Lock()
	defer l.leads.mu.Unlock()
	l.remove()
}

func (l *leader) remove() {
	if l.leads.leaders[l.check] == l {
		delete(l.leads.leaders, l.check)
	}
}

// wait reserves the right to wait for an event of a tenant. It returns
// errManyWaiting if too many events wait. Otherwise, the caller calls done after it
// has waited.
func (l *leads) wait(t tenant.ID) (done func(), err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.waiting >= maxWaiting || l.ofTenant[t] >= maxWaitingOfTenant {
		return nil, errManyWaiting
	}
	l.waiting++
	l.ofTenant[t]++
	return func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.waiting--
		if l.ofTenant[t]--; l.ofTenant[t] == 0 {
			delete(l.ofTenant, t)
		}
	}, nil
}

// lead folds the pending runs of a check until none is left. ended is the run of the event, as
// for fold. If its time is over before that, it publishes the event of one of the
// runs, which continues after the events that are queued by then.
func (w *workspace) lead(ctx context.Context, l *leader, id issue.CheckID, ended run.ID) error {
	ctx, cancel := context.WithTimeout(ctx, leadTimeout)
	defer cancel()
	err := w.foldAll(ctx, l, id, ended)
	if errors.Is(err, errMorePending) {
		return w.handOver(ctx, l, id)
	}
	return err
}

func (w *workspace) foldAll(ctx context.Context, l *leader, id issue.CheckID, ended run.ID) error {
	pacer := w.newPacer()
	for began := w.clock.now(); ; {
		l.beginSearch()
		folded, err := w.fold(ctx, id, ended)
		if err == nil && !folded.more && l.end() {
			return nil
		}
		if err == nil && folded.more && w.clock.now().Sub(began) > maxWait {
			return errMorePending
		}
		if err := pacer.wait(ctx, err); errors.Is(err, errBusy) {
			return errMorePending
		} else if err != nil {
			return err
		}
	}
}

// handOver publishes the event of a pending run of the check. If none is pending any
// more but another event has relied on the leader since, it returns errBusy.
func (w *workspace) handOver(ctx context.Context, l *leader, id issue.CheckID) error {
	l.beginSearch()
	pending, err := w.pendingRunIDs(ctx, id)
	if err == nil && len(pending) == 0 && !l.end() {
		err = errBusy
	}
	if err != nil || len(pending) == 0 {
		return err
	}
	l.release() // otherwise the event could be delivered here, and rely on this leader
	next := outbox.NewRunEnded(w.tenant, w.id, pending[0], w.clock.now())
	next.Check = string(id)
	if err := w.publisher.Repeat(ctx, next); err != nil {
		return fmt.Errorf("hand over the check: %w", err)
	}
	return nil
}

// pendingRunIDs returns the ID of the oldest pending run of a check, or none.
func (w *workspace) pendingRunIDs(ctx context.Context, id issue.CheckID) ([]run.ID, error) {
	docs, err := w.pendingRuns(id).Select().Limit(1).Documents(ctx).GetAll()
	if err != nil {
		return nil, fmt.Errorf("find pending runs: %w", err)
	}
	ids := make([]run.ID, len(docs))
	for i, doc := range docs {
		ids[i] = run.ID(doc.Ref.ID)
	}
	return ids, nil
}

// pendingRuns finds the pending runs of a check, oldest start first.
func (w *workspace) pendingRuns(id issue.CheckID) firestore.Query {
	return w.collection(records.RunsCollection).
		Where("check", "==", string(id)).Where("pending", "==", true).OrderBy("start.time", firestore.Asc)
}
