package custody

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	"cloud.google.com/go/firestore"

	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/grant"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// suspect is the record of an object that is not served and not moved. It
// lies at tenants/{t}/quarantine/{hash of object and generation}: object names
// are any text.
type suspect struct {
	Bucket     string    `firestore:"bucket"`
	Object     string    `firestore:"object"`
	Generation int64     `firestore:"generation"`
	Size       int64     `firestore:"size"`
	Reason     string    `firestore:"reason"`
	Found      time.Time `firestore:"found"`
}

// quarantine records the object once, with its audit entry, and marks its
// grant unless that one has another generation in custody.
func (h *Handler) quarantine(ctx context.Context, db *firestore.Client, t tenant.Record, o notified, reason string, ref *firestore.DocumentRef) error {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s#%d", o.name, o.Generation))
	id := hex.EncodeToString(sum[:])
	at := db.Collection("tenants").Doc(string(t.ID)).Collection("quarantine").Doc(id)
	entry, err := h.audit.Prepare(ctx, db, auditlog.Entry{
		Tenant: t.ID, Actor: auditlog.Actor{Subject: "custody"}, Action: auditlog.QuarantineObject,
		Outcome: auditlog.Done, Reason: reason, Resource: "quarantine/" + id,
		Counts: map[string]int64{"generation": o.Generation, "size": o.Size},
	})
	if err != nil {
		return err
	}
	return db.RunTransaction(ctx, func(_ context.Context, tx *firestore.Transaction) error {
		known, err := tx.GetAll([]*firestore.DocumentRef{at})
		if err != nil {
			return fmt.Errorf("read quarantine: %w", err)
		}
		if known[0].Exists() {
			return nil
		}
		if reason == reasonUnlike {
			if err := mark(tx, ref, o.Finalized); err != nil {
				return err
			}
		}
		err = tx.Create(at, suspect{o.bucket, o.name, o.Generation, o.Size, reason, h.deps.Now()})
		if err != nil {
			return err
		}
		return entry.Write(tx)
	})
}

// mark moves a grant to quarantined, unless it got what it allows meanwhile.
func mark(tx *firestore.Transaction, ref *firestore.DocumentRef, f grant.Finalized) error {
	g, err := read(tx, ref)
	if err != nil || g.State == grant.Stored || g.State == "" {
		return err
	}
	g.State, g.Stored = grant.Quarantined, &f
	return tx.Set(ref, g)
}
