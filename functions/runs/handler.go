package runs

import (
	"context"
	"errors"
	"net/http"

	"cloud.google.com/go/firestore"
	"github.com/danielgtaylor/huma/v2"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/strongroom-dev/strongroom/shared/access"
	"github.com/strongroom-dev/strongroom/shared/api"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/run"
)

// Handler records runs. It is safe for concurrent use.
type Handler struct {
	http.Handler
	API   *api.API
	guard *access.Guard
	deps  Deps
}

const path = "/v1/workspaces/{workspace}/runs/{run}"

// New makes the function; it calls nothing yet.
func New(ctx context.Context, config Config, deps Deps) (*Handler, error) {
	guard, err := access.NewGuard(ctx, config.Access, deps.Clients, deps.Now)
	if err != nil {
		return nil, err
	}
	a := api.New("Strongroom runs", deps.Log)
	h := &Handler{Handler: a.Handler(), API: a, guard: guard, deps: deps}
	api.Register(a, guard.Protect(huma.Operation{
		OperationID: "startRun", Method: http.MethodPut, Path: path,
		Summary: "Record that a run started; repeatable",
		Errors:  []int{400, 401, 403, 409, 413, 422, 503},
	}, a, auditlog.StartRun), h.start)
	api.Register(a, guard.Protect(huma.Operation{
		OperationID: "reportRun", Method: http.MethodPost, Path: path + "/report",
		Summary: "Record that a run ended, and what it put out; repeatable",
		Errors:  []int{400, 401, 403, 409, 413, 422, 503},
	}, a, auditlog.ReportRun), h.report)
	api.Register(a, guard.Protect(huma.Operation{
		OperationID: "getRun", Method: http.MethodGet, Path: path,
		Summary: "Read a run",
		Errors:  []int{400, 401, 403, 404, 503},
	}, a, auditlog.ReadRun), h.get)
	return h, nil
}

func (h *Handler) start(ctx context.Context, in *startRequest) (*runResponse, error) {
	start, id, err := in.parse()
	if err != nil {
		return nil, err
	}
	return h.update(ctx, id, func(r *run.Run) (bool, error) {
		if !r.Start.Known() {
			r.Start = start
			return true, nil
		}
		if !r.Start.Equal(start) {
			return false, run.ErrConflict
		}
		return false, nil
	})
}

func (h *Handler) report(ctx context.Context, in *reportRequest) (*runResponse, error) {
	end, id, err := in.parse()
	if err != nil {
		return nil, err
	}
	return h.update(ctx, id, func(r *run.Run) (bool, error) {
		if r.State != run.Ended {
			r.State, r.End = run.Ended, end
			return true, nil
		}
		if !r.End.Equal(end) {
			return false, run.ErrConflict
		}
		return false, nil
	})
}

func (h *Handler) get(ctx context.Context, in *getRequest) (*runResponse, error) {
	session := access.From(ctx)
	id, err := run.ParseID(in.Run)
	if err != nil {
		return nil, api.Refuse(http.StatusBadRequest, err.Error())
	}
	r, err := run.At(session.DB, session.Tenant.ID, session.Workspace, id).Get(ctx)
	if errors.Is(err, run.ErrNotFound) {
		return nil, api.Refuse(http.StatusNotFound, "this workspace has no such run")
	}
	if err != nil {
		return nil, err
	}
	return &runResponse{Body: show(r)}, nil
}

// update changes a run, or begins it, in one transaction. What change refuses
// is not written.
func (h *Handler) update(ctx context.Context, id run.ID, change func(*run.Run) (changed bool, err error)) (*runResponse, error) {
	session := access.From(ctx)
	place := run.At(session.DB, session.Tenant.ID, session.Workspace, id)
	now, err := h.commit(ctx, place, change)
	if status.Code(err) == codes.InvalidArgument {
		// The client repeated a commit whose reply was lost, and its transaction
		// is over. Another one sees whether it was done.
		now, err = h.commit(ctx, place, change)
	}
	switch {
	case errors.Is(err, run.ErrElsewhere):
		return nil, api.Refuse(http.StatusConflict, "this run id is taken; make a new UUIDv7")
	case errors.Is(err, run.ErrConflict):
		return nil, api.Refuse(http.StatusConflict, "the run was told otherwise before; what was told first stands")
	case err != nil:
		return nil, err
	}
	return &runResponse{Body: show(now)}, nil
}

func (h *Handler) commit(ctx context.Context, place run.Place, change func(*run.Run) (bool, error)) (now run.Run, err error) {
	err = access.From(ctx).DB.RunTransaction(ctx, func(_ context.Context, tx *firestore.Transaction) error {
		r, create, err := place.Open(tx, h.deps.Now())
		if err != nil {
			return err
		}
		changed, err := change(&r)
		now = r
		if err != nil || !changed {
			return err
		}
		return place.Save(tx, r, create)
	})
	return now, err
}
