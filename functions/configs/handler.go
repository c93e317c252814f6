package configs

import (
	"context"
	"net/http"
	"strings"

	"cloud.google.com/go/storage"
	"github.com/danielgtaylor/huma/v2"

	"github.com/strongroom-dev/strongroom/shared/access"
	"github.com/strongroom-dev/strongroom/shared/api"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/bucket"
	"github.com/strongroom-dev/strongroom/shared/function"
	"github.com/strongroom-dev/strongroom/shared/gcp"
	"github.com/strongroom-dev/strongroom/shared/keys"
	"github.com/strongroom-dev/strongroom/shared/outbox"
)

// Handler serves the configurations of workspaces. It is safe for concurrent use.
type Handler struct {
	http.Handler
	API   *api.API
	guard *access.Guard
	deps  function.Deps
	keys  *keys.Tenants

	publisher *outbox.Publisher

	storage gcp.Lazy[*storage.Client]
}

// The paths of the function.
const (
	configPath = "/v1/workspaces/{workspace}/config"
	gitPath    = configPath + ".git"
	reviewPath = configPath + "/reviews/{review}"
)

// What a request needs in memory in addition to its body, and to the repository: a handler
// reserves both at once when it knows how large the repository is.
const (
	listMemory = 8 << 20
	readMemory = 8 << 20
	pushMemory = 12 << 20 // what the files say, and the pack that is stored; the objects are reserved as they are unpacked
	packMemory = 60 << 20 // go-git packs objects for a fetch
	heldMemory = 32 << 20 // a pack of 8 MiB, encrypted and decrypted, and what is shown of it
)

// New returns the function. It makes no calls.
func New(ctx context.Context, config access.Config, deps function.Deps) (*Handler, error) {
	guard, err := access.NewGuard(ctx, config, deps.Clients, deps.Now)
	if err != nil {
		return nil, err
	}
	a := api.New("Strongroom configs", deps.Now, deps.Log)
	h := &Handler{Handler: forGit(a.Handler()), API: a, guard: guard, deps: deps, keys: keys.NewTenants(deps.Clients, deps.Now), publisher: outbox.NewPublisher(deps.Clients)}
	h.registerGit(a)
	h.registerREST(a)
	return h, nil
}

func (h *Handler) registerGit(a *api.API) {
	api.Register(a, h.guard.Protect(huma.Operation{
		OperationID: "listConfigRefs", Method: http.MethodGet, Path: gitPath + "/info/refs",
		Summary: "For git: what a repository can do, and its references", Errors: []int{400, 401, 403, 503},
	}, auditlog.ReadConfig), h.refs)
	api.Register(a, h.guard.Protect(huma.Operation{
		OperationID: "fetchConfig", Method: http.MethodPost, Path: gitPath + "/git-upload-pack",
		Summary: "For git: send objects of a repository", Errors: []int{400, 401, 403, 404, 422, 503},
		MaxBodyBytes: maxFetchBytes,
	}, auditlog.ReadConfig), h.fetch)
	api.Register(a, h.guard.Protect(huma.Operation{
		OperationID: "pushConfig", Method: http.MethodPost, Path: gitPath + "/git-receive-pack",
		Summary: "For git: receive a reviewed configuration", Errors: []int{400, 401, 403, 404, 422, 503},
		MaxBodyBytes: maxPushBytes,
	}, auditlog.PushConfig), h.push)
}

func (h *Handler) registerREST(a *api.API) {
	h.registerReads(a)
	h.registerReviews(a)
	h.registerDecisions(a)
}

func (h *Handler) registerReads(a *api.API) {
	api.Register(a, h.guard.Protect(huma.Operation{
		OperationID: "getConfig", Method: http.MethodGet, Path: configPath,
		Summary: "Show the configuration in effect: its digest, its review and its files", Errors: []int{400, 401, 403, 404, 422, 503},
	}, auditlog.ReadConfig), h.get)
	api.Register(a, h.guard.Protect(huma.Operation{
		OperationID: "getConfigFile", Method: http.MethodGet, Path: configPath + "/files/{file}",
		Summary: "Show a file of the configuration in effect, by the SHA-256 of its content", Errors: []int{400, 401, 403, 404, 503},
	}, auditlog.ReadConfig), h.file)
	api.Register(a, h.guard.Protect(huma.Operation{
		OperationID: "listConfigCommits", Method: http.MethodGet, Path: configPath + "/log",
		Summary: "List the commits of main, newest first", Errors: []int{400, 401, 403, 404, 409, 422, 503},
	}, auditlog.ReadConfig), h.log)
}

