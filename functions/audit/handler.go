package audit

import (
	"context"
	"errors"
	"net/http"

	"cloud.google.com/go/storage"
	"github.com/danielgtaylor/huma/v2"

	"github.com/strongroom-dev/strongroom/shared/access"
	"github.com/strongroom-dev/strongroom/shared/api"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/bucket"
	"github.com/strongroom-dev/strongroom/shared/function"
	"github.com/strongroom-dev/strongroom/shared/gcp"
	"github.com/strongroom-dev/strongroom/shared/signednote"
)

// Handler serves audit logs. It is safe for concurrent use.
type Handler struct {
	http.Handler
	API    *api.API
	guard  *access.Guard
	reader *auditlog.Reader
	config Config
	deps   function.Deps

	storage      gcp.Lazy[*storage.Client]
	keys         signednote.Cache
	manifestKeys signednote.Cache
	certKeys     signednote.Cache // of certificates
}

const (
	entriesPath         = "/v1/audit/entries"
	workspacePath       = "/v1/workspaces/{workspace}/audit/entries"
	logPath             = "/v1/tenants/{tenant}/audit/log"
	platformEntriesPath = "/v1/platform/audit/entries"
	platformLogPath     = "/v1/platform/audit/log"
)

// What one request needs, in bytes.
const (
	listMemory = 8 << 20  // entries of about 1 MiB, sealed, opened and as JSON
	tileMemory = 32 << 20 // the 255 largest entries of a partial bundle, sealed, opened and as a bundle
)

// New returns the function. It makes no calls.
func New(ctx context.Context, config Config, deps function.Deps) (*Handler, error) {
	guard, err := access.NewGuard(ctx, config.Config, deps.Clients, deps.Now)
	if err != nil {
		return nil, err
	}
	reader, err := auditlog.OpenReader(ctx, config.Config.Config, deps.Clients, deps.Now)
	if err != nil {
		return nil, err
	}
	a := api.New("Strongroom audit", deps.Now, deps.Log)
	h := &Handler{Handler: a.Handler(), API: a, guard: guard, reader: reader, config: config, deps: deps}
	h.registerEntries(a)
	h.registerLog(a)
	h.registerCertificateKeys(a)
	return h, nil
}

func (h *Handler) registerEntries(a *api.API) {
	tenants, platform := auditlog.ReadAuditEntries, auditlog.ReadPlatformEntries
	api.Register(a, h.operation("listAuditEntries", entriesPath, "List entries of the tenant's log", tenants), h.list)
	api.Register(a, h.operation("listWorkspaceAuditEntries", workspacePath, "List entries of a workspace", tenants), h.listWorkspace)
	api.Register(a, h.operation("getAuditEntry", entriesPath+"/{entry}", "Get an entry", tenants, http.StatusNotFound), h.get)
	api.Register(a, h.operation("proveAuditEntry", entriesPath+"/{entry}/proof", "Get the proof that an entry is in the published log",
		tenants, http.StatusNotFound, http.StatusConflict), h.prove)
	api.Register(a, h.operation("listPlatformAuditEntries", platformEntriesPath, "List entries of the platform's log", platform), h.list)
	api.Register(a, h.operation("getPlatformAuditEntry", platformEntriesPath+"/{entry}", "Get an entry of the platform's log",
		platform, http.StatusNotFound), h.get)
	api.Register(a, h.operation("provePlatformAuditEntry", platformEntriesPath+"/{entry}/proof", "Get the proof that an entry is in the platform's published log",
		platform, http.StatusNotFound, http.StatusConflict), h.prove)
}

