package auditlog

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"cloud.google.com/go/firestore"

	"github.com/strongroom-dev/strongroom/shared/dataclass"
	"github.com/strongroom-dev/strongroom/shared/gcp"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// CosignaturesCollection is the name of the collection of cosignatures.
const CosignaturesCollection = "auditCosignatures"

// Cosignature is the newest cosignature of one witness.
type Cosignature struct {
	Witness    string    `firestore:"witness" class:"configuration"`  // verifier key
	Size       int64     `firestore:"size" class:"operational"`       // of the tree
	Time       time.Time `firestore:"time" class:"operational"`       // when the witness signed, by its own clock
	Checkpoint []byte    `firestore:"checkpoint" class:"operational"` // signed note with the platform's signatures only
	Line       string    `firestore:"line" class:"operational"`       // the witness's signature: a line of a signed note
}

var _ = dataclass.Stored[Cosignature]("tenants/{tenant}/auditCosignatures/{witness}")

// ErrOlderCheckpoint is the error of a cosignature of a tree that is smaller than
// one that the witness has cosigned already.
var ErrOlderCheckpoint = errors.New("the witness has cosigned a larger checkpoint")

// cosignatureRef returns the reference of a witness's cosignature. Its ID is a
// hash, because a verifier key has slashes.
func cosignatureRef(db *firestore.Client, t tenant.ID, witness string) *firestore.DocumentRef {
	sum := sha256.Sum256([]byte(witness))
	return collection(db, t).Parent.Collection(CosignaturesCollection).Doc(hex.EncodeToString(sum[:16]))
}

// ReadCosignatures reads the newest cosignature of each witness that has one.
// witnesses are verifier keys.
func ReadCosignatures(ctx context.Context, db *firestore.Client, t tenant.ID, witnesses []string) ([]Cosignature, error) {
	docs, err := db.GetAll(ctx, cosignatureRefs(db, t, witnesses))
	if err != nil {
		return nil, fmt.Errorf("read cosignatures: %w", err)
	}
	return decodeCosignatures(docs)
}

func cosignatureRefs(db *firestore.Client, t tenant.ID, witnesses []string) []*firestore.DocumentRef {
	refs := make([]*firestore.DocumentRef, len(witnesses))
	for i, w := range witnesses {
		refs[i] = cosignatureRef(db, t, w)
	}
	return refs
}

// decodeCosignatures skips documents that do not exist.
func decodeCosignatures(docs []*firestore.DocumentSnapshot) ([]Cosignature, error) {
	var all []Cosignature
	for _, doc := range docs {
		if !doc.Exists() {
			continue
		}
		var c Cosignature
		if err := doc.DataTo(&c); err != nil {
			return nil, fmt.Errorf("read cosignature: %w", err)
		}
		all = append(all, c)
	}
	return all, nil
}

// SaveCosignatures stores cosignatures of one tree in place of older ones, in one
// transaction. The cosignature of a witness never goes back to a smaller tree, or
// to an earlier time of the same tree. If every witness has already cosigned a
// larger tree, SaveCosignatures returns ErrOlderCheckpoint.
func SaveCosignatures(ctx context.Context, db *firestore.Client, t tenant.ID, cosignatures []Cosignature) error {
	witnesses := make([]string, len(cosignatures))
	for i, c := range cosignatures {
		witnesses[i] = c.Witness
	}
	return gcp.Transact(ctx, db, func(_ context.Context, tx *firestore.Transaction) error {
		docs, err := tx.GetAll(cosignatureRefs(db, t, witnesses))
		if err != nil {
			return fmt.Errorf("read cosignatures: %w", err)
		}
		stored, err := decodeCosignatures(docs)
		if err != nil {
			return err
		}
		newest := map[string]Cosignature{}
		for _, c := range stored {
			newest[c.Witness] = c
		}
		older := 0
		for _, c := range cosignatures {
			switch before := newest[c.Witness]; {
			case c.Size < before.Size:
				older++
				continue
			case c.Size == before.Size && !c.Time.After(before.Time):
				continue
			}
			if err := tx.Set(cosignatureRef(db, t, c.Witness), c); err != nil {
				return fmt.Errorf("write cosignature: %w", err)
			}
		}
		if older == len(cosignatures) {
			return ErrOlderCheckpoint
		}
		return nil
	})
}
