package auditintegrator

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"cloud.google.com/go/firestore"
	"cloud.google.com/go/storage"
	"github.com/danielgtaylor/huma/v2"

	"github.com/strongroom-dev/strongroom/shared/api"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/bucket"
	"github.com/strongroom-dev/strongroom/shared/directory"
	"github.com/strongroom-dev/strongroom/shared/function"
	"github.com/strongroom-dev/strongroom/shared/gcp"
	"github.com/strongroom-dev/strongroom/shared/signednote"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

const (
	timeLimit = 50 * time.Second // of one call; the scheduler calls every minute
	signAgain = time.Hour        // an idle log's checkpoint is signed again after this
	maxSigned = 200              // idle logs that one call signs again
)

// Handler integrates audit entries. It is safe for concurrent use, also
// in several processes.
type Handler struct {
	http.Handler
	API       *api.API
	config    Config
	deps      function.Deps
	directory *directory.Directory
	audit     *auditlog.Reader

	storage gcp.Lazy[*storage.Client]
	keys    signednote.Cache
}

// Result is what one call did.
type Result struct {
	Entries    int  `json:"entries" class:"operational" doc:"Entries that received an index"`
	Logs       int  `json:"logs" class:"operational" doc:"Logs with a new published tree"`
	Unreadable int  `json:"unreadable" class:"operational" doc:"Entries that cannot be opened; they are set aside"`
	Signed     int  `json:"signed" class:"operational" doc:"Idle logs whose checkpoint was signed again"`
	Failed     int  `json:"failed" class:"operational" doc:"Logs that failed; the next call retries them"`
	Delay      int  `json:"delaySeconds" class:"operational" doc:"Longest time from an entry to the checkpoint that covers it, in seconds"`
	More       bool `json:"more" class:"operational" doc:"The time limit ended the work"`
}

// New returns the function's handler. It calls nothing yet.
func New(ctx context.Context, config Config, deps function.Deps) (*Handler, error) {
	audit, err := auditlog.OpenReader(ctx, config.Audit, deps.Clients, deps.Now)
	if err != nil {
		return nil, err
	}
	a := api.New("Strongroom audit integrator", deps.Now, deps.Log)
	h := &Handler{
		Handler: a.Handler(), API: a, config: config, deps: deps,
		directory: directory.New(deps.Clients, deps.Now), audit: audit,
	}
	api.Register(a, huma.Operation{
		OperationID: "integrate", Method: http.MethodPost, Path: "/",
		Summary: "Publish new audit entries; called by the scheduler",
	}, h.integrate)
	return h, nil
}

type integrateResponse struct{ Body Result }

func (h *Handler) integrate(ctx context.Context, _ *struct{}) (*integrateResponse, error) {
	ctx, cancel := context.WithTimeout(ctx, timeLimit)
	defer cancel()
	databases, err := h.databases(ctx)
	if err != nil {
		return nil, err
	}
	out := &integrateResponse{}
	var faults []error
	for _, db := range databases {
		faults = append(faults, h.database(ctx, db, &out.Body))
	}
	if err := errors.Join(faults...); err != nil && ctx.Err() == nil {
		return nil, err
	}
	out.Body.More = ctx.Err() != nil
	r := out.Body
	api.Logger(ctx).InfoContext(ctx, "audit logs integrated", "entries", r.Entries, "logs", r.Logs,
		"unreadable", r.Unreadable, "signed", r.Signed, "failed", r.Failed, "delaySeconds", r.Delay, "more", r.More)
	return out, nil
}

// databases returns the platform's database and every tenant's own.
func (h *Handler) databases(ctx context.Context) ([]*firestore.Client, error) {
	platform, err := h.deps.Clients.Default(ctx)
	if err != nil {
		return nil, err
	}
	all := []*firestore.Client{platform}
	seen := map[*firestore.Client]bool{platform: true}
	err = h.directory.EachRecord(ctx, func(t tenant.Record) error {
		db, err := h.directory.Database(ctx, t)
		if err == nil && !seen[db] {
			seen[db] = true
			all = append(all, db)
		}
		return err
	})
	return all, err
}

// database integrates the logs of a database in turn, until none has a pending
// entry or the time is over: each log gets one batch before any gets another.
func (h *Handler) database(ctx context.Context, db *firestore.Client, result *Result) error {
	failed := map[tenant.ID]bool{}
	for {
		logs, err := waitingLogs(ctx, db)
		if err != nil {
			return err
		}
		progress := false
		for _, id := range logs {
			if failed[id] || ctx.Err() != nil {
				continue
			}
			if err := h.batch(ctx, db, id, result); err != nil {
				failed[id] = true
				result.Failed++
				api.Logger(ctx).ErrorContext(ctx, "audit log not integrated", "tenant", id, "error", err.Error())
				continue
			}
			progress = true
		}
		if !progress {
			return h.signIdle(ctx, db, failed, result)
		}
	}
}

// waitingLogs returns the logs that have something to publish.
func waitingLogs(ctx context.Context, db *firestore.Client) ([]tenant.ID, error) {
	pending, err := auditlog.LogsWithPending(ctx, db)
	if err != nil {
		return nil, err
	}
	behind, err := auditlog.LogsBehind(ctx, db)
	if err != nil {
		return nil, err
	}
	seen := map[tenant.ID]bool{}
	var logs []tenant.ID
	for _, id := range append(pending, behind...) {
		if !seen[id] {
			seen[id] = true
			logs = append(logs, id)
		}
	}
	return logs, nil
}

// log is one audit log and where its tree is published.
type log struct {
	tenant tenant.ID // empty: the platform's own
	db     *firestore.Client
	bucket *storage.BucketHandle
	origin string
	key    signednote.Key
}

func (h *Handler) openLog(ctx context.Context, db *firestore.Client, id tenant.ID) (log, error) {
	var record tenant.Record
	if id != "" {
		var err error
		if record, err = h.directory.Tenant(ctx, id); err != nil {
			return log{}, fmt.Errorf("find tenant: %w", err)
		}
	}
	client, err := h.storage.Get(ctx, func(ctx context.Context) (*storage.Client, error) {
		return bucket.NewClient(ctx, h.deps.Clients.Config)
	})
	if err != nil {
		return log{}, err
	}
	kms, err := h.deps.Clients.KMS(ctx)
	if err != nil {
		return log{}, err
	}
	keys, err := h.keys.Keys(ctx, kms, h.config.LogKeyName, h.deps.Now())
	if err != nil {
		return log{}, err
	}
	return log{
		tenant: id, db: db, bucket: client.Bucket(h.config.Bucket(record)),
		origin: auditlog.Origin(h.config.Host, id), key: keys[len(keys)-1],
	}, nil
}
