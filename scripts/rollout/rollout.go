package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
	cloudrun "google.golang.org/api/run/v2"
)

// simultaneous bounds the calls to Cloud Run at one time.
const simultaneous = 8

// undoTime is how long a rollout that ends early may take to go back.
const undoTime = 5 * time.Minute

// rollout moves requests from one version to the next.
type rollout struct {
	google  *google
	out     io.Writer
	places  []place
	percent int64
	looks   int           // at the responses of the new revisions
	pause   time.Duration // before each look
}

func placesOf(functions, regions []string) (all []place) {
	for _, f := range functions {
		for _, r := range regions {
			all = append(all, place{f, r})
		}
	}
	return all
}

// deploy runs a command that deploys a version, and moves the requests to it.
func (r *rollout) deploy(ctx context.Context, command func(context.Context) error) error {
	before, err := r.pin(ctx)
	if err != nil {
		return err
	}
	r.printf("%d functions stay on their revisions while the version is deployed", len(before))
	if err := command(ctx); err != nil {
		return fmt.Errorf("the command failed: %w; all requests still go to the revisions before it. Correct it, and run this again", err)
	}
	return r.move(ctx, before)
}

// resume continues a rollout that was interrupted after its command. It deploys nothing.
func (r *rollout) resume(ctx context.Context) error {
	before, err := r.each(ctx, func(_ context.Context, _ place, s service) (string, error) {
		if named, newest := serving(s.traffic); len(named) == 1 && !newest {
			return named[0], nil
		}
		return s.before(), nil // "": all requests go to the newest revision already
	})
	if err != nil {
		return err
	}
	r.printf("%d functions do not send all requests to their newest revision", len(before))
	return r.move(ctx, before)
}

// move shares the requests with the new revisions and watches them. Then they get all requests, or the
// revisions before do.
func (r *rollout) move(ctx context.Context, before map[place]string) error {
	start := time.Now()
	after, err := r.share(ctx, before)
	if err == nil && len(after) > 0 {
		r.printf("%d functions have a new revision, which gets %d %% of the requests", len(after), r.percent)
		err = r.watch(ctx, before, after, start)
	}
	if err != nil {
		return r.undo(ctx, err)
	}
	if err := r.finish(context.WithoutCancel(ctx)); err != nil {
		return fmt.Errorf("%w; run this with -resume until it succeeds", err)
	}
	r.printf("the newest revisions get all requests")
	return nil
}

// pin names the revision that serves each function, so that a newer one gets no requests.
func (r *rollout) pin(ctx context.Context) (map[place]string, error) {
	return r.each(ctx, func(ctx context.Context, p place, s service) (string, error) {
		switch named, newest := serving(s.traffic); {
		case len(named) == 0 && s.ready == "":
			return "", fmt.Errorf("%s has no revision that can serve", p)
		case len(named) == 0:
			return s.ready, r.google.send(ctx, p, s.etag, all(s.ready))
		case len(named) == 1 && !newest:
			return named[0], nil // an earlier rollout went back, or was interrupted before it began
		}
		return "", fmt.Errorf("%s has requests for several revisions: an earlier rollout did not end. Run this with -resume or -back first", p)
	})
}

// share sends their share of the requests to the new revisions. It returns those.
func (r *rollout) share(ctx context.Context, before map[place]string) (map[place]string, error) {
	return r.each(ctx, func(ctx context.Context, p place, s service) (string, error) {
		old, existed := before[p]
		switch {
		case !existed || s.newest == old:
			return "", nil // a function that is new, or that the version does not change
		case s.newest != s.ready:
			return "", fmt.Errorf("revision %s of %s does not start", s.newest, p)
		}
		return s.ready, r.google.send(ctx, p, s.etag, some(old, 100-r.percent), some(s.ready, r.percent))
	})
}

// finish sends all requests to the newest revisions, and to those that come later.
func (r *rollout) finish(ctx context.Context) error {
	_, err := r.each(ctx, func(ctx context.Context, p place, s service) (string, error) {
		if named, _ := serving(s.traffic); len(named) == 0 {
			return "", nil
		}
		return "", r.google.send(ctx, p, s.etag, &cloudrun.GoogleCloudRunV2TrafficTarget{Type: toLatest, Percent: 100})
	})
	return err
}

