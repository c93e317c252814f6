package custody

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	"cloud.google.com/go/firestore"

	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/dataclass"
	"github.com/strongroom-dev/strongroom/shared/grant"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// quarantinedObject is the record of an object that is never served or moved. Its
// document is tenants/{t}/quarantine/{hash of object and generation}, because an
// object name can be any text and not every text is a valid document ID.
type quarantinedObject struct {
	Bucket     string    `firestore:"bucket" class:"operational"`
	Object     string    `firestore:"object" class:"operational"`
	Generation int64     `firestore:"generation" class:"operational"`
	Size       int64     `firestore:"size" class:"operational"`
	Reason     string    `firestore:"reason" class:"operational"`
	Found      time.Time `firestore:"found" class:"operational"`
}

var _ = dataclass.Stored[quarantinedObject]("tenants/{tenant}/quarantine/{object}")

// quarantine records the object once, with its audit entry. If the object does not
// match its grant at grantRef, the grant becomes quarantined too.
func (h *Handler) quarantine(ctx context.Context, db *firestore.Client, t tenant.Record, o finalizedObject, reason string, grantRef *firestore.DocumentRef) error {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s#%d", o.name, o.Generation))
	id := hex.EncodeToString(sum[:])
	recordRef := db.Collection("tenants").Doc(string(t.ID)).Collection("quarantine").Doc(id)
	entry, err := h.audit.Prepare(ctx, db, auditlog.Entry{
		Tenant: t.ID, Actor: auditlog.Actor{Subject: "custody"}, Action: auditlog.QuarantineObject,
		Outcome: auditlog.Done, Reason: reason, Resource: "quarantine/" + id,
		Counts: map[string]int64{"generation": o.Generation, "size": o.Size},
	})
	if err != nil {
		return err
	}
	return db.RunTransaction(ctx, func(_ context.Context, tx *firestore.Transaction) error {
		existing, err := tx.GetAll([]*firestore.DocumentRef{recordRef})
		if err != nil {
			return fmt.Errorf("read quarantine: %w", err)
		}
		if existing[0].Exists() {
			return nil
		}
		if reason == reasonMismatch || reason == reasonMetadata {
			if err := markQuarantined(tx, grantRef, o.Finalized); err != nil {
				return err
			}
		}
		err = tx.Create(recordRef, quarantinedObject{
			Bucket: o.bucket, Object: o.name, Generation: o.Generation,
			Size: o.Size, Reason: reason, Found: h.deps.Now(),
		})
		if err != nil {
			return err
		}
		return entry.Write(tx)
	})
}

// markQuarantined marks a grant as quarantined, unless a matching object was
// stored in the meantime.
func markQuarantined(tx *firestore.Transaction, ref *firestore.DocumentRef, f grant.Finalized) error {
	g, err := readGrant(tx, ref)
	if err != nil || g.State == grant.Stored || g.State == "" {
		return err
	}
	before := g.State
	g.State, g.Stored = grant.Quarantined, &f
	return setGrant(tx, ref, g, before)
}
