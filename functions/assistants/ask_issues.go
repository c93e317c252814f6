package assistants

import (
	"context"
	"fmt"
	"time"

	"cloud.google.com/go/firestore"
	"cloud.google.com/go/firestore/apiv1/firestorepb"
	"golang.org/x/sync/errgroup"

	"github.com/strongroom-dev/strongroom/shared/access"
	"github.com/strongroom-dev/strongroom/shared/issue"
)

// maxWorst is how many issues an answer lists at most: the most severe.
const maxWorst = 10

// maxPages is how many pages are read to find them. Ignored issues on a page are
// skipped.
const maxPages = 5

// maxCount is where counting ends. Firestore bills a thousand counted documents as one
// read: cloud.google.com/firestore/docs/query-data/aggregation-queries.
const maxCount = 1000

// wrongBody is what is wrong now.
type wrongBody struct {
	Counts []countBody `json:"counts" doc:"Number of active issues, by severity"`
	SLXs   []slxBody   `json:"slxs" doc:"The most severe active issues, grouped by SLX"`
	Capped bool        `json:"capped" class:"operational" doc:"There may be more active issues. List them with state=active"`
}

type countBody struct {
	Severity int  `json:"severity" class:"metadata"`
	Active   int  `json:"active" class:"metadata"`
	OrMore   bool `json:"orMore,omitempty" class:"operational" doc:"There are at least this many, which includes ignored issues"`
}

type slxBody struct {
	SLX    string           `json:"slx" class:"metadata"`
	Issues []worstIssueBody `json:"issues"`
}

// worstIssueBody is an issue in one line.
type worstIssueBody struct {
	ID        string    `json:"id" class:"operational"`
	Title     string    `json:"title" class:"text"`
	Severity  int       `json:"severity" class:"metadata"`
	State     string    `json:"state" class:"metadata"`
	Task      string    `json:"task" class:"metadata"`
	Resource  string    `json:"resource,omitempty" class:"metadata"`
	LastSeen  time.Time `json:"lastSeen" class:"metadata"`
	Sightings int       `json:"sightings" class:"metadata"`
}

// readWorst reads the most severe active issues, page by page.
func (w *workspaceSummary) readWorst(ctx context.Context, s access.Session, now time.Time) error {
	at := cursor{at: now}
	for range maxPages {
		p, err := newIssuePage(ctx, s, issueFilter{State: active}, maxWorst-len(w.worst), at)
		if err != nil {
			return err
		}
		if w.hasMore, err = p.read(ctx); err != nil {
			return err
		}
		w.worst, w.skipped, at = append(w.worst, p.found...), w.skipped+p.skipped, p.at
		if !w.hasMore || len(w.worst) == maxWorst {
			return nil
		}
	}
	w.gaveUp = true
	return nil
}

func groupBySLX(issues []issueBody) []slxBody {
	groups, at := []slxBody{}, map[string]int{}
	for _, i := range issues {
		n, ok := at[i.SLX]
		if !ok {
			n = len(groups)
			at[i.SLX], groups = n, append(groups, slxBody{SLX: i.SLX})
		}
		groups[n].Issues = append(groups[n].Issues, worstIssueBody{
			ID: i.ID, Title: i.Title, Severity: i.Severity, State: i.State, Task: i.Task, Resource: i.Resource,
			LastSeen: i.LastSeen, Sightings: i.Sightings,
		})
	}
	return groups
}

// countActive counts the active issues of each severity, up to maxCount.
func countActive(ctx context.Context, s access.Session, at time.Time) ([]countBody, error) {
	bodies := make([]countBody, 4)
	group, ctx := errgroup.WithContext(ctx)
	for n := range bodies {
		group.Go(func() (err error) {
			bodies[n], err = countSeverity(ctx, issuesIn(s).Where("resolvedAt", "==", issue.Unresolved).Where("severity", "==", n+1), at)
			bodies[n].Severity = n + 1
			return err
		})
	}
	return bodies, group.Wait()
}

func countSeverity(ctx context.Context, all firestore.Query, at time.Time) (countBody, error) {
	var unresolved, ignored int
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() (err error) {
		unresolved, err = count(ctx, all)
		return err
	})
	group.Go(func() (err error) {
		ignored, err = count(ctx, all.Where("ignored.until", ">", at))
		return err
	})
	if err := group.Wait(); err != nil {
		return countBody{}, err
	}
	if unresolved == maxCount {
		return countBody{Active: unresolved, OrMore: true}, nil
	}
	return countBody{Active: max(0, unresolved-ignored)}, nil
}

func count(ctx context.Context, q firestore.Query) (int, error) {
	q = q.Limit(maxCount)
	result, err := q.NewAggregationQuery().WithCount("n").Get(ctx)
	if err != nil {
		return 0, fmt.Errorf("count: %w", err)
	}
	n, _ := result["n"].(*firestorepb.Value)
	return int(n.GetIntegerValue()), nil
}
