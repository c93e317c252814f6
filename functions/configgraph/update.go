package configgraph

import (
	"context"
	"errors"
	"fmt"

	"github.com/strongroom-dev/strongroom/shared/directory"
	"github.com/strongroom-dev/strongroom/shared/event"
	"github.com/strongroom-dev/strongroom/shared/function"
	"github.com/strongroom-dev/strongroom/shared/keys"
	"github.com/strongroom-dev/strongroom/shared/memory"
	"github.com/strongroom-dev/strongroom/shared/outbox"
	"github.com/strongroom-dev/strongroom/shared/quarantine"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// buildMemory is the memory in bytes that one graph needs at most: its elements, sealed,
// opened, parsed and joined.
const buildMemory = 64 << 20

// Updater makes graphs of configurations. It is safe for concurrent use, also by several
// processes.
type Updater struct {
	deps      function.Deps
	directory *directory.Directory
	keys      *keys.Tenants
	memory    *memory.Budget
	handle    event.Handler
}

// New returns the updater. It connects to nothing yet.
func New(deps function.Deps) *Updater {
	u := &Updater{
		deps: deps, directory: directory.New(deps.Clients, deps.Now), keys: keys.NewTenants(deps.Clients, deps.Now), memory: memory.NewBudget(),
	}
	refusals := quarantine.Recorder{
		Function: "config-graph", References: []string{"tenant", "workspace", "kind", "entry"},
		Clients: deps.Clients, Now: deps.Now,
	}
	u.handle = refusals.Wrap(u.receive)
	return u
}

// Handle returns nil once the graph of the workspace that m names is of the commit in
// effect. An error that event.IsPermanent reports is in the quarantine. Any other error
// asks for another delivery.
func (u *Updater) Handle(ctx context.Context, m event.Message) error { return u.handle(ctx, m) }

func (u *Updater) receive(ctx context.Context, m event.Message) error {
	if kind := m.Attributes["kind"]; kind != outbox.ConfigMoved {
		return event.Refuse("unknown-kind", fmt.Errorf("the kind of the message is not %s", outbox.ConfigMoved))
	}
	t, err := tenant.ParseID(m.Attributes["tenant"])
	if err != nil {
		return event.Refuse("bad-reference", err)
	}
	id, err := tenant.ParseWorkspaceID(m.Attributes["workspace"])
	if err != nil {
		return event.Refuse("bad-reference", err)
	}
	w, err := u.openWorkspace(ctx, t, id)
	if errors.Is(err, tenant.ErrNotFound) {
		return event.Refuse("no-such-tenant", err)
	}
	if err != nil {
		return err
	}
	release, err := u.memory.Reserve(ctx, buildMemory)
	if err != nil {
		return err
	}
	defer release()
	return w.update(ctx)
}

func (u *Updater) openWorkspace(ctx context.Context, t tenant.ID, id tenant.WorkspaceID) (workspace, error) {
	record, err := u.directory.Tenant(ctx, t)
	if err != nil {
		return workspace{}, err
	}
	db, err := u.directory.Database(ctx, record)
	if err != nil {
		return workspace{}, err
	}
	k, err := u.keys.Of(ctx, record, db)
	if err != nil {
		return workspace{}, fmt.Errorf("open the tenant's keys: %w", err)
	}
	return workspace{db: db, tenant: t, id: id, keys: k, now: u.deps.Now}, nil
}
