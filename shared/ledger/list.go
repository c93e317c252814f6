package ledger

import (
	"context"
	"errors"
	"fmt"
	"time"

	"cloud.google.com/go/firestore"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/strongroom-dev/strongroom/shared/consent"
	"github.com/strongroom-dev/strongroom/shared/keys"
)

// ErrNotFound is the error of a request that is not on the ledger, or is not stored.
var ErrNotFound = errors.New("no such request")

// Listed is a request of a list.
type Listed struct {
	ID string
	Send
}

// Position is that of the last request of a page.
type Position struct {
	Time int64  `json:"t"` // microseconds since 1970
	ID   string `json:"i"`
}

// List lists requests after a position, newest first. An empty feature selects all.
func (h Home) List(ctx context.Context, f consent.Feature, after Position, limit int) ([]Listed, error) {
	query := h.Sends().OrderBy("time", firestore.Desc).OrderBy(firestore.DocumentID, firestore.Desc)
	if f != "" {
		query = h.Sends().Where("feature", "==", f).OrderBy("time", firestore.Desc).OrderBy(firestore.DocumentID, firestore.Desc)
	}
	if after != (Position{}) {
		query = query.StartAfter(time.UnixMicro(after.Time), after.ID)
	}
	docs, err := query.Limit(limit).Documents(ctx).GetAll()
	if err != nil {
		return nil, fmt.Errorf("list model sends: %w", err)
	}
	all := make([]Listed, len(docs))
	for i, doc := range docs {
		all[i].ID = doc.Ref.ID
		if err := doc.DataTo(&all[i].Send); err != nil {
			return nil, fmt.Errorf("read model send: %w", err)
		}
	}
	return all, nil
}

// Get reads a request. It returns ErrNotFound if none exists.
func (h Home) Get(ctx context.Context, id string) (Listed, error) {
	doc, err := h.Sends().Doc(id).Get(ctx)
	if status.Code(err) == codes.NotFound {
		return Listed{}, ErrNotFound
	}
	if err != nil {
		return Listed{}, fmt.Errorf("read model send: %w", err)
	}
	all := Listed{ID: id}
	if err := doc.DataTo(&all.Send); err != nil {
		return Listed{}, fmt.Errorf("read model send: %w", err)
	}
	return all, nil
}

// Request returns the exact body of a request. It returns ErrNotFound if it is not
// stored, or not any more.
func (h Home) Request(ctx context.Context, id string, now time.Time, sealer *keys.Sealer) ([]byte, error) {
	ref := h.requestRef(id)
	doc, err := ref.Get(ctx)
	if status.Code(err) == codes.NotFound {
		return nil, ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("read model request: %w", err)
	}
	var stored storedRequest
	if err := doc.DataTo(&stored); err != nil {
		return nil, fmt.Errorf("read model request: %w", err)
	}
	if !now.Before(stored.Until) && !now.Before(stored.HeldUntil) {
		return nil, ErrNotFound
	}
	return sealer.Open(ctx, stored.Request, []byte(keys.RelativePath(ref)))
}
