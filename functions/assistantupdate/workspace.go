package assistantupdate

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"cloud.google.com/go/firestore"
	"golang.org/x/sync/singleflight"

	"github.com/strongroom-dev/strongroom/shared/issue"
	"github.com/strongroom-dev/strongroom/shared/keys"
	"github.com/strongroom-dev/strongroom/shared/memory"
	"github.com/strongroom-dev/strongroom/shared/outbox"
	"github.com/strongroom-dev/strongroom/shared/records"
	"github.com/strongroom-dev/strongroom/shared/run"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// workspace is one tenant's workspace, with what is needed to work on it.
type workspace struct {
	db        *firestore.Client
	tenant    tenant.ID
	id        tenant.WorkspaceID
	keys      *keys.Tenant
	clock     clock
	log       *slog.Logger
	publisher *outbox.Publisher
	leads     *leads // see Updater, as memory and inFlight
	memory    *memory.Budget
	inFlight  *singleflight.Group
}

// openWorkspace returns a workspace, or tenant.ErrNotFound.
func (u *Updater) openWorkspace(ctx context.Context, t tenant.ID, id tenant.WorkspaceID) (*workspace, error) {
	record, err := u.directory.Tenant(ctx, t)
	if err != nil {
		return nil, err
	}
	db, err := u.directory.Database(ctx, record)
	if err != nil {
		return nil, err
	}
	k, err := u.keys.Of(ctx, record, db)
	if err != nil {
		return nil, fmt.Errorf("open the tenant's keys: %w", err)
	}
	return &workspace{
		db: db, tenant: t, id: id, keys: k, log: u.deps.Log,
		publisher: u.publisher, leads: u.leads, memory: u.memory, inFlight: &u.inFlight,
		clock: clock{now: u.deps.Now, after: u.deps.After},
	}, nil
}

// newPacer returns the pacer of one event of the workspace.
func (w *workspace) newPacer() writePacer {
	return writePacer{clock: w.clock, reserve: func() (func(), error) { return w.leads.wait(w.tenant) }}
}

func (w *workspace) collection(name string) *firestore.CollectionRef {
	return records.Workspace(w.db, w.tenant, w.id).Collection(name)
}

func (w *workspace) runRef(id run.ID) records.RunRef {
	return records.NewRunRef(w.db, w.tenant, w.id, id)
}

func (w *workspace) checkRef(id issue.CheckID) *firestore.DocumentRef {
	return records.CheckRef(w.db, w.tenant, w.id, id)
}

func (w *workspace) issueRef(id issue.ID) *firestore.DocumentRef {
	return records.IssueRef(w.db, w.tenant, w.id, id)
}

func (w *workspace) sliRef(name string) *firestore.DocumentRef {
	return records.SLIRef(w.db, w.tenant, w.id, name)
}

// foldTimeout bounds one fold. A fold outlives the event that started it, because
// other events wait for it too.
const foldTimeout = time.Minute

// singleFlight calls execute once for all callers with the same key that call
// while it runs, and returns the result to all of them. The events of a thousand
// checks that measured one SLI would otherwise all read the same documents.
func singleFlight[T any](ctx context.Context, inFlight *singleflight.Group, key string, execute func(context.Context) (T, error)) (T, error) {
	result := inFlight.DoChan(key, func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), foldTimeout)
		defer cancel()
		return execute(ctx)
	})
	select {
	case r := <-result:
		return r.Val.(T), r.Err
	case <-ctx.Done():
		var zero T
		return zero, fmt.Errorf("wait for a fold: %w", ctx.Err())
	}
}
