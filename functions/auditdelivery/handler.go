package auditdelivery

import (
	"context"
	"net/http"
	"sync"
	"time"

	"cloud.google.com/go/storage"
	"github.com/danielgtaylor/huma/v2"
	"golang.org/x/sync/errgroup"

	"github.com/strongroom-dev/strongroom/shared/api"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/directory"
	"github.com/strongroom-dev/strongroom/shared/function"
	"github.com/strongroom-dev/strongroom/shared/gcp"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

const (
	timeLimit     = 50 * time.Second // of one call; the scheduler calls every minute
	maxConcurrent = 8                // topics that are published to at the same time
)

// Handler delivers audit logs. It is safe for concurrent use, also in several
// processes.
type Handler struct {
	http.Handler
	API       *api.API
	config    Config
	deps      function.Deps
	directory *directory.Directory
	audit     *auditlog.Reader
	publisher publisher
	storage   gcp.Lazy[*storage.Client]
}

// Result is what one call did.
type Result struct {
	Entries int  `json:"entries" class:"operational" doc:"Entries that were delivered"`
	Logs    int  `json:"logs" class:"operational" doc:"Logs of which entries were delivered"`
	Behind  int  `json:"behind" class:"operational" doc:"Logs whose published entries are not all delivered"`
	More    bool `json:"more" class:"operational" doc:"The time limit ended the work"`
}

// New returns the function's handler. It calls nothing yet.
func New(ctx context.Context, config Config, deps function.Deps) (*Handler, error) {
	audit, err := auditlog.OpenReader(ctx, config.Audit, deps.Clients, deps.Now)
	if err != nil {
		return nil, err
	}
	a := api.New("Strongroom audit delivery", deps.Now, deps.Log)
	h := &Handler{
		Handler: a.Handler(), API: a, config: config, deps: deps,
		directory: directory.New(deps.Clients, deps.Now), audit: audit, publisher: publisher{clients: deps.Clients},
	}
	api.Register(a, huma.Operation{
		OperationID: "deliver", Method: http.MethodPost, Path: "/",
		Summary: "Deliver published audit entries; called by the scheduler",
	}, h.deliver)
	return h, nil
}

type deliverResponse struct{ Body Result }

func (h *Handler) deliver(ctx context.Context, _ *struct{}) (*deliverResponse, error) {
	ctx, cancel := context.WithTimeout(ctx, timeLimit)
	defer cancel()
	logs, err := h.logs(ctx)
	if err != nil {
		return nil, err
	}
	waiting := logs
	for len(waiting) > 0 && ctx.Err() == nil {
		waiting = h.turn(ctx, waiting)
	}
	out := &deliverResponse{}
	out.Body.More = len(waiting) > 0
	for _, l := range logs {
		l.report(ctx, h.deps.Now(), &out.Body)
	}
	r := out.Body
	api.Logger(ctx).InfoContext(ctx, "audit logs delivered", "entries", r.Entries, "logs", r.Logs, "behind", r.Behind, "more", r.More)
	return out, nil
}

// logs returns the logs that have a topic.
func (h *Handler) logs(ctx context.Context) (all []*log, err error) {
	err = h.directory.EachRecord(ctx, func(t tenant.Record) error {
		if t.AuditTopic == "" {
			return nil
		}
		db, err := h.directory.Database(ctx, t)
		if err != nil {
			return err
		}
		all = append(all, &log{tenant: t.ID, topic: t.AuditTopic, bucket: t.AuditBucket, db: db, key: auditlog.Origin(h.config.Host, t.ID)})
		return nil
	})
	return all, err
}

// turn delivers one batch of each log, and returns the logs that have more.
func (h *Handler) turn(ctx context.Context, logs []*log) (more []*log) {
	var group errgroup.Group
	group.SetLimit(maxConcurrent)
	var mu sync.Mutex
	for _, l := range logs {
		group.Go(func() error {
			if h.batch(ctx, l) {
				mu.Lock()
				defer mu.Unlock()
				more = append(more, l)
			}
			return nil
		})
	}
	_ = group.Wait() // each log has its own error
	return more
}
