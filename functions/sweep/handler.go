package sweep

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"cloud.google.com/go/firestore"
	"github.com/danielgtaylor/huma/v2"

	"github.com/strongroom-dev/strongroom/shared/api"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/directory"
	"github.com/strongroom-dev/strongroom/shared/function"
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

// sweep runs one step after the other. If a step fails, it continues with the next
// one.
func (h *Handler) sweep(ctx context.Context, _ *struct{}) (*sweepResponse, error) {
	out := &sweepResponse{}
	databases, err := h.databases(ctx)
	errs := []error{err}
	for _, s := range h.steps(&out.Body) {
		if err := h.run(ctx, s, databases, &out.Body); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", s.name, err))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	api.Logger(ctx).InfoContext(ctx, "swept", "expired", out.Body.Expired, "missing", out.Body.Missing,
		"finalized", out.Body.Finalized, "published", out.Body.Published, "republished", out.Body.Republished, "lost", out.Body.Lost, "more", out.Body.More)
	return out, nil
}

// step is one kind of work, which is done in every database.
type step struct {
	name    string
	query   func(*firestore.Client) firestore.Query
	process func(context.Context, *firestore.Client, []*firestore.DocumentSnapshot) error
}

// steps returns the steps of a sweep, which add their work to result.
func (h *Handler) steps(result *Result) []step {
	return []step{
		{"publish events", h.pendingEvents, func(ctx context.Context, db *firestore.Client, docs []*firestore.DocumentSnapshot) error {
			n, err := h.publisher.Relay(ctx, db, docs)
			result.Published += n
			return err
		}},
		{"republish stuck runs", h.stuckRuns, func(ctx context.Context, db *firestore.Client, docs []*firestore.DocumentSnapshot) error {
			n, err := h.republish(ctx, db, docs)
			result.Republished += n
			return err
		}},
		{"lose runs", h.silentRuns, func(ctx context.Context, db *firestore.Client, docs []*firestore.DocumentSnapshot) error {
			n, err := h.loseRuns(ctx, db, docs)
			result.Lost += n
			return err
		}},
		{"expire grants", h.overdueGrants, func(ctx context.Context, db *firestore.Client, docs []*firestore.DocumentSnapshot) error {
			return h.expireGrants(ctx, db, docs, result)
		}},
		{"finalize runs", openRuns, func(ctx context.Context, db *firestore.Client, docs []*firestore.DocumentSnapshot) error {
			return h.finalizeRuns(ctx, db, docs, result)
		}},
	}
}

// pendingEvents finds the outbox entries whose writer has had its time to publish
// them.
func (h *Handler) pendingEvents(db *firestore.Client) firestore.Query {
	return outbox.Pending(db, h.deps.Now().Add(-minOutboxAge))
}
