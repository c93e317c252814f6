package sweep

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"cloud.google.com/go/firestore"
	"github.com/danielgtaylor/huma/v2"

	"github.com/strongroom-dev/strongroom/shared/api"
	"github.com/strongroom-dev/strongroom/shared/directory"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// Bounds of one sweep: what is left is the next one's.
const (
	pageSize = 100 // documents a transaction
	maxPages = 50  // pages of each kind and database
)

// Handler sweeps when the scheduler calls. It is safe for concurrent use; two
// sweeps at once do no harm.
type Handler struct {
	http.Handler
	API       *api.API
	deps      Deps
	directory *directory.Directory
}

// Result is what one sweep did.
type Result struct {
	Expired int  `json:"expired" doc:"Grants whose time passed without an object, and that no run claims"`
	Missing int  `json:"missing" doc:"Grants whose time passed, and that a run claims"`
	Settled int  `json:"settled" doc:"Ended runs whose every grant is decided"`
	More    bool `json:"more" doc:"Something is left for the next sweep"`
}

// New makes the function; it calls nothing yet.
func New(deps Deps) *Handler {
	a := api.New("Strongroom sweep", deps.Log)
	h := &Handler{Handler: a.Handler(), API: a, deps: deps, directory: directory.New(deps.Clients, deps.Now)}
	api.Register(a, huma.Operation{
		OperationID: "sweep", Method: http.MethodPost, Path: "/",
		Summary: "Decide overdue grants; called by the scheduler",
	}, h.sweep)
	return h
}

type sweepResponse struct{ Body Result }

// sweep goes through every database once, however many tenants share it. A
// database that fails does not keep the others waiting.
func (h *Handler) sweep(ctx context.Context, _ *struct{}) (*sweepResponse, error) {
	out := &sweepResponse{}
	var faults []error
	seen := map[*firestore.Client]bool{}
	err := h.directory.Each(ctx, func(t tenant.Record) error {
		db, err := h.directory.Database(ctx, t)
		if err != nil || seen[db] {
			faults = append(faults, err)
			return nil
		}
		seen[db] = true
		faults = append(faults, h.database(ctx, db, &out.Body))
		return nil
	})
	if err := errors.Join(append(faults, err)...); err != nil {
		return nil, err
	}
	api.Logger(ctx).InfoContext(ctx, "swept", "expired", out.Body.Expired, "missing", out.Body.Missing,
		"settled", out.Body.Settled, "more", out.Body.More)
	return out, nil
}

// database settles runs even where some grants could not be decided.
func (h *Handler) database(ctx context.Context, db *firestore.Client, result *Result) error {
	var faults []error
	if err := pages(ctx, h.overdue(db), result, func(docs []*firestore.DocumentSnapshot) error {
		return h.expire(ctx, db, docs, result)
	}); err != nil {
		faults = append(faults, fmt.Errorf("expire grants: %w", err))
	}
	if err := pages(ctx, unsettled(db), result, func(docs []*firestore.DocumentSnapshot) error {
		return settle(ctx, db, docs, result)
	}); err != nil {
		faults = append(faults, fmt.Errorf("settle runs: %w", err))
	}
	return errors.Join(faults...)
}

// pages calls do with page after page of what query finds. A page that fails
// does not keep the next ones waiting.
func pages(ctx context.Context, query firestore.Query, result *Result, do func([]*firestore.DocumentSnapshot) error) error {
	var faults []error
	for range maxPages {
		docs, err := query.Limit(pageSize).Documents(ctx).GetAll()
		if err != nil {
			return errors.Join(append(faults, err)...)
		}
		if len(docs) > 0 {
			faults = append(faults, do(docs))
		}
		if len(docs) < pageSize {
			return errors.Join(faults...)
		}
		query = query.StartAfter(docs[len(docs)-1])
	}
	result.More = true
	return errors.Join(faults...)
}
