package assistant

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"golang.org/x/sync/singleflight"

	"github.com/strongroom-dev/strongroom/shared/directory"
	"github.com/strongroom-dev/strongroom/shared/event"
	"github.com/strongroom-dev/strongroom/shared/function"
	"github.com/strongroom-dev/strongroom/shared/issue"
	"github.com/strongroom-dev/strongroom/shared/keys"
	"github.com/strongroom-dev/strongroom/shared/outbox"
	"github.com/strongroom-dev/strongroom/shared/quarantine"
	"github.com/strongroom-dev/strongroom/shared/records"
	"github.com/strongroom-dev/strongroom/shared/run"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// Updater folds ended runs into what the assistants know. It is safe for
// concurrent use, also by several processes.
type Updater struct {
	deps      function.Deps
	directory *directory.Directory
	keys      *keys.Tenants
	flights   singleflight.Group
	handle    event.Handler
}

// NewUpdater makes the function; it calls nothing yet.
func NewUpdater(deps function.Deps) *Updater {
	u := &Updater{deps: deps, directory: directory.New(deps.Clients, deps.Now), keys: keys.NewTenants(deps.Clients, deps.Now)}
	quarantine := quarantine.Keeper{
		Function: "assistant-update", References: []string{"tenant", "workspace", "run", "kind", "entry"},
		Clients: deps.Clients, Now: deps.Now,
	}
	u.handle = quarantine.Guard(u.receive)
	return u
}

// Handle sees to it that the run which m names is folded.
func (u *Updater) Handle(ctx context.Context, m event.Message) error { return u.handle(ctx, m) }

func (u *Updater) receive(ctx context.Context, m event.Message) error {
	named, err := parseReference(m)
	if err != nil {
		return err
	}
	s, err := u.open(ctx, named.tenant, named.workspace)
	if errors.Is(err, tenant.ErrNotFound) {
		return event.Refuse("no-such-tenant", err)
	}
	if err != nil {
		return err
	}
	return s.update(ctx, named.run)
}

// FoldCheck folds whatever is pending for a check, without an event. It fails
// as an event's handler does, and may then be called again.
func (u *Updater) FoldCheck(ctx context.Context, t tenant.ID, w tenant.WorkspaceID, check issue.CheckID) error {
	s, err := u.open(ctx, t, w)
	if err != nil {
		return err
	}
	p := pace{clock: s.clock}
	for {
		folded, err := s.foldOnce(ctx, check)
		if err == nil && len(folded) == 0 {
			return nil
		}
		if err := p.wait(ctx, err); err != nil {
			return err
		}
	}
}

// update folds until the run is among what was folded, by whomever.
func (s *space) update(ctx context.Context, id run.ID) error {
	p := pace{clock: s.clock}
	for {
		r, err := s.place(id).Get(ctx)
		if errors.Is(err, records.ErrRunNotFound) {
			return event.Refuse("no-such-run", err)
		}
		if err != nil || !r.Pending {
			return err
		}
		folded, err := s.foldOnce(ctx, issue.CheckID(r.Check))
		if slices.Contains(folded, id) {
			return nil
		}
		if err := p.wait(ctx, err); err != nil {
			return err
		}
	}
}

// reference is what a message names.
type reference struct {
	tenant    tenant.ID
	workspace tenant.WorkspaceID
	run       run.ID
}

func parseReference(m event.Message) (reference, error) {
	if kind := m.Attributes["kind"]; kind != outbox.RunEnded {
		return reference{}, event.Refuse("unknown-kind", errors.New("the message is of no kind that is known here"))
	}
	t, err := tenant.ParseID(m.Attributes["tenant"])
	if err != nil {
		return reference{}, event.Refuse("bad-reference", err)
	}
	w, err := tenant.ParseWorkspaceID(m.Attributes["workspace"])
	if err != nil {
		return reference{}, event.Refuse("bad-reference", err)
	}
	id, err := run.ParseID(m.Attributes["run"])
	if err != nil {
		return reference{}, event.Refuse("bad-reference", err)
	}
	return reference{t, w, id}, nil
}

// open gives a tenant's workspace, or tenant.ErrNotFound.
func (u *Updater) open(ctx context.Context, t tenant.ID, w tenant.WorkspaceID) (*space, error) {
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
	return &space{db, t, w, k, clock{u.deps.Now, u.deps.After}, u.deps.Log, &u.flights}, nil
}

// errKey is what is told of a tenant's key that is off. The runs stay pending:
// a later delivery, or FoldCheck, folds them when the key is back.
var errKey = errors.New("the tenant's key is not available; its runs stay pending")

// keyError puts errKey in the place of what KMS said.
func keyError(err error) error {
	if errors.Is(err, keys.ErrKeyUnavailable) {
		return fmt.Errorf("%w: %w", errKey, err)
	}
	return err
}
