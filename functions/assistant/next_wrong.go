package assistant

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

// maxTop bounds the issues that an assistant tells of, the worst.
const maxTop = 10

// maxLook bounds the pages that are read to find them: each may have issues that
// are ignored, and are passed over.
const maxLook = 5

// maxCount bounds what is counted: Firestore bills a thousand counted as one
// read (cloud.google.com/firestore/docs/query-data/aggregation-queries).
const maxCount = 1000

// wrongBody is what is wrong now.
type wrongBody struct {
	Counts []countBody `json:"counts" doc:"Issues that stand, by severity"`
	SLXs   []slxBody   `json:"slxs" doc:"The worst issues by SLX, the SLX with the worst first"`
	Capped bool        `json:"capped" doc:"More issues stand than are here; list them with state=standing"`
}

type countBody struct {
	Severity int  `json:"severity"`
	Standing int  `json:"standing"`
	OrMore   bool `json:"orMore,omitempty" doc:"There may be more; those that are ignored are counted too"`
}

type slxBody struct {
	SLX    string      `json:"slx"`
	Issues []topicBody `json:"issues"`
}

// topicBody is one line on an issue.
type topicBody struct {
	ID        string    `json:"id"`
	Title     string    `json:"title"`
	Severity  int       `json:"severity"`
	State     string    `json:"state"`
	Task      string    `json:"task"`
	Resource  string    `json:"resource,omitempty"`
	LastSeen  time.Time `json:"lastSeen"`
	Sightings int       `json:"sightings"`
}

// readWorst reads, page by page, the worst issues that stand.
func (f *state) readWorst(ctx context.Context, s access.Session, now time.Time) error {
	at := cursor{at: now}
	for range maxLook {
		p, err := newPage(ctx, s, filter{State: standing}, maxTop-len(f.worst), at)
		if err != nil {
			return err
		}
		if f.more, err = p.read(ctx); err != nil {
			return err
		}
		f.worst, f.ignored, at = append(f.worst, p.found...), f.ignored+p.passedOver, p.at
		if !f.more || len(f.worst) == maxTop {
			return nil
		}
	}
	f.ended = true
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
		groups[n].Issues = append(groups[n].Issues, topicBody{i.ID, i.Title, i.Severity, i.State, i.Task, i.Resource, i.LastSeen, i.Sightings})
	}
	return groups
}

// counts tells how many issues stand of each severity. It costs as much
// whatever there are.
func counts(ctx context.Context, s access.Session, at time.Time) ([]countBody, error) {
	bodies := make([]countBody, 4)
	group, ctx := errgroup.WithContext(ctx)
	for n := range bodies {
		group.Go(func() (err error) {
			bodies[n], err = countOf(ctx, issuesOf(s).Where("resolvedAt", "==", issue.Unresolved).Where("severity", "==", n+1), at)
			bodies[n].Severity = n + 1
			return err
		})
	}
	return bodies, group.Wait()
}

func countOf(ctx context.Context, all firestore.Query, at time.Time) (countBody, error) {
	standing, err := count(ctx, all)
	if err != nil || standing == maxCount {
		return countBody{Standing: standing, OrMore: standing == maxCount}, err
	}
	ignored, err := count(ctx, all.Where("ignored.until", ">", at))
	return countBody{Standing: max(0, standing-ignored)}, err
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
