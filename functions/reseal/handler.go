package reseal

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/strongroom-dev/strongroom/shared/api"
	"github.com/strongroom-dev/strongroom/shared/directory"
	"github.com/strongroom-dev/strongroom/shared/function"
	"github.com/strongroom-dev/strongroom/shared/keys"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// Limits of one call. The next call continues.
const (
	maxDuration  = 4 * time.Minute // start no more pages after this; the scheduler's deadline is 5 minutes
	pagesPerTurn = 20              // pages of one field before the next tenant's turn: about a second
)

// Handler reseals free texts when the scheduler calls. It is safe for concurrent
// use.
type Handler struct {
	http.Handler
	API       *api.API
	deps      function.Deps
	directory *directory.Directory
	keys      *keys.Tenants
}

// Result is the work of one call.
type Result struct {
	Resealed int  `json:"resealed" class:"operational" doc:"Values sealed again under a newer data key"`
	Done     int  `json:"done" class:"operational" doc:"Tenants whose values are all under their newest data key"`
	Locked   int  `json:"locked" class:"operational" doc:"Tenants whose key is unavailable"`
	More     bool `json:"more" class:"operational" doc:"The next call has work left"`
}

// New returns the function. It makes no calls.
func New(deps function.Deps) *Handler {
	a := api.New("Strongroom reseal", deps.Now, deps.Log)
	h := &Handler{
		Handler: a.Handler(), API: a, deps: deps,
		directory: directory.New(deps.Clients, deps.Now), keys: keys.NewTenants(deps.Clients, deps.Now),
	}
	api.Register(a, huma.Operation{
		OperationID: "reseal", Method: http.MethodPost, Path: "/",
		Summary: "Reseal free texts under the newest data keys; called by the scheduler",
	}, h.reseal)
	return h
}

type resealResponse struct{ Body Result }

// reseal processes a few pages of one tenant after the other, until all tenants are
// done or the time is over. If a tenant fails, it continues with the others.
func (h *Handler) reseal(ctx context.Context, _ *struct{}) (*resealResponse, error) {
	out := &resealResponse{}
	end := h.deps.Now().Add(maxDuration)
	queue, err := h.jobs(ctx)
	errs := []error{err}
	for len(queue) > 0 && h.deps.Now().Before(end) {
		job := queue[0]
		queue = queue[1:]
		if err := h.resealPages(ctx, job, &out.Body); err != nil {
			errs = append(errs, fmt.Errorf("tenant %s: %w", job.tenant, err))
		}
		if len(job.remaining) > 0 {
			queue = append(queue, job)
		}
	}
	out.Body.More = out.Body.More || len(queue) > 0
	api.Logger(ctx).InfoContext(ctx, "reseal finished", "resealed", out.Body.Resealed, "done", out.Body.Done,
		"locked", out.Body.Locked, "more", out.Body.More)
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return out, nil
}

// tenantJob is the work on one tenant.
type tenantJob struct {
	tenant     tenant.ID
	keys       *keys.Tenant
	remaining  []keys.Field // fields with more pages
	incomplete bool         // a field waits for its new key, or failed
}

// jobs returns one job per active tenant. The order is random, so that no tenant is
// always last when the time is too short for all.
func (h *Handler) jobs(ctx context.Context) ([]*tenantJob, error) {
	var all []*tenantJob
	var errs []error
	err := h.directory.Each(ctx, func(t tenant.Record) error {
		if t.State != tenant.Active {
			return nil
		}
		k, err := h.keysOf(ctx, t)
		if err != nil {
			errs = append(errs, fmt.Errorf("tenant %s: %w", t.ID, err))
			return nil
		}
		all = append(all, &tenantJob{tenant: t.ID, keys: k, remaining: fields})
		return nil
	})
	rand.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	return all, errors.Join(append(errs, err)...)
}

func (h *Handler) keysOf(ctx context.Context, t tenant.Record) (*keys.Tenant, error) {
	db, err := h.directory.Database(ctx, t)
	if err != nil {
		return nil, err
	}
	return h.keys.Of(ctx, t, db)
}

// resealPages processes a few pages of each remaining field of a tenant. The next
// call continues with a field that waits for its new key or failed, and with a tenant
// whose key is unavailable.
func (h *Handler) resealPages(ctx context.Context, job *tenantJob, result *Result) error {
	var remaining []keys.Field
	var errs []error
	for _, field := range job.remaining {
		p, err := job.keys.Reseal(ctx, field, pagesPerTurn)
		result.Resealed += p.Resealed
		for _, path := range p.Unreadable {
			api.Logger(ctx).ErrorContext(ctx, "sealed value cannot be decrypted", "document", path, "field", field.Name)
		}
		switch {
		case errors.Is(err, keys.ErrKeyUnavailable):
			api.Logger(ctx).WarnContext(ctx, "tenant's key is unavailable", "tenant", string(job.tenant))
			result.Locked++
			job.remaining = nil
			return errors.Join(errs...)
		case err != nil:
			errs = append(errs, fmt.Errorf("%s.%s: %w", field.Group, field.Name, err))
			job.incomplete = true
		case p.Waiting:
			job.incomplete, result.More = true, true
		case !p.Done:
			remaining = append(remaining, field)
		}
	}
	if job.remaining = remaining; len(remaining) == 0 && !job.incomplete {
		result.Done++
	}
	return errors.Join(errs...)
}
