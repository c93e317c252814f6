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
	"github.com/strongroom-dev/strongroom/shared/function"
	"github.com/strongroom-dev/strongroom/shared/gcp"
	"github.com/strongroom-dev/strongroom/shared/keys"
	"github.com/strongroom-dev/strongroom/shared/outbox"
	"github.com/strongroom-dev/strongroom/shared/records"
	"github.com/strongroom-dev/strongroom/shared/run"
)

// Handler records runs, and reads them. It is safe for concurrent use.
type Handler struct {
	http.Handler
	API       *api.API
	guard     *access.Guard
	keys      *keys.Tenants
	publisher *outbox.Publisher
	deps      function.Deps
}

const (
	workspacePath = "/v1/workspaces/{workspace}"
	runsPath      = workspacePath + "/runs"
	path          = runsPath + "/{run}"
)

// New makes the function; it calls nothing yet.
func New(ctx context.Context, config access.Config, deps function.Deps) (*Handler, error) {
	guard, err := access.NewGuard(ctx, config, deps.Clients, deps.Now)
	if err != nil {
		return nil, err
	}
	a := api.New("Strongroom runs", deps.Log)
	h := &Handler{
		Handler: a.Handler(), API: a, guard: guard, keys: keys.NewTenants(deps.Clients, deps.Now),
		publisher: outbox.NewPublisher(deps.Clients), deps: deps,
	}
	api.Register(a, guard.Protect(huma.Operation{
		OperationID: "startRun", Method: http.MethodPut, Path: path,
		Summary: "Record that a run started; repeatable",
		Errors:  []int{400, 401, 403, 409, 413, 422, 503},
	}, auditlog.StartRun), h.start)
	api.Register(a, guard.Protect(huma.Operation{
		OperationID: "reportRun", Method: http.MethodPost, Path: path + "/report",
		Summary:      "Record that a run ended, what it put out, measured and found; repeatable",
		Errors:       []int{400, 401, 403, 409, 413, 422, 503},
		MaxBodyBytes: maxReportBytes,
	}, auditlog.ReportRun), h.report)
	h.registerQueries(a)
	return h, nil
}

func (h *Handler) registerQueries(a *api.API) {
	failures := []int{400, 401, 403, 404, 422, 503}
	api.Register(a, h.guard.Protect(huma.Operation{
		OperationID: "getRun", Method: http.MethodGet, Path: path,
		Summary: "Read a run", Errors: failures,
	}, auditlog.ReadRun), h.get)
	api.Register(a, h.guard.Protect(huma.Operation{
		OperationID: "listRuns", Method: http.MethodGet, Path: runsPath, RejectUnknownQueryParameters: true,
		Summary: "List runs, the newest first", Errors: failures,
	}, auditlog.ReadRun), h.list)
	api.Register(a, h.guard.Protect(huma.Operation{
		OperationID: "getRunIssues", Method: http.MethodGet, Path: path + "/issues",
		Summary: "Read the lines of issues that a run reported, byte for byte", Errors: failures,
	}, auditlog.ReadIssueLines), h.lines)
	api.Register(a, h.guard.Protect(huma.Operation{
		OperationID: "listSamples", Method: http.MethodGet, Path: workspacePath + "/slis/{sli}/samples", RejectUnknownQueryParameters: true,
		Summary: "List an SLI's samples", Errors: failures,
	}, auditlog.ReadSLI), h.samples)
}

func (h *Handler) get(ctx context.Context, in *getRequest) (*runResponse, error) {
	session := access.From(ctx)
	r, err := session.FindRun(ctx, in.Run)
	if err != nil {
		return nil, err
	}
	return &runResponse{Body: show(r)}, nil
}

// public is err as the client may see it.
func public(err error) error {
	switch {
	case errors.Is(err, records.ErrRunIDTaken):
		return api.Refuse(http.StatusConflict, api.RunIDTakenText)
	case errors.Is(err, run.ErrConflict):
		return api.Refuse(http.StatusConflict, "the run was told otherwise before; what was told first stands")
	case errors.Is(err, keys.ErrKeyUnavailable):
		// Not for good: what a runner keeps can be recorded once the key is back.
		return api.Refuse(http.StatusServiceUnavailable, api.KeyLockedText).With("Retry-After", "60")
	}
	return err
}

// update is one change of a run, in one transaction.
type update struct {
	place  records.RunRef
	begins bool                                                       // the run is most likely new
	change func(tx *firestore.Transaction, r *run.Run) (write, error) // reads all that it reads
}

// write writes all that belongs to a change, beside the run itself. Nil: there
// is nothing to change.
type write func(tx *firestore.Transaction) error

// apply changes a run, or begins it. What change refuses is not written. Tried
// says that a commit was sent, whether by this answer or an earlier attempt's.
func (h *Handler) apply(ctx context.Context, u update) (now run.Run, tried bool, err error) {
	for range gcp.Attempts {
		// The client may have repeated a commit whose reply was lost, and its
		// transaction is over. Another one sees whether it was done.
		var sent bool
		now, sent, err = h.commit(ctx, u)
		if tried = tried || sent; !repeated(err) {
			break
		}
	}
	return now, tried, public(err)
}

// repeated tells the answers to a commit that took effect before.
func repeated(err error) bool {
	switch status.Code(err) {
	case codes.InvalidArgument, codes.AlreadyExists, codes.FailedPrecondition:
		return true
	}
	return false
}

func (h *Handler) commit(ctx context.Context, u update) (now run.Run, tried bool, err error) {
	err = access.From(ctx).DB.RunTransaction(ctx, func(_ context.Context, tx *firestore.Transaction) error {
		open := u.place.Open
		if u.begins {
			open = u.place.OpenExpectingNew
		}
		r, create, err := open(tx, h.deps.Now())
		if err != nil {
			return err
		}
		write, err := u.change(tx, &r)
		now = r
		if err != nil || write == nil {
			return err
		}
		tried = true
		if err := u.place.Save(tx, r, create); err != nil {
			return err
		}
		return write(tx)
	})
	return now, tried, err
}

// event is what the world is told of a run whose start and end are known.
func (h *Handler) event(s access.Session, id run.ID) outbox.Entry {
	return outbox.Ended(s.Tenant.ID, s.Workspace, id, h.deps.Now())
}

// publish publishes what a commit wrote. If it fails, the relay does it.
func (h *Handler) publish(ctx context.Context, s access.Session, id run.ID) {
	if err := h.publisher.Publish(ctx, s.DB, h.event(s, id)); err != nil {
		api.Logger(ctx).WarnContext(ctx, "left for the relay", "error", err.Error())
	}
}
