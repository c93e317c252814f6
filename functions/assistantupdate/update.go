package assistantupdate

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/sync/singleflight"

	"github.com/strongroom-dev/strongroom/shared/directory"
	"github.com/strongroom-dev/strongroom/shared/event"
	"github.com/strongroom-dev/strongroom/shared/function"
	"github.com/strongroom-dev/strongroom/shared/issue"
	"github.com/strongroom-dev/strongroom/shared/keys"
	"github.com/strongroom-dev/strongroom/shared/memory"
	"github.com/strongroom-dev/strongroom/shared/outbox"
	"github.com/strongroom-dev/strongroom/shared/quarantine"
	"github.com/strongroom-dev/strongroom/shared/records"
	"github.com/strongroom-dev/strongroom/shared/run"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// Updater folds (merges) ended runs into checks, issues and SLIs. It is safe for
// concurrent use, also by several processes.
type Updater struct {
	deps      function.Deps
	directory *directory.Directory
	keys      *keys.Tenants
	publisher *outbox.Publisher
	leads     *leads
	memory    *memory.Budget
	inFlight  singleflight.Group // folds of SLIs, by path
	handle    event.Handler
}

// New returns the updater. It connects to nothing yet.
func New(deps function.Deps) *Updater {
	u := &Updater{
		deps: deps, directory: directory.New(deps.Clients, deps.Now), keys: keys.NewTenants(deps.Clients, deps.Now),
		publisher: outbox.NewPublisher(deps.Clients), leads: newLeads(), memory: memory.NewBudget(),
	}
	refusals := quarantine.Recorder{
		Function: "assistant-update", References: []string{"tenant", "workspace", "run", "kind", "entry"},
		Clients: deps.Clients, Now: deps.Now,
	}
	u.handle = refusals.Wrap(u.receive)
	return u
}

// Handle returns nil once the run that m names is folded, or another event that is
// not acknowledged yet folds it. An error that event.IsPermanent reports is in the
// quarantine. Any other error asks for another delivery.
func (u *Updater) Handle(ctx context.Context, m event.Message) error { return u.handle(ctx, m) }

func (u *Updater) receive(ctx context.Context, m event.Message) error {
	ref, err := parseReference(m)
	if err != nil {
		return err
	}
	w, err := u.openWorkspace(ctx, ref.tenant, ref.workspace)
	if errors.Is(err, tenant.ErrNotFound) {
		return event.Refuse("no-such-tenant", err)
	}
	if err != nil {
		return err
	}
	return w.foldRun(ctx, ref)
}

// FoldCheck folds all pending runs of a check without an event. If it fails, it
// may be called again.
func (u *Updater) FoldCheck(ctx context.Context, t tenant.ID, w tenant.WorkspaceID, check issue.CheckID) error {
	ws, err := u.openWorkspace(ctx, t, w)
	if err != nil {
		return err
	}
	pacer := ws.newPacer()
	for {
		folded, err := ws.fold(ctx, check, "")
		if err == nil && len(folded.runs) == 0 {
			return nil
		}
		if err := pacer.wait(ctx, err); err != nil {
			return err
		}
	}
}

// foldRun folds the pending runs of the run's check, unless another event does so in
// this process. If the run itself is folded already, others may be pending: the
// event may have led before, and failed. An event that does not name its check costs a read
// that the others wait for.
func (w *workspace) foldRun(ctx context.Context, ref reference) error {
	check, ended := ref.check, ref.run
	if check == "" {
		r, err := w.runRef(ref.run).Get(ctx)
		if errors.Is(err, records.ErrRunNotFound) {
			return event.Refuse("no-such-run", err)
		}
		if err != nil || r.Check == "" {
			return err
		}
		check, ended = issue.CheckID(r.Check), ""
	}
	leader := w.leads.begin(w.checkRef(check).Path)
	if leader == nil {
		return nil
	}
	defer leader.release()
	return w.lead(ctx, leader, check, ended)
}

// reference is the run that a message names.
type reference struct {
	tenant    tenant.ID
	workspace tenant.WorkspaceID
	run       run.ID
	check     issue.CheckID // of the run; empty: the message does not name it
}

func parseReference(m event.Message) (reference, error) {
	if kind := m.Attributes["kind"]; kind != outbox.RunEnded {
		return reference{}, event.Refuse("unknown-kind", fmt.Errorf("the kind of the message is not %s", outbox.RunEnded))
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
	check := m.Attributes["check"]
	if _, ok := issue.ParseID(check); check != "" && !ok {
		return reference{}, event.Refuse("bad-reference", errors.New("the check of the message is not the ID of a check"))
	}
	return reference{tenant: t, workspace: w, run: id, check: issue.CheckID(check)}, nil
}

// errKeyUnavailable is the error while the tenant's key is disabled or destroyed.
// The runs stay pending: a later delivery, or FoldCheck, folds them once the key
// is available again.
var errKeyUnavailable = errors.New("the tenant's key is not available; its runs stay pending")

// wrapKeyError adds errKeyUnavailable to an error that KMS returns for such a key.
func wrapKeyError(err error) error {
	if errors.Is(err, keys.ErrKeyUnavailable) {
		return fmt.Errorf("%w: %w", errKeyUnavailable, err)
	}
	return err
}
