package configs

import (
	"context"
	"fmt"
	"time"

	"cloud.google.com/go/firestore"
	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/strongroom-dev/strongroom/shared/access"
	"github.com/strongroom-dev/strongroom/shared/api"
	"github.com/strongroom-dev/strongroom/shared/outbox"
	"github.com/strongroom-dev/strongroom/shared/records"
	"github.com/strongroom-dev/strongroom/shared/slx"
)

// stagedElements are the elements of a commit that is not in effect yet. Firestore deletes
// them if it never is.
type stagedElements struct {
	refs    []*firestore.DocumentRef
	omitted int64
	kinds   map[string]int64 // number of documents of each kind
	expires time.Time        // of elements that are not in effect
}

// stageElements stores what the files of a commit say, sealed, before main moves. So they
// are complete as soon as the commit is in effect, whatever crashes. It changes nothing
// that an earlier try of the same push has stored, because that push may be in effect by
// now.
func (h *Handler) stageElements(ctx context.Context, s access.Session, commit string, said *slx.Collection) (stagedElements, error) {
	owner, err := h.keys.Of(ctx, s.Tenant, s.DB)
	if err != nil {
		return stagedElements{}, err
	}
	parts := slx.Parts(said.Elements)
	staged := stagedElements{
		refs:    records.ConfigElementsRefs(s.DB, s.Tenant.ID, s.Workspace, commit, len(parts)),
		omitted: said.Omitted, kinds: said.Kinds, expires: h.deps.Now().Add(records.KeepReplacedConfig),
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(maxConcurrentWrites)
	for i, part := range parts {
		group.Go(func() error {
			sealed, err := records.SealConfig(ctx, owner.Seal, staged.refs[i], part)
			if err != nil {
				return locked(err)
			}
			_, err = staged.refs[i].Create(ctx, records.ConfigElements{Elements: sealed, Expires: staged.expires})
			if err != nil && status.Code(err) != codes.AlreadyExists {
				return fmt.Errorf("store elements: %w", err)
			}
			return nil
		})
	}
	return staged, group.Wait()
}

// maxConcurrentWrites limits how many parts of elements are stored at a time.
const maxConcurrentWrites = 4

// putInEffect keeps the staged elements, and lets replaced ones expire. It fails if a
// staged part has expired meanwhile; the push is then sent again.
func (e stagedElements) putInEffect(tx *firestore.Transaction, replaced []*firestore.DocumentRef) error {
	for _, ref := range e.refs {
		if err := tx.Update(ref, []firestore.Update{{Path: "expires", Value: firestore.Delete}}); err != nil {
			return fmt.Errorf("keep elements: %w", err)
		}
	}
	for _, ref := range replaced {
		if err := tx.Update(ref, []firestore.Update{{Path: "expires", Value: e.expires}}); err != nil {
			return fmt.Errorf("replace elements: %w", err)
		}
	}
	return nil
}

// publish publishes the event of a push that is in effect. After an error, sweep publishes
// it.
func (h *Handler) publish(ctx context.Context, s access.Session, e outbox.Entry) {
	if err := h.publisher.Publish(context.WithoutCancel(ctx), s.DB, e); err != nil {
		api.Logger(ctx).WarnContext(ctx, "outbox publish deferred", "error", err.Error())
	}
}
