package sweep

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"

	"cloud.google.com/go/firestore"
	"github.com/danielgtaylor/huma/v2"
	"golang.org/x/sync/errgroup"

	"github.com/strongroom-dev/strongroom/shared/api"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/directory"
	"github.com/strongroom-dev/strongroom/shared/function"
	"github.com/strongroom-dev/strongroom/shared/grant"
	"github.com/strongroom-dev/strongroom/shared/outbox"
)

// Limits of one sweep. The next sweep continues.
const (
	pageSize        = 100              // documents per transaction
	maxPages        = 50               // pages per step and tenant
	maxStepDuration = 45 * time.Second // a step begins no page after this; the scheduler's deadline is 5 minutes
)

// minOutboxAge is the age from which the sweep publishes an outbox entry. The writer of
// a younger entry may be about to publish it.
const minOutboxAge = 15 * time.Second

// Handler sweeps when the scheduler calls. It is safe for concurrent use.
type Handler struct {
	http.Handler
	API       *api.API
	deps      function.Deps
	audit     *auditlog.Log
	directory *directory.Directory
	publisher *outbox.Publisher
}

// Result is the work of one sweep.
type Result struct {
	Expired     int  `json:"expired" class:"operational" doc:"Grants that expired without an object and that no run claims"`
	Missing     int  `json:"missing" class:"operational" doc:"Grants that expired without an object and that a run claims"`
	Finalized   int  `json:"finalized" class:"operational" doc:"Ended runs whose grants are all final"`
	Published   int  `json:"published" class:"operational" doc:"Events that their writer could not publish"`
	Lost        int  `json:"lost" class:"operational" doc:"Runs whose runner has not called for 15 minutes"`
	Republished int  `json:"republished" class:"operational" doc:"Runs unprocessed for hours; the next sweep publishes their events"`
	Configs     int  `json:"configs" class:"operational" doc:"Configurations whose graph is of another commit for hours; the next sweep publishes their events"`
	Views       int  `json:"views" class:"operational" doc:"Views of outputs that expired without being closed"`
	More        bool `json:"more" class:"operational" doc:"The next sweep has work left"`
}

// New returns the function. It makes no calls.
func New(ctx context.Context, config auditlog.Config, deps function.Deps) (*Handler, error) {
	audit, err := auditlog.Open(ctx, config, deps.Clients, deps.Now)
	if err != nil {
		return nil, err
	}
	a := api.New("Strongroom sweep", deps.Now, deps.Log)
	h := &Handler{
		Handler: a.Handler(), API: a, deps: deps, audit: audit,
		directory: directory.New(deps.Clients, deps.Now), publisher: outbox.NewPublisher(deps.Clients),
	}
	api.Register(a, huma.Operation{
		OperationID: "sweep", Method: http.MethodPost, Path: "/",
		Summary: "Publish pending events and finalize overdue grants; called by the scheduler",
	}, h.sweep)
	return h, nil
}

type sweepResponse struct{ Body Result }

// sweep runs the steps side by side, so that none waits for another, and then finalizes
// runs, which also counts what the steps have decided. The first of these runs are read
// meanwhile. If a step fails, the others continue. If the steps took long, events are
// published again while runs are finalized, so that no event waits for all of that.
func (h *Handler) sweep(ctx context.Context, _ *struct{}) (*sweepResponse, error) {
	work := &work{}
	databases, err := h.databases(ctx)
	work.fail(err)
	finalize := step{"finalize runs", openRuns, func(ctx context.Context, db *firestore.Client, docs []*firestore.DocumentSnapshot) error {
		return h.finalizeRuns(ctx, db, docs, work)
	}}
	runs := turnsOf(finalize, databases)
	prefetch(ctx, runs)
	steps, began := h.steps(work), h.deps.Now()
	h.runAll(ctx, steps, databases, work)
	var relay errgroup.Group
	if h.deps.Now().Sub(began) > minOutboxAge {
		relay.Go(func() error { h.runAll(ctx, steps[:1], databases, work); return nil })
	}
	h.run(ctx, finalize, runs, work)
	_ = relay.Wait() // the errors are in work
	if err := errors.Join(work.errs...); err != nil {
		return nil, err
	}
	out := &sweepResponse{Body: work.result}
	api.Logger(ctx).InfoContext(ctx, "swept", "expired", out.Body.Expired, "missing", out.Body.Missing,
		"finalized", out.Body.Finalized, "published", out.Body.Published, "republished", out.Body.Republished, "lost", out.Body.Lost,
		"configs", out.Body.Configs, "views", out.Body.Views, "more", out.Body.More)
	return out, nil
}

// runAll runs steps side by side. The first is asked for its documents first.
func (h *Handler) runAll(ctx context.Context, steps []step, databases []*database, w *work) {
	var group errgroup.Group
	for _, s := range steps {
		turns := turnsOf(s, databases)
		group.Go(func() error { h.run(ctx, s, turns, w); return nil })
	}
	_ = group.Wait() // the errors are in w
}

// work is what the steps of one sweep have done. It is safe for concurrent use.
type work struct {
	mu     sync.Mutex
	result Result
	errs   []error
}

func (w *work) add(count func(*Result)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	count(&w.result)
}

func (w *work) fail(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.errs = append(w.errs, err)
}

// step is one kind of work, which is done in every database.
type step struct {
	name    string
	query   func(*firestore.Client) firestore.Query
	process func(context.Context, *firestore.Client, []*firestore.DocumentSnapshot) error
}

// steps returns the steps that do not depend on each other, of which the first publishes
// events. They add what they do to w.
func (h *Handler) steps(w *work) []step {
	return []step{
		{"publish events", h.pendingEvents, func(ctx context.Context, db *firestore.Client, docs []*firestore.DocumentSnapshot) error {
			n, err := h.publisher.Relay(ctx, db, docs)
			w.add(func(r *Result) { r.Published += n })
			return err
		}},
		{"republish stuck runs", h.stuckRuns, func(ctx context.Context, db *firestore.Client, docs []*firestore.DocumentSnapshot) error {
			n, err := h.republish(ctx, db, docs)
			w.add(func(r *Result) { r.Republished += n })
			return err
		}},
		{"republish lost configurations", h.dueConfigs, func(ctx context.Context, db *firestore.Client, docs []*firestore.DocumentSnapshot) error {
			n, err := h.republishConfigs(ctx, db, docs)
			w.add(func(r *Result) { r.Configs += n })
			return err
		}},
		{"lose runs", h.silentRuns, func(ctx context.Context, db *firestore.Client, docs []*firestore.DocumentSnapshot) error {
			n, err := h.loseRuns(ctx, db, docs)
			w.add(func(r *Result) { r.Lost += n })
			return err
		}},
		{"expire grants", h.overdueGrants, func(ctx context.Context, db *firestore.Client, docs []*firestore.DocumentSnapshot) error {
			counts, err := h.expireGrants(ctx, db, docs)
			w.add(func(r *Result) {
				r.Expired, r.Missing = r.Expired+counts[grant.Expired], r.Missing+counts[grant.Missing]
			})
			return err
		}},
		{"end views", h.expiredViews, func(ctx context.Context, db *firestore.Client, docs []*firestore.DocumentSnapshot) error {
			n, err := h.endViews(ctx, db, docs)
			w.add(func(r *Result) { r.Views += n })
			return err
		}},
	}
}

// pendingEvents finds the outbox entries whose writer has had its time to publish
// them.
func (h *Handler) pendingEvents(db *firestore.Client) firestore.Query {
	return outbox.Pending(db, h.deps.Now().Add(-minOutboxAge))
}
