package outputs

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/http"

	"cloud.google.com/go/storage"
	"github.com/danielgtaylor/huma/v2"
	"google.golang.org/api/option"

	"github.com/strongroom-dev/strongroom/shared/access"
	"github.com/strongroom-dev/strongroom/shared/api"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/function"
	"github.com/strongroom-dev/strongroom/shared/gcp"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// Handler lists and streams outputs. It is safe for concurrent use.
type Handler struct {
	http.Handler
	API   *api.API
	guard *access.Guard
	deps  function.Deps

	storage gcp.Lazy[*storage.Client]

	instance string  // identifies this instance in the documents of views
	tallies  tallies // of views
	indexes  indexCache
}

const path = "/v1/workspaces/{workspace}/runs/{run}/outputs"

// New returns the function. It makes no calls.
func New(ctx context.Context, config access.Config, deps function.Deps) (*Handler, error) {
	guard, err := access.NewGuard(ctx, config, deps.Clients, deps.Now)
	if err != nil {
		return nil, err
	}
	a := api.New("Strongroom outputs", deps.Now, deps.Log)
	h := &Handler{Handler: a.Handler(), API: a, guard: guard, deps: deps, instance: rand.Text()}
	api.Register(a, guard.ProtectReading(huma.Operation{
		OperationID: "listOutputs", Method: http.MethodGet, Path: path,
		Summary: "List the outputs of a run",
		Errors:  []int{400, 401, 403, 404, 503},
	}, auditlog.ListOutputs), h.list)
	api.Register(a, guard.ProtectReading(huma.Operation{
		OperationID: "readOutput", Method: http.MethodGet, Path: path + "/{output}",
		Summary: "Stream an output, at most 8 MiB per response",
		Errors:  []int{400, 401, 403, 404, 410, 413, 416, 503},
	}, auditlog.ReadOutput), h.read)
	api.Register(a, guard.ProtectReading(huma.Operation{
		OperationID: "openView", Method: http.MethodPost, Path: path + "/{output}/views",
		Summary: "Open a view of an output: one audit entry for any number of reads",
		Errors:  []int{400, 401, 403, 404, 410, 503},
	}, auditlog.ReadOutput), h.openView)
	api.Register(a, guard.ProtectReading(huma.Operation{
		OperationID: "closeView", Method: http.MethodPost, Path: path + "/{output}/views/close",
		Summary: "Close a view, and record what was sent",
		Errors:  []int{400, 401, 403, 404, 410, 503},
	}, auditlog.ReadOutput), h.closeView)
	api.Register(a, guard.ProtectReading(huma.Operation{
		OperationID: "searchOutput", Method: http.MethodPost, Path: path + "/{output}/search",
		Summary: "Search an output under a view, at most 64 MiB per call",
		Errors:  []int{400, 401, 403, 404, 410, 422, 503},
	}, auditlog.ReadOutput), h.search)
	return h, nil
}

// maxAttempts limits the attempts to read one segment of a part from the bucket.
const maxAttempts = 4

// bucket returns the bucket of a run's output. remembered is what the run has as its bucket.
func (h *Handler) bucket(ctx context.Context, s access.Session, remembered string) (*storage.BucketHandle, error) {
	name, err := s.Tenant.BucketOf(tenant.Outputs, remembered)
	if err != nil {
		api.Logger(ctx).ErrorContext(ctx, "find the bucket of a run", "error", err.Error())
		return nil, api.Refuse(http.StatusForbidden, api.StorageUnavailableText)
	}
	client, err := h.storage.Get(ctx, func(ctx context.Context) (*storage.Client, error) {
		client, err := storage.NewClient(ctx, h.clientOptions()...)
		if err != nil {
			return nil, fmt.Errorf("connect to storage: %w", err)
		}
		client.SetRetry(storage.WithMaxAttempts(maxAttempts)) // the default retries until the request's context ends
		return client, nil
	})
	if err != nil {
		return nil, err
	}
	return client.Bucket(name), nil
}

func (h *Handler) clientOptions() []option.ClientOption {
	cloud := h.deps.Clients.Config
	if cloud.StorageHost == "" {
		return nil
	}
	return []option.ClientOption{
		option.WithEndpoint("http://" + cloud.StorageHost + "/storage/v1/"),
		option.WithHTTPClient(&http.Client{Transport: cloud.Transport()}),
	}
}
