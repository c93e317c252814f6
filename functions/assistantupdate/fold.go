package assistantupdate

import (
	"context"
	"errors"

	"cloud.google.com/go/firestore"

	"github.com/strongroom-dev/strongroom/shared/issue"
	"github.com/strongroom-dev/strongroom/shared/run"
)

// The limits of one fold. A commit may have 10 MiB:
// firebase.google.com/docs/firestore/quotas. A report may have 8 MiB, so the texts
// of one run always fit.
const (
	maxRuns      = 25      // of the check
	maxSightings = 200     // of these runs; one run may have that many
	maxUnseen    = 100     // issues of the check that these runs did not see
	maxTextBytes = 8 << 20 // of issues, unless all of them are from one run
)

var (
	// errTooMuchText is the error of runs whose texts do not fit into one commit.
	errTooMuchText = errors.New("too much text for one commit")
	// errTooManyIssues is the error of runs whose issues do not fit into one commit.
	errTooManyIssues = errors.New("too many issues for one commit")
	// errOvertaken is the error of a fold if another fold of the same check or SLI
	// was committed after this one had read it.
	errOvertaken = errors.New("another fold was committed first")
)

// foldResult is what one fold did.
type foldResult struct {
	runs []run.ID // that are no longer pending
	more bool     // more runs of the check are pending
}

// fold folds the oldest pending runs of a check, if there are any. What a run
// changes is committed together with the end of its pending state, which never
// returns, so each run counts once.
func (w *workspace) fold(ctx context.Context, id issue.CheckID) (foldResult, error) {
	check, err := w.readCheck(ctx, id)
	if err != nil {
		return foldResult{}, err
	}
	for limit := maxRuns; ; {
		runs, more, err := w.readPendingRuns(ctx, id, limit)
		if err != nil || len(runs) == 0 {
			return foldResult{}, err
		}
		if err := w.foldSLIs(ctx, runs); err != nil {
			return foldResult{}, err
		}
		err = w.commit(ctx, check, runs)
		if errors.Is(err, errTooMuchText) && len(runs) > 1 {
			limit = len(runs) / 2
			continue
		}
		if err != nil {
			return foldResult{}, wrapKeyError(err)
		}
		return foldResult{runIDs(runs), more}, nil
	}
}

// readCheck reads a check before anything else is read. It returns a tooSoonError
// if the check must not be written yet.
func (w *workspace) readCheck(ctx context.Context, id issue.CheckID) (checkSnapshot, error) {
	docs, err := w.db.GetAll(ctx, []*firestore.DocumentRef{w.checkRef(id)})
	if err != nil {
		return checkSnapshot{}, err
	}
	c, err := decodeCheck(docs[0])
	if err != nil {
		return checkSnapshot{}, err
	}
	return c, w.clock.mayWrite(c.check.Folded)
}

// commit folds runs in one transaction. If the check has too many issues that the
// runs did not see, those are resolved first, in transactions of their own. Each of
// these is correct by itself and has the same result if it is repeated. The last
// transaction fails if another fold was committed in between.
func (w *workspace) commit(ctx context.Context, check checkSnapshot, runs []pendingRun) error {
	release, err := w.memory.Reserve(ctx, foldMemory(runs))
	if err != nil {
		return err
	}
	defer release()
	tx := foldTx{workspace: w, check: check, runs: runs}
	err = w.db.RunTransaction(ctx, tx.execute)
	if !errors.Is(err, errTooManyIssues) {
		return err
	}
	if err := tx.resolveUnseen(ctx); err != nil {
		return err
	}
	tx.unseenResolved = true
	return w.db.RunTransaction(ctx, tx.execute)
}

// foldMemory returns the memory in bytes that a commit needs at most: the texts of
// the issues that the runs saw, sealed, opened, sealed again, in the request and on
// its way.
func foldMemory(runs []pendingRun) int64 {
	sightings := 0
	for _, r := range runs {
		sightings += r.record.Sightings
	}
	return 5 * int64(min(sightings*issue.MaxLineBytes, maxTextBytes))
}