func (h *Handler) registerReviews(a *api.API) {
	api.Register(a, api.WithMemory(h.guard.Protect(huma.Operation{
		OperationID: "listConfigReviews", Method: http.MethodGet, Path: configPath + "/reviews",
		Summary: "List the reviews of configurations, newest first", Errors: []int{400, 401, 403, 422, 503},
	}, auditlog.ReadConfigReviews), listMemory), h.listReviews)
	api.Register(a, h.guard.Protect(huma.Operation{
		OperationID: "reviewConfig", Method: http.MethodPut, Path: reviewPath,
		Summary: "Record the review of one exact configuration", Errors: []int{400, 401, 403, 404, 409, 413, 415, 422, 503},
	}, auditlog.ReviewConfig), h.review)
	api.Register(a, h.guard.Protect(huma.Operation{
		OperationID: "getConfigReview", Method: http.MethodGet, Path: reviewPath,
		Summary: "Show a review, its waivers and the push that waits for approval", Errors: []int{400, 401, 403, 404, 503},
	}, auditlog.ReadConfigReviews), h.getReview)
}

func (h *Handler) registerDecisions(a *api.API) {
	api.Register(a, h.guard.Protect(huma.Operation{
		OperationID: "showHeldConfig", Method: http.MethodGet, Path: reviewPath + "/files",
		Summary: "Show what a push that waits for approval changes", Errors: []int{400, 401, 403, 404, 409, 503},
	}, auditlog.ReadHeldConfig), h.heldFiles)
	api.Register(a, h.guard.Protect(huma.Operation{
		OperationID: "approveConfig", Method: http.MethodPost, Path: reviewPath + "/approve",
		Summary: "Let a push that waits take effect, as an admin who has neither reviewed nor pushed it", Errors: []int{400, 401, 403, 404, 409, 503},
	}, auditlog.ApproveConfig), h.approve)
	api.Register(a, h.guard.Protect(huma.Operation{
		OperationID: "rejectConfig", Method: http.MethodPost, Path: reviewPath + "/reject",
		Summary: "Reject a push that waits; what it had cannot be read any more", Errors: []int{400, 401, 403, 404, 409, 503},
	}, auditlog.RejectConfig), h.reject)
	api.Register(a, h.guard.Protect(huma.Operation{
		OperationID: "resetConfig", Method: http.MethodPost, Path: configPath + "/reset",
		Summary: "Drop the history, and keep the configuration in effect", Errors: []int{400, 401, 403, 404, 409, 413, 415, 422, 503},
	}, auditlog.ResetConfig), h.reset)
}

// bucket returns the tenant's bucket of configurations.
func (h *Handler) bucket(ctx context.Context, s access.Session) (*storage.BucketHandle, error) {
	client, err := h.storage.Get(ctx, func(ctx context.Context) (*storage.Client, error) {
		client, err := bucket.NewClient(ctx, h.deps.Clients.Config)
		if err == nil {
			h.deps.Clients.OnClose(client.Close)
		}
		return client, err
	})
	if err != nil {
		return nil, err
	}
	return client.Bucket(s.Tenant.ConfigsBucket), nil
}

// requireWorkspace returns a problem if the tenant does not have the workspace any more.
func (h *Handler) requireWorkspace(ctx context.Context, s access.Session) error {
	exists, err := h.guard.Directory.HasWorkspace(ctx, s.Tenant.ID, s.Workspace)
	if err == nil && !exists {
		err = api.Refuse(http.StatusNotFound, "the tenant has no such workspace")
	}
	return err
}

// forGit adapts the requests of git. It sends its token as the password of Basic
// authentication, and only after a challenge.
func forGit(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.Contains(r.URL.Path, "/config.git/") {
			next.ServeHTTP(w, r)
			return
		}
		if _, token, ok := r.BasicAuth(); ok {
			r = r.Clone(r.Context())
			r.Header.Set("Authorization", "Bearer "+token)
		}
		next.ServeHTTP(&challenger{w}, r)
	})
}

// challenger asks for Basic authentication in a response with the status 401.
type challenger struct{ http.ResponseWriter }

// WriteHeader implements http.ResponseWriter.
func (c *challenger) WriteHeader(status int) {
	if status == http.StatusUnauthorized {
		c.Header().Set("WWW-Authenticate", `Basic realm="strongroom"`)
	}
	c.ResponseWriter.WriteHeader(status)
}

// Unwrap lets http.ResponseController reach the connection.
func (c *challenger) Unwrap() http.ResponseWriter { return c.ResponseWriter }
