package configs

import (
	"context"
	"fmt"
	"slices"

	"cloud.google.com/go/firestore"

	"github.com/strongroom-dev/strongroom/shared/access"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/bucket"
	"github.com/strongroom-dev/strongroom/shared/outbox"
	"github.com/strongroom-dev/strongroom/shared/records"
	"github.com/strongroom-dev/strongroom/shared/slx"
)

const packType = "application/x-git-packed-objects"

// move moves main from one commit to another.
type move struct {
	From, To string          // commits; From is the zero hash if there was no commit
	Digest   string          // of the tree of To
	Said     *slx.Collection // by the files of To
	Pack     pack            // has the new objects, and those of the packs that it replaces
	Review   review          // of the tree of To, as it was checked; zero: the tree is in effect already
	Replaces []pack          // the newest packs of the repository
	Bytes    int64           // of the new objects, decompressed
	Reset    bool            // the pack has all objects that To reaches; the older packs are dropped
}

// storePack creates the object of a pack.
func (h *Handler) storePack(ctx context.Context, s access.Session, p pack, data []byte) error {
	into, err := h.bucket(ctx, s)
	if err != nil {
		return err
	}
	return bucket.CreateNamedByHash(ctx, into.Object(p.object(s)), packType, data)
}

// moveMain moves main, in one transaction with the audit entry, an event, and what also writes.
// Its pack is stored already. It returns errMoved if main is not at m.From.
func (h *Handler) moveMain(ctx context.Context, s access.Session, prepared auditlog.Prepared, m move, also func(*firestore.Transaction) error) error {
	elements, err := h.stageElements(ctx, s, m.To, m.Said)
	if err != nil {
		return err
	}
	moved := outbox.NewConfigMoved(s.Tenant.ID, s.Workspace, m.To, h.deps.Now())
	err = prepared.Commit(ctx, s.DB, func(tx *firestore.Transaction) (acts bool, err error) {
		r, reviewed, err := readForMove(tx, s, m.Digest)
		switch {
		case err != nil:
			return false, err
		case r.Commit == m.To:
			return false, nil // the reply of an earlier commit was lost
		case zeroIfEmpty(r.Commit) != m.From, !slices.Equal(r.newest(len(m.Replaces)), m.Replaces):
			return false, errMoved
		case !m.Reset && reviewed != m.Review.version():
			return false, errReviewed
		}
		if err := elements.putInEffect(tx, r.elements(s)); err != nil {
			return false, err
		}
		if m.Reset {
			r.Packs, r.Bytes = nil, 0
		}
		r.Commit, r.Digest, r.Updated = m.To, m.Digest, h.deps.Now()
		r.RepublishAt = r.Updated.Add(records.RepublishConfigAfter)
		r.Packs, r.Bytes = append(r.Packs[:len(r.Packs)-len(m.Replaces)], m.Pack), r.Bytes+m.Bytes
		r.Elements, r.Omitted, r.Kinds = len(elements.refs), elements.omitted, elements.kinds
		if also != nil {
			if err := also(tx); err != nil {
				return false, err
			}
		}
		if err := tx.Set(repositoryRef(s), r); err != nil {
			return false, fmt.Errorf("write repository: %w", err)
		}
		return true, moved.Write(tx, s.DB)
	})
	if err == nil {
		h.publish(ctx, s, moved)
	}
	return err
}

var errReviewed = errPack("somebody has reviewed the tree meanwhile; push again")

// readForMove reads the repository, and which review of a tree is in effect.
func readForMove(tx *firestore.Transaction, s access.Session, digest string) (r repository, reviewed reviewVersion, err error) {
	docs, err := tx.GetAll([]*firestore.DocumentRef{repositoryRef(s), reviews(s).Doc(digest)})
	if err != nil {
		return repository{}, reviewVersion{}, fmt.Errorf("read repository: %w", err)
	}
	if docs[0].Exists() {
		if err := docs[0].DataTo(&r); err != nil {
			return repository{}, reviewVersion{}, fmt.Errorf("read repository: %w", err)
		}
	}
	if !docs[1].Exists() {
		return r, reviewVersion{}, nil
	}
	var v review
	if err := docs[1].DataTo(&v); err != nil {
		return repository{}, reviewVersion{}, fmt.Errorf("read review: %w", err)
	}
	return r, v.version(), nil
}
