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

// Handler marks the grants of finalized objects as stored. It is safe for
// concurrent use.
type Handler struct {
	deps      function.Deps
	directory *directory.Directory
	audit     *auditlog.Log
	handle    event.Handler
}

// New returns the function. It makes no calls.
func New(ctx context.Context, config auditlog.Config, deps function.Deps) (*Handler, error) {
	audit, err := auditlog.Open(ctx, config, deps.Clients, deps.Now)
	if err != nil {
		return nil, err
	}
	h := &Handler{deps: deps, directory: directory.New(deps.Clients, deps.Now), audit: audit}
	h.handle = quarantine.Recorder{
		Function: "custody", References: []string{"eventType", "bucketId", "objectId", "objectGeneration"},
		Clients: deps.Clients, Now: deps.Now,
	}.Wrap(h.receive)
	return h, nil
}

// Handle processes one notification of a bucket. If it rejects the notification
// permanently, the message is in quarantine before it returns.
func (h *Handler) Handle(ctx context.Context, m event.Message) error { return h.handle(ctx, m) }

func (h *Handler) receive(ctx context.Context, m event.Message) error {
	if m.Attributes["eventType"] != finalize {
		return nil // deletions and metadata changes need no action
	}
	object, err := parseNotification(m)
	if err != nil {
		return event.Refuse("notification", err)
	}
	if probe, err := h.receiveProbe(ctx, object); probe || err != nil {
		return err
	}
	record, err := h.directory.TenantOfBucket(ctx, object.bucket)
	if errors.Is(err, tenant.ErrNotFound) {
		// A new tenant's bucket may send notifications before the tenant's record
		// is written. If no tenant ever has the bucket, the message becomes a
		// dead letter.
		return fmt.Errorf("find the tenant of the bucket: %w", err)
	}
	if err != nil {
		return err
	}
	return h.store(ctx, record, object)
}

// store marks the object's grant as stored, or puts the object in quarantine.
func (h *Handler) store(ctx context.Context, t tenant.Record, o finalizedObject) error {
	db, err := h.directory.Database(ctx, t)
	if err != nil {
		return err
	}
	target, err := grant.ParseObject(o.name)
	if err != nil {
		return h.quarantine(ctx, db, t, o, reasonInvalidName, nil)
	}
	ref := records.GrantRef(db, t.ID, target)
	var reason string
	err = db.RunTransaction(ctx, func(_ context.Context, tx *firestore.Transaction) error {
		g, err := readGrant(tx, ref)
		if err != nil {
			return err
		}
		before := g.State
		var changed bool
		if reason = otherBucket(t, g, o); reason != "" {
			return nil
		}
		if changed, reason = receiveObject(&g, o); !changed {
			return nil
		}
		return setGrant(tx, ref, g, before)
	})
	if err != nil || reason == "" {
		return err
	}
	return h.quarantine(ctx, db, t, o, reason, ref)
}

// Reasons for quarantine. The audit log and the quarantine record show them.
const (
	reasonInvalidName      = "invalid-name"      // the name is not {workspace}/{run}/{output}/{part}
	reasonNoGrant          = "no-grant"          // there is no grant for the object
	reasonMismatch         = "mismatch"          // the type, size or CRC32C differs from the grant
	reasonMetadata         = "metadata"          // it has metadata that no upload URL allows
	reasonSecondGeneration = "second-generation" // another generation is already stored
	reasonContradiction    = "contradiction"     // the stored generation was notified with other properties
	reasonOtherBucket      = "other-bucket"      // it is in another bucket of the tenant than its run
)

// otherBucket returns the reason to put an object in quarantine whose name has a grant that
// is of another bucket. The grant stays as it is: its own object may still arrive.
func otherBucket(t tenant.Record, g grant.Grant, o finalizedObject) string {
	if g.State == "" {
		return "" // there is no grant
	}
	if bucket, err := t.BucketOf(tenant.Outputs, g.Bucket); err != nil || bucket != o.bucket {
		return reasonOtherBucket
	}
	return ""
}

// receiveObject changes the grant of an object that its bucket reports, and returns
// the reason to put the object in quarantine, or "".
//
// A bucket creates one generation of a part at most, so a second one that matches
// the grant, or other properties of the same one, means that one of the messages is
// not the bucket's. Custody cannot read the bucket, so the grant becomes disputed,
// and a genuine part is not lost, whichever message was first.
func receiveObject(g *grant.Grant, o finalizedObject) (changed bool, reason string) {
	if reason = mismatchReason(*g, o); reason != "" {
		if reason == reasonContradiction || (reason == reasonSecondGeneration && matches(*g, o)) {
			changed, g.Disputed = !g.Disputed, true
		}
		return changed, reason
	}
	if g.State == grant.Stored {
		return false, ""
	}
	g.Disputed = g.State == grant.Quarantined
	g.State, g.Stored = grant.Stored, &o.Finalized
	return true, ""
}

// mismatchReason returns why an object does not become the stored one, or "" if it
// is or becomes that.
func mismatchReason(g grant.Grant, o finalizedObject) string {
	switch {
	case g.State == "":
		return reasonNoGrant
	case g.State == grant.Stored && g.Stored.Generation != o.Generation:
		return reasonSecondGeneration
	case g.State == grant.Stored && (o.unsigned || !g.Stored.Equal(o.Finalized)):
		return reasonContradiction
	case o.unsigned:
		return reasonMetadata
	case !matches(g, o):
		return reasonMismatch
	}
	return ""
}

func matches(g grant.Grant, o finalizedObject) bool {
	return !o.unsigned && g.Declared.Allows(o.Finalized)
}

// setGrant writes a grant whose state was before. If the grants of its run are
// final already, it reopens the run, so that the sweep records the final states
// again. A pending grant belongs to no such run.
func setGrant(tx *firestore.Transaction, ref *firestore.DocumentRef, g grant.Grant, before grant.State) error {
	if g.State == before || before == grant.Pending {
		return tx.Set(ref, g)
	}
	runRef := ref.Parent.Parent.Collection(records.RunsCollection).Doc(string(g.Run))
	r, err := records.ReadRun(tx, runRef)
	if err != nil && !errors.Is(err, records.ErrRunNotFound) {
		return err
	}
	if r.GrantsFinal {
		if err := tx.Update(runRef, []firestore.Update{{Path: "grantsFinal", Value: false}}); err != nil {
			return fmt.Errorf("reopen run: %w", err)
		}
	}
	return tx.Set(ref, g)
}

// readGrant returns the zero Grant if none exists.
func readGrant(tx *firestore.Transaction, ref *firestore.DocumentRef) (grant.Grant, error) {
	doc, err := tx.Get(ref)
	if err != nil && status.Code(err) != codes.NotFound {
		return grant.Grant{}, fmt.Errorf("read grant: %w", err)
	}
	return records.Decode[grant.Grant](doc)
}
