package tenants

import (
	"context"
	"net/http"

	credentials "cloud.google.com/go/iam/credentials/apiv1"
	kms "cloud.google.com/go/kms/apiv1"
	"cloud.google.com/go/storage"
	"github.com/danielgtaylor/huma/v2"

	"github.com/strongroom-dev/strongroom/shared/access"
	"github.com/strongroom-dev/strongroom/shared/api"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/bucket"
	"github.com/strongroom-dev/strongroom/shared/function"
	"github.com/strongroom-dev/strongroom/shared/gcp"
	"github.com/strongroom-dev/strongroom/shared/signedurl"
)

// Handler shows tenants and changes their keys. It is safe for concurrent use.
type Handler struct {
	http.Handler
	API   *api.API
	guard *access.Guard
	deps  function.Deps
	kms   *kms.KeyManagementClient

	storage     *storage.Client // to read the settings of buckets
	credentials gcp.Lazy[*credentials.IamCredentialsClient]
	minter      signedurl.Minter
}

// The paths of the function.
const (
	tenantPath    = "/v1/tenant"
	usagePath     = "/v1/tenant/usage"
	retentionPath = "/v1/tenant/retention"
	testPath      = "/v1/tenant/key/test"
	rotatePath    = "/v1/tenant/key/rotate"
	disablePath   = "/v1/tenant/key/disable"
	enablePath    = "/v1/tenant/key/enable"
	destroyPath   = "/v1/tenant/key/destroy"

	tenantsPath = "/v1/tenants"
	statusPath  = "/v1/tenants/{tenant}"
	suspendPath = "/v1/tenants/{tenant}/suspend"
	resumePath  = "/v1/tenants/{tenant}/resume"

	leavePath            = "/v1/tenant/offboarding"
	stopPath             = "/v1/tenant/offboarding/stop"
	certificatePath      = "/v1/tenant/certificate"
	staffLeavePath       = "/v1/tenants/{tenant}/offboarding"
	staffStopPath        = "/v1/tenants/{tenant}/offboarding/stop"
	staffCertificatePath = "/v1/tenants/{tenant}/certificate"

	storagePath = "/v1/tenant/storage"
	verifyPath  = "/v1/tenant/storage/verify"

	holdsPath     = "/v1/tenant/holds"
	holdPath      = "/v1/tenant/holds/{hold}"
	liftPath      = "/v1/tenant/holds/{hold}/lift"
	staffLiftPath = "/v1/tenants/{tenant}/holds/{hold}/lift"

	workspacesPath = "/v1/tenant/workspaces"
	membersPath    = "/v1/tenant/workspaces/{workspace}/members"
	memberPath     = "/v1/tenant/workspaces/{workspace}/members/{member}"

	trustPath     = "/v1/tenant/trust"
	trustTestPath = "/v1/tenant/trust/test"
	rulesPath     = "/v1/tenant/trust/rules"
	rulePath      = "/v1/tenant/trust/rules/{rule}"
)

// New returns the function. It makes no calls.
func New(ctx context.Context, config access.Config, deps function.Deps) (*Handler, error) {
	guard, err := access.NewGuard(ctx, config, deps.Clients, deps.Now)
	if err != nil {
		return nil, err
	}
	client, err := deps.Clients.KMS(ctx)
	if err != nil {
		return nil, err
	}
	buckets, err := bucket.NewClient(ctx, deps.Clients.Config)
	if err != nil {
		return nil, err
	}
	deps.Clients.OnClose(buckets.Close)
	a := api.New("Strongroom tenants", deps.Now, deps.Log)
	h := &Handler{
		Handler: a.Handler(), API: a, guard: guard, deps: deps, kms: client, storage: buckets,
		minter: signedurl.Minter{Host: deps.Clients.Config.StorageHost, Now: deps.Now},
	}
	api.Register(a, h.operation("getTenant", http.MethodGet, tenantPath, "Show the tenant's record and the state of its key", auditlog.ReadTenant), h.get)
	api.Register(a, h.operation("getUsage", http.MethodGet, usagePath, "Show what the tenant has used of its quotas, by day", auditlog.ReadTenant), h.usage)
	api.Register(a, h.operation("getRetention", http.MethodGet, retentionPath, "Show what is deleted when, what is due, and what was deleted", auditlog.ReadTenant), h.retention)
	api.Register(a, h.operation("testKey", http.MethodPost, testPath, "Encrypt and decrypt with each version of the key", auditlog.TestKey), h.test)
	api.Register(a, h.operation("rotateKey", http.MethodPost, rotatePath, "Make a new version of the key the primary one", auditlog.RotateKey, 409), h.rotate)
	api.Register(a, h.operation("disableKey", http.MethodPost, disablePath, "Make all data of the tenant unreadable until the key is enabled", auditlog.DisableKey, 409), h.disable)
	api.Register(a, h.operation("enableKey", http.MethodPost, enablePath, "Make the data of the tenant readable again", auditlog.EnableKey, 409), h.enable)
	api.Register(a, h.operation("destroyKey", http.MethodPost, destroyPath, "Request or confirm the destruction of the key", auditlog.DestroyKey, 409), h.destroy)
	h.registerStaff(a)
	h.registerHolds(a)
	h.registerMembers(a)
	h.registerTrust(a)
	h.registerOffboarding(a)
	h.registerStorage(a)
	return h, nil
}

// operation describes an operation: statuses are its own, in addition to those that every
// operation may return.
func (h *Handler) operation(id, method, path, summary string, action auditlog.Action, statuses ...int) huma.Operation {
	return h.guard.Protect(huma.Operation{
		OperationID: id, Method: method, Path: path, Summary: summary, Errors: append([]int{400, 401, 403, 422, 503}, statuses...),
	}, action)
}
