package exportscheduler

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"cloud.google.com/go/firestore"
	"github.com/danielgtaylor/huma/v2"

	"github.com/strongroom-dev/strongroom/shared/api"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/directory"
	"github.com/strongroom-dev/strongroom/shared/exportjob"
	"github.com/strongroom-dev/strongroom/shared/function"
	"github.com/strongroom-dev/strongroom/shared/outbox"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// timeLimit limits one call. The next one continues.
const timeLimit = 4 * time.Minute

// Handler creates the exports of schedules, and keeps exports going. It is safe for
// concurrent use, also in several processes.
type Handler struct {
	http.Handler
	API       *api.API
	deps      function.Deps
	directory *directory.Directory
	jobs      *exportjob.Jobs
}

// Result is what one call did.
type Result struct {
	Created     int  `json:"created" class:"operational" doc:"Exports of windows"`
	Locked      int  `json:"locked" class:"operational" doc:"Schedules that wait because the tenant's key is disabled"`
	Full        int  `json:"full" class:"operational" doc:"Schedules that wait because the tenant has too many active exports"`
	Republished int  `json:"republished" class:"operational" doc:"Messages of parts that were not written for half an hour"`
	Expired     int  `json:"expired" class:"operational" doc:"Exports that failed because they were paused for a day or can no longer be read"`
	Failed      int  `json:"failed" class:"operational" doc:"Schedules and exports with an error; the next call tries them again"`
	More        bool `json:"more" class:"operational" doc:"The next call has work left"`
}

// New returns the function. It makes no calls.
func New(ctx context.Context, config auditlog.Config, deps function.Deps) (*Handler, error) {
	audit, err := auditlog.Open(ctx, config, deps.Clients, deps.Now)
	if err != nil {
		return nil, err
	}
	a := api.New("Strongroom export scheduler", deps.Now, deps.Log)
	h := &Handler{
		Handler: a.Handler(), API: a, deps: deps, directory: directory.New(deps.Clients, deps.Now),
		jobs: &exportjob.Jobs{Audit: audit, Publisher: outbox.NewPublisher(deps.Clients), Now: deps.Now},
	}
	api.Register(a, huma.Operation{
		OperationID: "scheduleExports", Method: http.MethodPost, Path: "/",
		Summary: "Create the exports of schedules; called by the scheduler",
	}, h.schedule)
	return h, nil
}

type scheduleResponse struct{ Body Result }

func (h *Handler) schedule(ctx context.Context, _ *struct{}) (*scheduleResponse, error) {
	ctx, cancel := context.WithTimeout(ctx, timeLimit)
	defer cancel()
	databases, err := h.databases(ctx)
	errs := []error{err}
	out := &scheduleResponse{}
	for _, db := range databases {
		errs = append(errs, h.createWindows(ctx, db, &out.Body), h.keepGoing(ctx, db, &out.Body))
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	r := out.Body
	api.Logger(ctx).InfoContext(ctx, "exports scheduled", "created", r.Created, "locked", r.Locked, "full", r.Full,
		"republished", r.Republished, "expired", r.Expired, "failed", r.Failed, "more", r.More)
	return out, nil
}

// databases returns the database of every tenant, each once.
func (h *Handler) databases(ctx context.Context) (all []*firestore.Client, err error) {
	seen := map[*firestore.Client]bool{}
	err = h.directory.Each(ctx, func(t tenant.Record) error {
		db, err := h.directory.Database(ctx, t)
		if err == nil && !seen[db] {
			seen[db] = true
			all = append(all, db)
		}
		return err
	})
	return all, err
}

// home returns the tenant of a document at tenants/{t}/{collection}/{id}, and the
// place of its exports.
func (h *Handler) home(ctx context.Context, db *firestore.Client, ref *firestore.DocumentRef) (tenant.Record, exportjob.Home, error) {
	id := tenant.ID(ref.Parent.Parent.ID)
	record, err := h.directory.Tenant(ctx, id)
	if err != nil {
		return record, exportjob.Home{}, fmt.Errorf("find tenant: %w", err)
	}
	return record, exportjob.Home{DB: db, Tenant: id}, nil
}