func (h *Handler) registerLog(a *api.API) {
	tenants, platform := auditlog.ReadAuditLog, auditlog.ReadPlatformLog
	api.Register(a, h.operation("getCheckpoint", logPath+"/checkpoint", "Get the newest checkpoint", tenants, http.StatusNotFound), h.tenantCheckpoint)
	api.Register(a, h.operation("getCosignedCheckpoint", logPath+"/cosigned-checkpoint", "Get the newest checkpoint that a witness has cosigned",
		tenants, http.StatusNotFound), h.cosignedCheckpoint)
	api.Register(a, h.operation("getLogKeys", logPath+"/keys", "List the verifier keys of the log and of the manifests of exports", tenants), h.tenantKeys)
	api.Register(a, h.operation("getLogPolicy", logPath+"/policy", "Get the log's keys and witnesses as a tlog-policy", tenants), h.tenantPolicy)
	tile := api.WithMemory(h.operation("getTile", logPath+"/tile/{tile...}", "Get a tile or an entry bundle", tenants, http.StatusNotFound), tileMemory)
	api.Register(a, tile, h.tenantTile)
	cosign := h.operation("cosignCheckpoint", logPath+"/cosignatures", "Store a witness's cosignature of a checkpoint",
		auditlog.CosignAuditLog, http.StatusConflict, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType)
	cosign.Method, cosign.MaxBodyBytes = http.MethodPost, maxNoteBytes
	api.Register(a, cosign, h.cosign)

	api.Register(a, h.operation("getPlatformCheckpoint", platformLogPath+"/checkpoint", "Get the newest checkpoint of the platform's log",
		platform, http.StatusNotFound), h.platformCheckpoint)
	api.Register(a, h.operation("getPlatformLogKeys", platformLogPath+"/keys", "List the verifier keys of the platform's log", platform), h.platformKeys)
	api.Register(a, h.operation("getPlatformLogPolicy", platformLogPath+"/policy", "Get the keys of the platform's log as a tlog-policy", platform), h.platformPolicy)
	platformTile := h.operation("getPlatformTile", platformLogPath+"/tile/{tile...}", "Get a tile or an entry bundle of the platform's log",
		platform, http.StatusNotFound)
	api.Register(a, api.WithMemory(platformTile, tileMemory), h.platformTile)
}

// operation returns a read of which action is recorded.
func (h *Handler) operation(id, path, summary string, action auditlog.Action, errors ...int) huma.Operation {
	return h.guard.Protect(huma.Operation{
		OperationID: id, Method: http.MethodGet, Path: path, Summary: summary,
		Errors: append([]int{400, 401, 403, 422, 503}, errors...),
	}, action)
}

// record records that the caller reads the log or adds to it, at most once an
// hour (auditlog.AppendHourly). Nothing of the log is read before.
func (h *Handler) record(ctx context.Context, action auditlog.Action) error {
	s := access.From(ctx)
	return h.guard.Audit.AppendHourly(ctx, s.DB, auditlog.Entry{
		Tenant: s.Tenant.ID, Actor: auditlog.By(s.Principal), Action: action, Outcome: auditlog.Allowed,
	})
}

// recordEntriesRead records a read of entries.
func (h *Handler) recordEntriesRead(ctx context.Context) error {
	if access.From(ctx).Tenant.ID == "" {
		return h.record(ctx, auditlog.ReadPlatformEntries)
	}
	return h.record(ctx, auditlog.ReadAuditEntries)
}

// recordLogRead records a read of tiles.
func (h *Handler) recordLogRead(ctx context.Context) error {
	if access.From(ctx).Tenant.ID == "" {
		return h.record(ctx, auditlog.ReadPlatformLog)
	}
	return h.record(ctx, auditlog.ReadAuditLog)
}

// tree returns the state of the tree of the session's log.
func (h *Handler) tree(ctx context.Context) (auditlog.Tree, error) {
	s := access.From(ctx)
	return auditlog.ReadTree(ctx, s.DB, s.Tenant.ID)
}

// bucket returns the bucket with the tiles of the session's log.
func (h *Handler) bucket(ctx context.Context) (*storage.BucketHandle, error) {
	client, err := h.storage.Get(ctx, func(ctx context.Context) (*storage.Client, error) {
		return bucket.NewClient(ctx, h.deps.Clients.Config)
	})
	if err != nil {
		return nil, err
	}
	return client.Bucket(h.config.Bucket(access.From(ctx).Tenant)), nil
}

// reserve reserves memory in bytes, and more if bundles may be read. It returns the bundles of the
// session's log that have the entries whose documents may have expired.
func (h *Handler) reserve(ctx context.Context, tree auditlog.Tree, bytes int64) (*auditlog.Bundles, error) {
	from, err := h.bucket(ctx)
	if err != nil {
		return nil, err
	}
	old := auditlog.NewBundles(from, tree)
	if !old.Empty() {
		bytes += auditlog.BundleMemory
	}
	return old, api.Reserve(ctx, bytes)
}

// origin returns the origin of the session's log.
func (h *Handler) origin(ctx context.Context) string {
	return auditlog.Origin(h.config.Host, access.From(ctx).Tenant.ID)
}

// bucketError returns the client's error for a failed read of the bucket.
func bucketError(ctx context.Context, err error) error {
	if !bucket.IsTransient(err) {
		return err
	}
	api.Logger(ctx).WarnContext(ctx, "read from the audit bucket", "error", err.Error())
	return api.Refuse(http.StatusServiceUnavailable, "the bucket is unavailable; try again").With("Retry-After", "1")
}

// bundleError returns the client's error if the bucket gave out no bundle, and every other error as
// it is.
func bundleError(ctx context.Context, err error) error {
	if errors.Is(err, auditlog.ErrBundle) {
		return bucketError(ctx, err)
	}
	return err
}
