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
	"github.com/strongroom-dev/strongroom/shared/directory"
	"github.com/strongroom-dev/strongroom/shared/function"
	"github.com/strongroom-dev/strongroom/shared/outbox"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// Limits of one sweep. The next sweep continues.
const (
	pageSize = 100 // documents per transaction
	maxPages = 50  // pages per step and database
)

// minOutboxAge is the age from which the sweep publishes an outbox entry. The writer of
// a younger entry may be about to publish it.
const minOutboxAge = 15 * time.Second

// Handler sweeps when the scheduler calls. It is safe for concurrent use.
type Handler struct {
	http.Handler
	API       *api.API
	deps      function.Deps
	directory *directory.Directory
	publisher *outbox.Publisher
}

// Result is the work of one sweep.
type Result struct {
	Expired     int  `json:"expired" class:"operational" doc:"Grants that expired without an object and that no run claims"`
	Missing     int  `json:"missing" class:"operational" doc:"Grants that expired without an object and that a run claims"`
	Finalized   int  `json:"finalized" class:"operational" doc:"Ended runs whose grants are all final"`
	Published   int  `json:"published" class:"operational" doc:"Events that their writer could not publish"`
	Republished int  `json:"republished" class:"operational" doc:"Runs unprocessed for hours; the next sweep publishes their events"`
	More        bool `json:"more" class:"operational" doc:"The next sweep has work left"`
}

// New returns the function. It makes no calls.
func New(deps function.Deps) *Handler {
	a := api.New("Strongroom sweep", deps.Log)
	h := &Handler{
		Handler: a.Handler(), API: a, deps: deps,
		directory: directory.New(deps.Clients, deps.Now), publisher: outbox.NewPublisher(deps.Clients),
	}
	api.Register(a, huma.Operation{
		OperationID: "sweep", Method: http.MethodPost, Path: "/",
		Summary: "Publish pending events and finalize overdue grants; called by the scheduler",
	}, h.sweep)
	return h
}

type sweepResponse struct{ Body Result }

// sweep sweeps each database once, even if several tenants share it. If a database
// fails, it continues with the others.
func (h *Handler) sweep(ctx context.Context, _ *struct{}) (*sweepResponse, error) {
	out := &sweepResponse{}
	var errs []error
	seen := map[*firestore.Client]bool{}
	err := h.directory.Each(ctx, func(t tenant.Record) error {
		db, err := h.directory.Database(ctx, t)
		if err != nil || seen[db] {
			errs = append(errs, err)
			return nil
		}
		seen[db] = true
		errs = append(errs, h.sweepDatabase(ctx, db, &out.Body))
		return nil
	})
	if err := errors.Join(append(errs, err)...); err != nil {
		return nil, err
	}
	api.Logger(ctx).InfoContext(ctx, "swept", "expired", out.Body.Expired, "missing", out.Body.Missing,
		"finalized", out.Body.Finalized, "published", out.Body.Published, "republished", out.Body.Republished, "more", out.Body.More)
	return out, nil
}

// sweepDatabase runs one step after the other. If a step fails, it continues with the
// next one.
func (h *Handler) sweepDatabase(ctx context.Context, db *firestore.Client, result *Result) error {
	var errs []error
	for _, step := range []struct {
		name    string
		query   firestore.Query
		process func([]*firestore.DocumentSnapshot) error
	}{
		{"publish events", outbox.Pending(db, h.deps.Now().Add(-minOutboxAge)), func(docs []*firestore.DocumentSnapshot) error {
			n, err := h.publisher.Relay(ctx, db, docs)
			result.Published += n
			return err
		}},
		{"republish stuck runs", h.stuckRuns(db), func(docs []*firestore.DocumentSnapshot) error {
			n, err := h.republish(ctx, db, docs)
			result.Republished += n
			return err
		}},
		{"expire grants", h.overdueGrants(db), func(docs []*firestore.DocumentSnapshot) error {
			return h.expireGrants(ctx, db, docs, result)
		}},
		{"finalize runs", openRuns(db), func(docs []*firestore.DocumentSnapshot) error {
			return finalizeRuns(ctx, db, docs, result)
		}},
	} {
		if err := eachPage(ctx, step.query, result, step.process); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", step.name, err))
		}
	}
	return errors.Join(errs...)
}

// eachPage calls process with the pages of a query's results. If a page fails, it
// continues with the next one.
func eachPage(ctx context.Context, query firestore.Query, result *Result, process func([]*firestore.DocumentSnapshot) error) error {
	var errs []error
	for range maxPages {
		docs, err := query.Limit(pageSize).Documents(ctx).GetAll()
		if err != nil {
			return errors.Join(append(errs, err)...)
		}
		if len(docs) > 0 {
			errs = append(errs, process(docs))
		}
		if len(docs) < pageSize {
			return errors.Join(errs...)
		}
		query = query.StartAfter(docs[len(docs)-1])
	}
	result.More = true
	return errors.Join(errs...)
}
