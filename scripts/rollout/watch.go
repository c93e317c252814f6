package main

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// A new revision fails if it has minFailures, and the share of its responses that failed is more
// than tolerance above that of the revision before. Few failures say nothing about a share, and
// what fails in both is not the new version's fault.
const (
	minFailures = 5
	tolerance   = 0.01
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
		var err error
		if found, err = r.google.answers(ctx, start, time.Now()); err != nil {
			return err
		}
		total, failures := r.judge(found, before, after)
		if len(failures) > 0 {
			return errors.Join(failures...)
		}
		r.printf("look %d of %d: %d responses of new revisions, %d of them 5xx", look+1, r.looks, total.all, total.failed)
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
		if fresh.failed >= minFailures && fresh.share() > old.share()+tolerance {
			failures = append(failures, fmt.Errorf("%s: %d of %d responses of %s are 5xx, and %d of %d of %s",
				p, fresh.failed, fresh.all, after[p], old.failed, old.all, before[p]))
		}
	}
	return total, failures
}

// share returns which part of the responses failed.
func (r responses) share() float64 {
	if r.all == 0 {
		return 0
	}
	return float64(r.failed) / float64(r.all)
}
