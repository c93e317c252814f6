package outputs

import (
	"context"
	"fmt"
	"net/http"

	"cloud.google.com/go/firestore"
	"cloud.google.com/go/storage"

	"github.com/strongroom-dev/strongroom/shared/api"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/bucket"
	"github.com/strongroom-dev/strongroom/shared/gcp"
	"github.com/strongroom-dev/strongroom/shared/grant"
	"github.com/strongroom-dev/strongroom/shared/records"
)

// maxDisputed limits how many disputed parts one request asks the bucket about.
const maxDisputed = 16

// resolveDispute asks the bucket which object exists if notifications of a part
// contradict each other, and returns the grant with that object. An object that
// matches the grant replaces the recorded one, with an audit entry. Without an
// object, nothing changes: the genuine one may still arrive.
func (v *view) resolveDispute(ctx context.Context, g grant.Grant) (grant.Grant, error) {
	if !g.Disputed {
		return g, nil
	}
	if v.disputed++; v.disputed > maxDisputed {
		return g, api.Refuse(http.StatusServiceUnavailable, "some parts are being compared with the bucket; try again").With("Retry-After", "1")
	}
	attrs, err := v.bucket.Object(g.Object().Name()).Attrs(ctx)
	if bucket.IsMissing(err) {
		return g, nil
	}
	if err != nil {
		api.Logger(ctx).WarnContext(ctx, "read disputed object", "run", string(g.Run), "output", g.Output, "part", g.Part, "error", err.Error())
		return g, v.bucketProblem(err)
	}
	return v.adopt(ctx, g, attrs)
}

// adopt replaces what the grant says about its object with what the bucket says.
func (v *view) adopt(ctx context.Context, g grant.Grant, attrs *storage.ObjectAttrs) (grant.Grant, error) {
	s := v.session
	entry, err := v.handler.guard.Audit.Prepare(ctx, s.DB, auditlog.Entry{
		Tenant:    s.Tenant.ID,
		Actor:     auditlog.Actor{Subject: "outputs"},
		Action:    auditlog.AdoptObject,
		Outcome:   auditlog.Done,
		Workspace: g.Workspace,
		Resource:  fmt.Sprintf("runs/%s/outputs/%s", g.Run, g.Output),
		Counts:    map[string]int64{"part": int64(g.Part), "generation": attrs.Generation, "replaced": g.Stored.Generation},
	})
	if err != nil {
		return g, err
	}
	ref := records.GrantRef(s.DB, s.Tenant.ID, g.Object())
	err = gcp.Transact(ctx, s.DB, func(_ context.Context, tx *firestore.Transaction) error {
		doc, err := tx.Get(ref)
		if err != nil {
			return fmt.Errorf("read grant: %w", err)
		}
		if g, err = records.Decode[grant.Grant](doc); err != nil || !g.Disputed {
			return err
		}
		changed := decideDispute(&g, attrs)
		if err := tx.Set(ref, g); err != nil || !changed {
			return err
		}
		return entry.Write(tx)
	})
	return g, err
}

// decideDispute ends the dispute. It reports whether the grant says something else
// about its object than before.
func decideDispute(g *grant.Grant, attrs *storage.ObjectAttrs) (changed bool) {
	live := grant.Finalized{
		Generation:  attrs.Generation,
		Size:        attrs.Size,
		CRC32C:      attrs.CRC32C,
		ContentType: attrs.ContentType,
		Time:        attrs.Created,
	}
	before, state := *g.Stored, g.State
	g.Disputed, g.State, g.Stored = false, grant.Stored, &live
	if bucket.HasUnsignedMetadata(attrs) || !g.Declared.Allows(live) {
		g.State = grant.Quarantined
	}
	return g.State != state || !before.Equal(live)
}
