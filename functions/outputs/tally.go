package outputs

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"

	"cloud.google.com/go/firestore"

	"github.com/strongroom-dev/strongroom/shared/access"
	"github.com/strongroom-dev/strongroom/shared/api"
	"github.com/strongroom-dev/strongroom/shared/gcp"
	"github.com/strongroom-dev/strongroom/shared/records"
)

// reservation is the number of bytes that an instance reserves at once in the
// document of a view. It writes the document once for each reservation.
const reservation = 64 << 20

// maxTallies limits the views that an instance counts for at once.
const maxTallies = 10000

// tallies count what this instance sends, for each view. They are safe for concurrent
// use.
type tallies struct {
	mu    sync.Mutex
	views map[string]*tally
}

// tally is what this instance sent for one view.
type tally struct {
	mu       sync.Mutex
	sent     int64 // including what requests that are being served may still send
	reserved int64
	expires  int64
}

// of returns the tally of a view. It is nil if the instance counts for too many.
func (ts *tallies) of(t viewToken, now time.Time) *tally {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	if found := ts.views[t.ID]; found != nil {
		return found
	}
	if len(ts.views) >= maxTallies {
		for id, other := range ts.views {
			if other.expires <= now.Unix() {
				delete(ts.views, id)
			}
		}
	}
	if len(ts.views) >= maxTallies {
		return nil
	}
	if ts.views == nil {
		ts.views = map[string]*tally{}
	}
	ts.views[t.ID] = &tally{expires: t.Expires}
	return ts.views[t.ID]
}

// end removes the tally of a view.
func (ts *tallies) end(id string) {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	delete(ts.views, id)
}

// sent returns what this instance sent for a view.
func (ts *tallies) sent(id string) (sent int64, ok bool) {
	ts.mu.Lock()
	found := ts.views[id]
	ts.mu.Unlock()
	if found == nil {
		return 0, false
	}
	found.mu.Lock()
	defer found.mu.Unlock()
	return found.sent, true
}

// reserve makes sure that the document of the view has n more bytes than were sent,
// before they are sent. The function that it returns takes back what was not sent.
func (h *Handler) reserve(ctx context.Context, t viewToken, n int64) (sent func(int64), err error) {
	counted := h.tallies.of(t, h.deps.Now())
	if counted == nil {
		return nil, api.Refuse(http.StatusServiceUnavailable, "too many views are open; try again").With("Retry-After", "5")
	}
	counted.mu.Lock()
	defer counted.mu.Unlock()
	if counted.sent+n > counted.reserved || counted.reserved == 0 {
		reserved := counted.sent + n + reservation
		if err := h.writeReservation(ctx, t, counted.sent, reserved); err != nil {
			return nil, err
		}
		counted.reserved = reserved
	}
	counted.sent += n
	return func(sent int64) {
		counted.mu.Lock()
		defer counted.mu.Unlock()
		counted.sent -= n - sent
	}, nil
}

// writeReservation writes what this instance sent and reserved. The error has status
// 410 if the view has ended.
func (h *Handler) writeReservation(ctx context.Context, t viewToken, sent, reserved int64) error {
	s := access.From(ctx)
	ref := records.ViewRef(s.DB, s.Tenant.ID, s.Workspace, t.ID)
	return gcp.Transact(ctx, s.DB, func(_ context.Context, tx *firestore.Transaction) error {
		docs, err := tx.GetAll([]*firestore.DocumentRef{ref})
		if err != nil {
			return fmt.Errorf("read view: %w", err)
		}
		if open, _ := docs[0].DataAt("open"); open != true {
			return api.Refuse(http.StatusGone, api.ViewEndedText)
		}
		return tx.Update(ref, []firestore.Update{
			{FieldPath: firestore.FieldPath{"sent", h.instance}, Value: sent},
			{FieldPath: firestore.FieldPath{"reserved", h.instance}, Value: reserved},
		})
	})
}

// reserve reserves the bytes of a response under a view. Without a view, it does
// nothing: the audit log has an entry for each read.
func (v *view) reserve(ctx context.Context, n int64) (err error) {
	if v.index.under != nil {
		v.settle, err = v.handler.reserve(ctx, *v.index.under, n+v.scanned)
	}
	return err
}

// settleReservation takes back what a request reserved and did not send.
func (v *view) settleReservation(sent int64) {
	if v.settle != nil {
		v.settle(sent + v.scanned)
	}
}
