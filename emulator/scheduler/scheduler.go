// Package scheduler is the embedded Cloud Scheduler: it sends POST requests to
// URLs on a schedule, with the identity of a service account.
package scheduler

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/strongroom-dev/strongroom/emulator/clock"
)

// Config configures a scheduler. The zero Config works for jobs without a
// ServiceAccount.
type Config struct {
	Clock *clock.Clock // decides when a job is due; nil: the machine's time
	// IDToken returns an OIDC token for the service account with this email and
	// this audience. A Job with a ServiceAccount requires it.
	IDToken    func(email, audience string) (string, error)
	HTTPClient *http.Client // sends the requests; nil: a client without settings
	Log        *slog.Logger // receives names and statuses only; nil: discarded
}

// Scheduler runs jobs. It is safe for concurrent use.
type Scheduler struct {
	config Config

	mu      sync.Mutex
	running bool
	jobs    map[string]*entry
}

// entry is a job. Sending to running takes the right to run it, so that a job
// never overlaps itself.
type entry struct {
	Job
	schedule schedule
	running  chan struct{}
}

// New returns a scheduler without jobs.
func New(config Config) *Scheduler {
	if config.Clock == nil {
		config.Clock = &clock.Clock{}
	}
	if config.Log == nil {
		config.Log = slog.New(slog.DiscardHandler)
	}
	client := http.Client{}
	if config.HTTPClient != nil {
		client = *config.HTTPClient
	}
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	config.HTTPClient = &client
	return &Scheduler{config: config, jobs: map[string]*entry{}}
}

// Add adds a job, which Run starts. It returns an error that lists everything
// wrong with the job, if the name is taken, or if Run was called already.
func (s *Scheduler) Add(job Job) error {
	if job.Audience == "" {
		job.Audience = job.URL
	}
	due, err := job.validate(s.config.IDToken != nil)
	if err != nil {
		return fmt.Errorf("job %q: %w", job.Name, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.running {
		return errors.New("the scheduler is already running; add jobs before")
	}
	if s.jobs[job.Name] != nil {
		return fmt.Errorf("job %q already exists", job.Name)
	}
	s.jobs[job.Name] = &entry{Job: job, schedule: due, running: make(chan struct{}, 1)}
	return nil
}

// Run runs each job on its schedule until ctx ends. It returns when no job is
// running any more.
//
//   - A job never overlaps itself: a run that is due during another is skipped.
//   - A job that fails is logged. It runs again when it is next due.
//   - Advancing the clock does not shorten a wait that has begun.
func (s *Scheduler) Run(ctx context.Context) {
	var all sync.WaitGroup
	for _, e := range s.start() {
		all.Go(func() { s.runOnSchedule(ctx, e) })
	}
	all.Wait()
}

func (s *Scheduler) start() []*entry {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.running = true
	list := make([]*entry, 0, len(s.jobs))
	for _, e := range s.jobs {
		list = append(list, e)
	}
	return list
}

func (s *Scheduler) runOnSchedule(ctx context.Context, e *entry) {
	var due time.Time
	for {
		now := s.config.Clock.Now()
		if now.After(due) { // false if the machine's time was set back since the last run
			due = now
		}
		due = e.schedule.after(due)
		timer := time.NewTimer(due.Sub(now))
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
			s.runDue(ctx, e)
		}
	}
}

// runDue runs the job, unless it is running already.
func (s *Scheduler) runDue(ctx context.Context, e *entry) {
	select {
	case e.running <- struct{}{}:
	default:
		return
	}
	defer func() { <-e.running }()
	if err := s.call(ctx, e.Job); err != nil && ctx.Err() == nil {
		s.config.Log.Warn("job failed", "job", e.Name, "error", err)
	}
}

// RunNow runs a job now, as `gcloud scheduler jobs run` does, and returns its
// error. If the job is running already, RunNow waits for it first, until ctx ends.
func (s *Scheduler) RunNow(ctx context.Context, name string) error {
	s.mu.Lock()
	e := s.jobs[name]
	s.mu.Unlock()
	if e == nil {
		return fmt.Errorf("no job is named %q", name)
	}
	select {
	case e.running <- struct{}{}:
	case <-ctx.Done():
		return fmt.Errorf("wait for job %q: %w", name, ctx.Err())
	}
	defer func() { <-e.running }()
	if err := s.call(ctx, e.Job); err != nil {
		return fmt.Errorf("job %q: %w", name, err)
	}
	return nil
}
