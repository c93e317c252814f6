package main

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// A new revision fails if enough of its responses are errors, and their share is more than the
// tolerance above that of the revision before. Few errors say nothing about a share, and what
// fails in both is not the new version's fault. Callers cause most 4xx, and not evenly, so these
// count only if there are many more: a version that refuses everybody must not get all requests.
const (
	minFailures, tolerance         = 5, 0.01  // 5xx
	minRefusals, refusalsTolerance = 20, 0.25 // 4xx
)

// watch looks at the responses of both versions, and returns an error as soon as a new revision
// fails.
func (r *rollout) watch(ctx context.Context, before, after map[place]string, start time.Time) error {
	var found answers
	for look := range r.looks {
		select {
		case <-ctx.Done():
			return errors.New("interrupted")
		case <-time.After(r.pause):
		}
		latest, err := r.google.answers(ctx, start, time.Now())
		switch {
		case err != nil && (look == r.looks-1 || ctx.Err() != nil):
			return err
		case err != nil: // the next look sees the same responses and more
			r.printf("look %d of %d: %v", look+1, r.looks, err)
			continue
		}
		found = latest
		total, failures := r.judge(found, before, after)
		if len(failures) > 0 {
			return errors.Join(failures...)
		}
		r.printf("look %d of %d: %d responses of new revisions, %d of them 5xx, %d of them 4xx", look+1, r.looks, total.all, total.failed, total.refused)
	}
	for _, p := range r.places {
		if after[p] != "" && found[p][after[p]].all == 0 {
			r.printf("%s had no request, so nothing is known about it", p)
		}
	}
	return nil
}

// judge returns the responses of all new revisions, and an error for each that fails.
func (r *rollout) judge(found answers, before, after map[place]string) (total responses, failures []error) {
	for _, p := range r.places {
		if after[p] == "" {
			continue
		}
		fresh, old := found[p][after[p]], found[p][before[p]]
		total.all += fresh.all
		total.failed += fresh.failed
		total.refused += fresh.refused
		if fresh.failed >= minFailures && share(fresh.failed, fresh) > share(old.failed, old)+tolerance {
			failures = append(failures, fmt.Errorf("%s: %d of %d responses of %s are 5xx, and %d of %d of %s",
				p, fresh.failed, fresh.all, after[p], old.failed, old.all, before[p]))
		}
		if fresh.refused >= minRefusals && share(fresh.refused, fresh) > share(old.refused, old)+refusalsTolerance {
			failures = append(failures, fmt.Errorf("%s: %d of %d responses of %s are 4xx, and %d of %d of %s",
				p, fresh.refused, fresh.all, after[p], old.refused, old.all, before[p]))
		}
	}
	return total, failures
}

// share returns which part of the responses n are.
func share(n int64, of responses) float64 {
	if of.all == 0 {
		return 0
	}
	return float64(n) / float64(of.all)
}
