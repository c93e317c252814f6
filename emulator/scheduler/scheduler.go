// Package scheduler is the embedded cloud's Cloud Scheduler: it POSTs to a URL
// on a schedule, as a service account.
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

// Config says what the scheduler stands on. The zero Config serves jobs without
// a ServiceAccount.
type Config struct {
	Clock *clock.Clock // says when a job is due; nil is the machine's
	// IDToken signs the OIDC token that the service account email shows to
	// audience. It is required by a Job with a ServiceAccount.
	IDToken    func(email, audience string) (string, error)
	HTTPClient *http.Client // calls the jobs; nil is a client of its own
	Log        *slog.Logger // gets names and statuses only; nil drops it
}

// Scheduler runs jobs. It is safe for concurrent use.
type Scheduler struct {
	config Config

	mu      sync.Mutex
	running bool
	jobs    map[string]*entry
}

// entry is a job and the right to run it: whoever puts a value into turn.
type entry struct {
	Job
	schedule schedule
	turn     chan struct{}
}

// New makes a scheduler without jobs.
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

// Add takes a job, to be run from the next Run on. It is refused, with all that
// is wrong with it, when it is incomplete or its name is taken, and while Run
// runs.
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
		return errors.New("the scheduler runs already")
	}
	if s.jobs[job.Name] != nil {
		return fmt.Errorf("job %q is there already", job.Name)
	}
	s.jobs[job.Name] = &entry{Job: job, schedule: due, turn: make(chan struct{}, 1)}
	return nil
}

// Run runs each job on its schedule, and returns when ctx has ended and no job
// runs any more. A job never overlaps itself: what falls due meanwhile is left
// out. A job that fails is logged and runs again when it is next due. Where the
// clock is moved, a job that waits goes on waiting for what was left.
func (s *Scheduler) Run(ctx context.Context) {
	var all sync.WaitGroup
	for _, e := range s.begin() {
		all.Go(func() { s.tick(ctx, e) })
	}
	all.Wait()
}

func (s *Scheduler) begin() []*entry {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.running = true
	list := make([]*entry, 0, len(s.jobs))
	for _, e := range s.jobs {
		list = append(list, e)
	}
	return list
}

func (s *Scheduler) tick(ctx context.Context, e *entry) {
	var due time.Time
	for {
		now := s.config.Clock.Now()
		if now.After(due) { // else the machine's clock was set back meanwhile
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

// runDue runs the job, unless RunNow is at it.
func (s *Scheduler) runDue(ctx context.Context, e *entry) {
	select {
	case e.turn <- struct{}{}:
	default:
		return
	}
	defer func() { <-e.turn }()
	if err := s.call(ctx, e.Job); err != nil && ctx.Err() == nil {
		s.config.Log.Warn("job failed", "job", e.Name, "error", err)
	}
}

// RunNow runs a job now, as `gcloud scheduler jobs run` does, and says how it
// went. It waits for a run under way to end first, or for the end of ctx.
func (s *Scheduler) RunNow(ctx context.Context, name string) error {
	s.mu.Lock()
	e := s.jobs[name]
	s.mu.Unlock()
	if e == nil {
		return fmt.Errorf("there is no job %q", name)
	}
	select {
	case e.turn <- struct{}{}:
	case <-ctx.Done():
		return fmt.Errorf("wait for job %q: %w", name, ctx.Err())
	}
	defer func() { <-e.turn }()
	if err := s.call(ctx, e.Job); err != nil {
		return fmt.Errorf("job %q: %w", name, err)
	}
	return nil
}
