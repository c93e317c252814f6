package runs

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/strongroom-dev/strongroom/shared/access"
	"github.com/strongroom-dev/strongroom/shared/api"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/function"
	"github.com/strongroom-dev/strongroom/shared/keys"
	"github.com/strongroom-dev/strongroom/shared/outbox"
)

// Handler records and reads runs. It is safe for concurrent use.
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

// New returns the function. It makes no calls yet.
func New(ctx context.Context, config access.Config, deps function.Deps) (*Handler, error) {
	guard, err := access.NewGuard(ctx, config, deps.Clients, deps.Now)
	if err != nil {
		return nil, err
	}
	a := api.New("Strongroom runs", deps.Now, deps.Log)
	h := &Handler{
		Handler:   a.Handler(),
		API:       a,
		guard:     guard,
		keys:      keys.NewTenants(deps.Clients, deps.Now),
		publisher: outbox.NewPublisher(deps.Clients),
		deps:      deps,
	}
	api.Register(a, guard.Protect(huma.Operation{
		OperationID: "startRun", Method: http.MethodPut, Path: path,
		Summary: "Record the start of a run; safe to repeat",
		Errors:  []int{400, 401, 403, 409, 413, 422, 503},
	}, auditlog.StartRun), h.start)
	api.Register(a, guard.Protect(huma.Operation{
		OperationID: "reportRun", Method: http.MethodPost, Path: path + "/report",
		Summary:      "Record the end of a run with its outputs, samples and issues; safe to repeat",
		Errors:       []int{400, 401, 403, 409, 413, 422, 503},
		MaxBodyBytes: maxReportBytes,
	}, auditlog.ReportRun), h.report)
	api.Register(a, guard.Protect(huma.Operation{
		OperationID: "heartbeatRun", Method: http.MethodPost, Path: path + "/heartbeat",
		Summary: "Say that the run's runner is alive; without a call for 15 minutes, the run is lost",
		Errors:  []int{400, 401, 403, 409, 503},
	}, auditlog.HeartbeatRun), h.heartbeat)
	h.registerQueries(a)
	return h, nil
}

func (h *Handler) registerQueries(a *api.API) {
	failures := []int{400, 401, 403, 404, 422, 503}
	api.Register(a, h.guard.ProtectReading(huma.Operation{
		OperationID: "getRun", Method: http.MethodGet, Path: path,
		Summary: "Read a run", Errors: failures,
	}, auditlog.ReadRun), h.get)
	api.Register(a, api.WithMemory(h.guard.ProtectReading(huma.Operation{
		OperationID: "searchRuns", Method: http.MethodPost, Path: runsPath + "/search",
		Summary: "Search runs, newest first", Errors: failures,
	}, auditlog.ReadRun), listMemory), h.search)
	api.Register(a, api.WithMemory(h.guard.ProtectReading(huma.Operation{
		OperationID: "getRunIssues", Method: http.MethodGet, Path: path + "/issues",
		Summary: "Read the issue lines of a run's report, byte for byte", Errors: failures,
	}, auditlog.ReadIssueLines), linesMemory), h.lines)
	api.Register(a, api.WithMemory(h.guard.ProtectReading(huma.Operation{
		OperationID: "listSamples", Method: http.MethodGet, Path: workspacePath + "/slis/{sli}/samples",
		Summary: "List an SLI's samples", Errors: failures,
	}, auditlog.ReadSLI), listMemory), h.samples)
}

func (h *Handler) get(ctx context.Context, in *getRequest) (*runResponse, error) {
	session := access.From(ctx)
	r, err := session.FindRun(ctx, in.Run)
	if err != nil {
		return nil, err
	}
	return &runResponse{Body: show(r)}, nil
}
