package assistantupdate

import (
	"context"
	"errors"
	"slices"

	"cloud.google.com/go/firestore"
	"golang.org/x/sync/errgroup"

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
	var check checkSnapshot
	var runs []pendingRun
	var more bool
	var group errgroup.Group // without a shared context, so that an event always costs the same
	group.Go(func() (err error) {
		check, err = w.readCheck(ctx, id)
		return err
	})
	group.Go(func() (err error) {
		runs, more, err = w.findPendingRuns(ctx, id, maxRuns)
		return err
	})
	for err := group.Wait(); ; {
		if err != nil || len(runs) == 0 {
			return foldResult{}, err
		}
		if err := readSightings(ctx, runs); err != nil {
			return foldResult{}, err
		}
		err = w.foldInto(ctx, check, runs)
		if errors.Is(err, errTooMuchText) && len(runs) > 1 {
			runs, more, err = w.findPendingRuns(ctx, id, len(runs)/2)
			continue
		}
		if err != nil {
			return foldResult{}, wrapKeyError(err)
		}
		return foldResult{runIDs(runs), more}, nil
	}
}

// foldInto folds runs into their check, their issues and their SLIs. An SLI is written
// about once a second, so samples may have to wait. Issues do not: if a run has both,
// its issues are committed first.
func (w *workspace) foldInto(ctx context.Context, check checkSnapshot, runs []pendingRun) error {
	waiting, err := w.waitingSeries(ctx, runs)
	if err != nil {
		return err
	}
	issuesFolded := false
	if len(waiting) > 0 && slices.ContainsFunc(runs, pendingRun.hasUnfoldedIssues) {
		if err := w.commit(ctx, foldTx{workspace: w, check: check, runs: runs, keepPending: true}); err != nil {
			return err
		}
		issuesFolded = true
	}
	if err := w.foldSLIs(ctx, waiting); err != nil {
		return err
	}
	if issuesFolded {
		return w.db.RunTransaction(ctx, func(_ context.Context, tx *firestore.Transaction) error { return endPending(tx, runs) })
	}
	return w.commit(ctx, foldTx{workspace: w, check: check, runs: runs})
}

// readCheck reads a check, of which the transaction finds out whether it has changed since.
// It returns a tooSoonError if the check must not be written yet.
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
func (w *workspace) commit(ctx context.Context, tx foldTx) error {
	release, err := w.memory.Reserve(ctx, foldMemory(tx.runs))
	if err != nil {
		return err
	}
	defer release()
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
