package auditlog

import (
	"context"
	"fmt"
	"time"

	"cloud.google.com/go/firestore"

	"github.com/strongroom-dev/strongroom/shared/dataclass"
	"github.com/strongroom-dev/strongroom/shared/gcp"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// Delivery is how far a tenant's log is delivered to the tenant's own Pub/Sub
// topic. The zero Delivery has delivered nothing.
type Delivery struct {
	Next        int64     `firestore:"next" class:"operational"`        // index of the first entry that is not delivered
	Delivered   time.Time `firestore:"delivered" class:"operational"`   // when entries were last delivered; zero: never
	BehindSince time.Time `firestore:"behindSince" class:"operational"` // since when published entries wait; zero: none waits
	Refused     string    `firestore:"refused" class:"operational"`     // gRPC code with which the topic refuses messages, such as PermissionDenied; empty: it takes them
	RetryAt     time.Time `firestore:"retryAt" class:"operational"`     // a topic that refuses is not tried before this time
}

var _ = dataclass.Stored[Delivery]("tenants/{tenant}/auditDelivery/state")

// DeliveryRef returns the reference of the state of a tenant's delivery.
func DeliveryRef(db *firestore.Client, t tenant.ID) *firestore.DocumentRef {
	return collection(db, t).Parent.Collection("auditDelivery").Doc("state")
}

// ReadDelivery reads the state of a tenant's delivery and of its tree, in one call.
func ReadDelivery(ctx context.Context, db *firestore.Client, t tenant.ID) (Delivery, Tree, error) {
	docs, err := db.GetAll(ctx, []*firestore.DocumentRef{DeliveryRef(db, t), TreeRef(db, t)})
	if err != nil {
		return Delivery{}, Tree{}, fmt.Errorf("read audit delivery: %w", err)
	}
	delivery, err := decodeDelivery(docs[0])
	if err != nil {
		return Delivery{}, Tree{}, err
	}
	tree, err := decodeTree(docs[1])
	return delivery, tree, err
}

func decodeDelivery(doc *firestore.DocumentSnapshot) (Delivery, error) {
	var d Delivery
	if !doc.Exists() {
		return d, nil
	}
	if err := doc.DataTo(&d); err != nil {
		return Delivery{}, fmt.Errorf("read audit delivery: %w", err)
	}
	return d, nil
}

// SaveDelivery writes the state of a tenant's delivery, unless another process has
// delivered more: Next never becomes smaller.
func SaveDelivery(ctx context.Context, db *firestore.Client, t tenant.ID, next Delivery) error {
	return gcp.Transact(ctx, db, func(_ context.Context, tx *firestore.Transaction) error {
		docs, err := tx.GetAll([]*firestore.DocumentRef{DeliveryRef(db, t)})
		if err != nil {
			return fmt.Errorf("read audit delivery: %w", err)
		}
		saved, err := decodeDelivery(docs[0])
		if err != nil || saved.Next > next.Next {
			return err
		}
		if err := tx.Set(docs[0].Ref, next); err != nil {
			return fmt.Errorf("write audit delivery: %w", err)
		}
		return nil
	})
}
