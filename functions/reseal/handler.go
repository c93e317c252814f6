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

// Bounds of one call: what is left is the next one's.
const (
	workTime  = 4 * time.Minute // no turn begins later; the scheduler waits for five
	turnPages = 20              // of one field, before it is another's turn: about a second
)

// Handler seals anew when the scheduler calls. It is safe for concurrent use; two
// calls at once do no harm.
type Handler struct {
	http.Handler
	API       *api.API
	deps      function.Deps
	directory *directory.Directory
	keys      *keys.Tenants
}

// Result is what one call did.
type Result struct {
	Resealed int  `json:"resealed" doc:"Values sealed anew"`
	Done     int  `json:"done" doc:"Tenants whose every value is under their newest data key"`
	Locked   int  `json:"locked" doc:"Tenants whose key is off"`
	More     bool `json:"more" doc:"Something is left for the next call"`
}

// New makes the function; it calls nothing yet.
func New(deps function.Deps) *Handler {
	a := api.New("Strongroom reseal", deps.Log)
	h := &Handler{
		Handler: a.Handler(), API: a, deps: deps,
		directory: directory.New(deps.Clients, deps.Now), keys: keys.NewTenants(deps.Clients, deps.Now),
	}
	api.Register(a, huma.Operation{
		OperationID: "reseal", Method: http.MethodPost, Path: "/",
		Summary: "Bring free texts to the newest data keys; called by the scheduler",
	}, h.reseal)
	return h
}

type resealResponse struct{ Body Result }

// reseal gives the tenants turns until all are done or the time is over. A tenant
// that fails does not keep the others waiting.
func (h *Handler) reseal(ctx context.Context, _ *struct{}) (*resealResponse, error) {
	out := &resealResponse{}
	end := h.deps.Now().Add(workTime)
	queue, err := h.active(ctx)
	faults := []error{err}
	for len(queue) > 0 && h.deps.Now().Before(end) {
		w := queue[0]
		queue = queue[1:]
		if err := h.turn(ctx, w, &out.Body); err != nil {
			faults = append(faults, fmt.Errorf("tenant %s: %w", w.tenant, err))
		}
		if len(w.left) > 0 {
			queue = append(queue, w)
		}
	}
	out.Body.More = out.Body.More || len(queue) > 0
	api.Logger(ctx).InfoContext(ctx, "resealed", "resealed", out.Body.Resealed, "done", out.Body.Done,
		"locked", out.Body.Locked, "more", out.Body.More)
	if err := errors.Join(faults...); err != nil {
		return nil, err
	}
	return out, nil
}

// work is what is to be done for one tenant.
type work struct {
	tenant tenant.ID
	keys   *keys.Tenant
	left   []keys.Field // that want another turn
	behind bool         // a field waits, or failed
}

// active are the tenants to be served, in any order: where the time is too short
// for all, others come first in the next call.
func (h *Handler) active(ctx context.Context) ([]*work, error) {
	var all []*work
	var faults []error
	err := h.directory.Each(ctx, func(t tenant.Record) error {
		if t.State != tenant.Active {
			return nil
		}
		k, err := h.keysOf(ctx, t)
		if err != nil {
			faults = append(faults, fmt.Errorf("tenant %s: %w", t.ID, err))
			return nil
		}
		all = append(all, &work{tenant: t.ID, keys: k, left: fields})
		return nil
	})
	rand.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	return all, errors.Join(append(faults, err)...)
}

func (h *Handler) keysOf(ctx context.Context, t tenant.Record) (*keys.Tenant, error) {
	db, err := h.directory.Database(ctx, t)
	if err != nil {
		return nil, err
	}
	return h.keys.Of(ctx, t, db)
}

// turn does a few pages of each field that is left. A field that waits for its
// new key, or fails, is left to the next call; a tenant whose key is off is, too.
func (h *Handler) turn(ctx context.Context, w *work, result *Result) error {
	var left []keys.Field
	var faults []error
	for _, field := range w.left {
		p, err := w.keys.Reseal(ctx, field, turnPages)
		result.Resealed += p.Resealed
		for _, path := range p.Shut {
			api.Logger(ctx).ErrorContext(ctx, "a sealed value never opens", "document", path, "field", field.Name)
		}
		switch {
		case errors.Is(err, keys.ErrKeyUnavailable):
			api.Logger(ctx).WarnContext(ctx, "a tenant's key is off", "tenant", string(w.tenant))
			result.Locked++
			w.left = nil
			return errors.Join(faults...)
		case err != nil:
			faults = append(faults, fmt.Errorf("%s.%s: %w", field.Group, field.Name, err))
			w.behind = true
		case p.Waiting:
			w.behind, result.More = true, true
		case !p.Done:
			left = append(left, field)
		}
	}
	if w.left = left; len(left) == 0 && !w.behind {
		result.Done++
	}
	return errors.Join(faults...)
}
