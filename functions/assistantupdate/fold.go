package assistantupdate

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"cloud.google.com/go/firestore"
	"golang.org/x/sync/errgroup"

	"github.com/strongroom-dev/strongroom/shared/event"
	"github.com/strongroom-dev/strongroom/shared/gcp"
	"github.com/strongroom-dev/strongroom/shared/issue"
	"github.com/strongroom-dev/strongroom/shared/records"
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
//
// ended is a run of the check that must exist: the error says so if it does not. It is empty
// if that is known.
func (w *workspace) fold(ctx context.Context, id issue.CheckID, ended run.ID) (foldResult, error) {
	var check checkSnapshot
	var runs []pendingRun
	var more bool
	var group errgroup.Group // without a shared context, so that an event always costs the same
	group.Go(func() (err error) {
		check, err = w.readCheck(ctx, id, ended)
		return err
	})
	group.Go(func() (err error) {
		runs, more, err = w.findPendingRuns(ctx, id, maxRuns)
		return err
	})
	err := group.Wait()
	if err == nil && len(runs) > 0 {
		err = w.clock.mayWrite(check.check.Folded)
	}
	for {
		if err != nil || len(runs) == 0 {
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
		if err := w.commit(ctx, foldCommit{workspace: w, check: check, runs: runs, keepPending: true}); err != nil {
			return err
		}
		issuesFolded = true
	}
	if err := w.foldSLIs(ctx, waiting); err != nil {
		return err
	}
	if issuesFolded {
		return gcp.Write(ctx, w.db, func(tx *firestore.Transaction) error { return w.endPending(tx, runs) })
	}
	return w.commit(ctx, foldCommit{workspace: w, check: check, runs: runs})
}

// readCheck reads a check, of which the commit finds out whether it has changed since. If ended
// is not empty, it also reads that run, which must be of the check.
func (w *workspace) readCheck(ctx context.Context, id issue.CheckID, ended run.ID) (checkSnapshot, error) {
	refs := []*firestore.DocumentRef{w.checkRef(id)}
	if ended != "" {
		refs = append(refs, w.runRef(ended).Record)
	}
	docs, err := w.db.GetAll(ctx, refs)
	if err != nil {
		return checkSnapshot{}, fmt.Errorf("read check: %w", err)
	}
	for _, doc := range docs[1:] {
		if err := checkEventRun(doc, id); err != nil {
			return checkSnapshot{}, err
		}
	}
	return decodeCheck(docs[0])
}

// checkEventRun returns an error that refuses an event unless its run exists and is of a check.
func checkEventRun(doc *firestore.DocumentSnapshot, id issue.CheckID) error {
	if !doc.Exists() {
		return event.Refuse("no-such-run", records.ErrRunNotFound)
	}
	r, err := records.DecodeRun(doc)
	if err == nil && r.Check != string(id) {
		err = event.Refuse("bad-reference", errors.New("the run is of another check"))
	}
	return err
}

// commit folds runs in one commit. If the check has too many issues that the
// runs did not see, those are resolved first, in transactions of their own. Each of
// these is correct by itself and has the same result if it is repeated. The last
// commit fails if another fold was committed in between.
func (w *workspace) commit(ctx context.Context, f foldCommit) error {
	release, err := w.memory.Reserve(ctx, foldMemory(f.runs))
	if err != nil {
		return err
	}
	defer release()
	err = f.execute(ctx)
	if !errors.Is(err, errTooManyIssues) {
		return err
	}
	if err := f.resolveUnseen(ctx); err != nil {
		return err
	}
	f.unseenResolved = true
	return f.execute(ctx)
}

// foldMemory returns the memory in bytes that a commit needs at most: the texts of
// the issues that the runs saw, sealed, opened, sealed again, in the request and on
// its way, and the sightings with their lines, as they arrived and decoded.
func foldMemory(runs []pendingRun) int64 {
	sightings := 0
	for _, r := range runs {
		sightings += r.record.Sightings
	}
	return 9 * int64(min(sightings*issue.MaxLineBytes, maxTextBytes))
}
