package custody

import (
	"context"
	"errors"
	"fmt"

	"cloud.google.com/go/firestore"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/directory"
	"github.com/strongroom-dev/strongroom/shared/event"
	"github.com/strongroom-dev/strongroom/shared/function"
	"github.com/strongroom-dev/strongroom/shared/grant"
	"github.com/strongroom-dev/strongroom/shared/quarantine"
	"github.com/strongroom-dev/strongroom/shared/records"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// Handler takes finalized objects into custody. It is safe for concurrent use.
type Handler struct {
	deps      function.Deps
	directory *directory.Directory
	audit     *auditlog.Log
	handle    event.Handler
}

// New makes the function; it calls nothing yet.
func New(ctx context.Context, config auditlog.Config, deps function.Deps) (*Handler, error) {
	audit, err := auditlog.Open(ctx, config, deps.Clients, deps.Now)
	if err != nil {
		return nil, err
	}
	h := &Handler{deps: deps, directory: directory.New(deps.Clients, deps.Now), audit: audit}
	h.handle = quarantine.Keeper{
		Function: "custody", References: []string{"eventType", "bucketId", "objectId", "objectGeneration"},
		Clients: deps.Clients, Now: deps.Now,
	}.Guard(h.take)
	return h, nil
}

// Handle works on one notification of a bucket. What it refuses for good is in
// quarantine before it returns.
func (h *Handler) Handle(ctx context.Context, m event.Message) error { return h.handle(ctx, m) }

func (h *Handler) take(ctx context.Context, m event.Message) error {
	if m.Attributes["eventType"] != finalize {
		return nil // deletions and metadata changes are not ours
	}
	object, err := parseNotification(m)
	if err != nil {
		return event.Refuse("notification", err)
	}
	record, err := h.directory.TenantOfBucket(ctx, object.bucket)
	if errors.Is(err, tenant.ErrNotFound) {
		// A new tenant's bucket may speak before its record is written; what
		// stays unknown ends in the dead letters.
		return fmt.Errorf("an object in a bucket of no tenant: %w", err)
	}
	if err != nil {
		return err
	}
	return h.keep(ctx, record, object)
}

// keep moves the object's grant to stored, or puts the object in quarantine.
func (h *Handler) keep(ctx context.Context, t tenant.Record, o notified) error {
	db, err := h.directory.Database(ctx, t)
	if err != nil {
		return err
	}
	target, err := grant.ParseObject(o.name)
	if err != nil {
		return h.quarantine(ctx, db, t, o, reasonName, nil)
	}
	ref := records.GrantRef(db, t.ID, target)
	var reason string
	err = db.RunTransaction(ctx, func(_ context.Context, tx *firestore.Transaction) error {
		g, err := read(tx, ref)
		if err != nil {
			return err
		}
		if reason = judge(g, o.Finalized); reason != "" || g.State == grant.Stored {
			return nil
		}
		g.State, g.Stored = grant.Stored, &o.Finalized
		return tx.Set(ref, g)
	})
	if err != nil || reason == "" {
		return err
	}
	return h.quarantine(ctx, db, t, o, reason, ref)
}

// Codes of quarantine.
const (
	reasonName    = "name"    // no part's object is named so
	reasonNoGrant = "nogrant" // nobody was granted it
	reasonUnlike  = "unlike"  // its type, size or CRC32C is not what was granted
	reasonSecond  = "second"  // another generation is in custody
)

// judge says why an object is not what was granted, or nothing.
func judge(g grant.Grant, f grant.Finalized) string {
	switch {
	case g.State == "":
		return reasonNoGrant
	case g.State == grant.Stored && g.Stored.Generation != f.Generation:
		return reasonSecond
	case g.State == grant.Quarantined || !g.Declared.Allows(f):
		return reasonUnlike
	}
	return ""
}

func read(tx *firestore.Transaction, ref *firestore.DocumentRef) (grant.Grant, error) {
	doc, err := tx.Get(ref)
	if err != nil && status.Code(err) != codes.NotFound {
		return grant.Grant{}, fmt.Errorf("read grant: %w", err)
	}
	return records.Decode[grant.Grant](doc)
}
