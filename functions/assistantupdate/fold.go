package assistantupdate

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"cloud.google.com/go/firestore"
	"golang.org/x/sync/singleflight"

	"github.com/strongroom-dev/strongroom/shared/issue"
	"github.com/strongroom-dev/strongroom/shared/keys"
	"github.com/strongroom-dev/strongroom/shared/records"
	"github.com/strongroom-dev/strongroom/shared/run"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// The bounds of one fold. A commit may have 10 MiB:
// firebase.google.com/docs/firestore/quotas. A report may have 8 MiB, so one
// run alone fits.
const (
	maxRuns  = 25      // of the check
	maxSeen  = 200     // issues that they saw; one run may see that many
	maxOther = 100     // issues that they did not find
	maxText  = 8 << 20 // bytes of text, unless one run alone has more
)

// errTooMuch is the fault of a batch that passes maxText.
var errTooMuch = errors.New("too much text for one commit")

// space is one tenant's workspace, and what it is worked on with.
type space struct {
	db        *firestore.Client
	tenant    tenant.ID
	workspace tenant.WorkspaceID
	keys      *keys.Tenant
	clock     clock
	log       *slog.Logger
	flights   *singleflight.Group // of folds
}

// foldTimeout bounds one fold, which outlives the event that began it: others
// wait for it too.
const foldTimeout = time.Minute

// foldOnce is fold, by one call for all events of a check that this process has
// at hand: a thousand that come at once would else read the same.
func (s *space) foldOnce(ctx context.Context, id issue.CheckID) ([]run.ID, error) {
	return once(ctx, s.flights, records.CheckRef(s.db, s.tenant, s.workspace, id).Path, func(ctx context.Context) ([]run.ID, error) {
		return s.fold(ctx, id)
	})
}

// once does what has a name for all who ask for it meanwhile.
func once[T any](ctx context.Context, flights *singleflight.Group, name string, do func(context.Context) (T, error)) (T, error) {
	flight := flights.DoChan(name, func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), foldTimeout)
		defer cancel()
		return do(ctx)
	})
	select {
	case landed := <-flight:
		return landed.Val.(T), landed.Err
	case <-ctx.Done():
		var none T
		return none, fmt.Errorf("wait for a fold: %w", ctx.Err())
	}
}

// fold folds the oldest pending runs of a check and gives those that are no
// longer pending; none are left if it gives none. All that it writes, it writes
// once for a run: pending is the marker, and it never comes back.
func (s *space) fold(ctx context.Context, id issue.CheckID) ([]run.ID, error) {
	known, err := s.checkNow(ctx, id)
	if err != nil {
		return nil, err
	}
	for most := maxRuns; ; {
		runs, err := s.batch(ctx, id, most)
		if err != nil || len(runs) == 0 {
			return nil, err
		}
		if err := s.foldSLIs(ctx, runs); err != nil {
			return nil, err
		}
		err = s.commit(ctx, known, runs)
		if errors.Is(err, errTooMuch) && len(runs) > 1 {
			most = len(runs) / 2
			continue
		}
		if err != nil {
			return nil, keyError(err)
		}
		return ids(runs), nil
	}
}

// checkNow looks at the check before all else is read: early if it is too soon.
func (s *space) checkNow(ctx context.Context, id issue.CheckID) (known, error) {
	docs, err := s.db.GetAll(ctx, []*firestore.DocumentRef{records.CheckRef(s.db, s.tenant, s.workspace, id)})
	if err != nil {
		return known{}, err
	}
	k, err := knownFrom(docs[0])
	if err != nil {
		return known{}, err
	}
	return k, s.clock.check(k.check.Folded)
}

// commit folds a batch by one transaction. Issues that its runs did not find,
// and that are too many for it, are settled by others before: what these write
// is true by itself and comes to the same when it is written again, and the
// last transaction counts only if no other fold came in between.
func (s *space) commit(ctx context.Context, k known, runs []pendingRun) error {
	err := s.db.RunTransaction(ctx, folding{s, k, runs, false}.do)
	if !errors.Is(err, errMany) {
		return err
	}
	if err := s.settleOthers(ctx, k, runs); err != nil {
		return err
	}
	return s.db.RunTransaction(ctx, folding{s, k, runs, true}.do)
}