// undo goes back because of an error, also if ctx has ended.
func (r *rollout) undo(ctx context.Context, why error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), undoTime)
	defer cancel()
	if err := r.back(ctx); err != nil {
		return errors.Join(why, fmt.Errorf("%w; run this with -back until it succeeds", err))
	}
	return fmt.Errorf("%w; all requests go to the revisions before. Deploy the version before, or correct this one and run this again", why)
}

// back sends all requests that are shared to the revisions that had them before. A function whose
// newest revision has all requests stays as it is: nothing says which revision was before.
func (r *rollout) back(ctx context.Context) error {
	var finished atomic.Int64
	moved, err := r.each(ctx, func(ctx context.Context, p place, s service) (string, error) {
		if named, _ := serving(s.traffic); len(named) == 0 {
			finished.Add(1)
		}
		old := s.before()
		if old == "" {
			return "", nil // nothing was shared
		}
		return old, r.google.send(ctx, p, s.etag, all(old))
	})
	if err != nil {
		return err
	}
	r.printf("%d functions went back", len(moved))
	if n := finished.Load(); n > 0 && len(moved) > 0 {
		r.printf("%d functions stay on their newest revision, which has all requests. If it is of the version that fails, deploy the version before", n)
	}
	return nil
}

// status prints who gets requests.
func (r *rollout) status(ctx context.Context) error {
	lines, err := r.each(ctx, func(_ context.Context, p place, s service) (string, error) {
		var shares []string
		for _, t := range s.traffic {
			name := t.Revision
			if t.Type == toLatest {
				name = "the newest, " + s.ready
			}
			shares = append(shares, fmt.Sprintf("%s %d %%", name, t.Percent))
		}
		return strings.Join(shares, ", "), nil
	})
	for _, p := range r.places {
		if line, ok := lines[p]; ok {
			r.printf("%s: %s", p, line)
		}
	}
	return err
}

// each calls change with each function that is deployed, some at the same time. It returns what
// change returned, without what is empty, and all errors.
func (r *rollout) each(ctx context.Context, change func(context.Context, place, service) (string, error)) (map[place]string, error) {
	results, errs := make([]string, len(r.places)), make([]error, len(r.places))
	var group errgroup.Group
	group.SetLimit(simultaneous)
	for i, p := range r.places {
		group.Go(func() error {
			s, err := r.google.service(ctx, p)
			if err == nil {
				results[i], err = change(ctx, p, s)
			}
			if !errors.Is(err, errNoService) {
				errs[i] = err
			}
			return nil
		})
	}
	_ = group.Wait() // errs has the errors
	found := map[place]string{}
	for i, p := range r.places {
		if results[i] != "" {
			found[p] = results[i]
		}
	}
	return found, errors.Join(errs...)
}

func (r *rollout) printf(format string, args ...any) { fmt.Fprintf(r.out, format+"\n", args...) }

// serving returns the revisions that get requests by name, and whether the newest revision does.
func serving(traffic []*cloudrun.GoogleCloudRunV2TrafficTarget) (named []string, newest bool) {
	for _, t := range traffic {
		switch {
		case t.Percent == 0: // only an address of its own
		case t.Type == toRevision:
			named = append(named, t.Revision)
		default:
			newest = true
		}
	}
	return named, newest
}

// before returns the revision that had the requests before they were shared, or "" if they are
// not shared.
func (s service) before() string {
	named := slices.DeleteFunc(slices.Clone(s.traffic), func(t *cloudrun.GoogleCloudRunV2TrafficTarget) bool {
		return t.Type != toRevision || t.Percent == 0
	})
	if len(named) < 2 {
		return ""
	}
	old := slices.DeleteFunc(named, func(t *cloudrun.GoogleCloudRunV2TrafficTarget) bool { return t.Revision == s.newest })
	return slices.MaxFunc(old, func(a, b *cloudrun.GoogleCloudRunV2TrafficTarget) int { return int(a.Percent - b.Percent) }).Revision
}

func all(revision string) *cloudrun.GoogleCloudRunV2TrafficTarget { return some(revision, 100) }

func some(revision string, percent int64) *cloudrun.GoogleCloudRunV2TrafficTarget {
	return &cloudrun.GoogleCloudRunV2TrafficTarget{Type: toRevision, Revision: revision, Percent: percent}
}
