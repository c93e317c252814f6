package uploads

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"cloud.google.com/go/firestore"
	"golang.org/x/sync/errgroup"

	"github.com/strongroom-dev/strongroom/shared/access"
	"github.com/strongroom-dev/strongroom/shared/api"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/gcp"
	"github.com/strongroom-dev/strongroom/shared/grant"
	"github.com/strongroom-dev/strongroom/shared/records"
	"github.com/strongroom-dev/strongroom/shared/signedurl"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// signAtOnce bounds the signatures of one call that are under way.
const signAtOnce = 16

func (h *Handler) mint(ctx context.Context, in *mintRequest) (*mintResponse, error) {
	session := access.From(ctx)
	want, err := in.parse(session.Workspace)
	if err != nil {
		return nil, err
	}
	signer, err := h.signer(ctx, session.Tenant)
	if err != nil {
		return nil, err
	}
	expires := h.deps.Now().Add(lifetime(session.Tenant))
	if err := h.record(ctx, session, want, expires); err != nil {
		return nil, err
	}
	return h.sign(ctx, signer, session.Tenant, want, expires)
}

func lifetime(t tenant.Record) time.Duration {
	if l := t.Limits.UploadLifetime; l > 0 && l < signedurl.MaxLifetime {
		return l
	}
	return signedurl.MaxLifetime
}

// record commits the grants and the audit entry, and the run if it is new,
// before any URL exists.
func (h *Handler) record(ctx context.Context, s access.Session, want wanted, expires time.Time) error {
	entry, err := h.guard.Audit.Prepare(ctx, s.DB, auditlog.Entry{
		Tenant: s.Tenant.ID, Actor: auditlog.By(s.Principal), Action: auditlog.MintUpload, Outcome: auditlog.Allowed,
		Workspace: s.Workspace, Resource: "runs/" + string(want.run), Objects: want.names(),
	})
	if err != nil {
		return err
	}
	err = gcp.Transact(ctx, s.DB, func(_ context.Context, tx *firestore.Transaction) error {
		return h.commit(tx, s, want, expires, entry)
	})
	if errors.Is(err, records.ErrRunIDTaken) {
		return api.Refuse(http.StatusConflict, api.RunIDTakenText)
	}
	return err
}

func (h *Handler) commit(tx *firestore.Transaction, s access.Session, want wanted, expires time.Time, entry auditlog.Prepared) error {
	place := records.NewRunRef(s.DB, s.Tenant.ID, s.Workspace, want.run)
	now := h.deps.Now()
	r, create, err := place.Open(tx, now)
	if err != nil {
		return err
	}
	docs, err := tx.GetAll(want.refs(s))
	if err != nil {
		return fmt.Errorf("read grants: %w", err)
	}
	grants, err := renew(want, docs, now, expires)
	if err != nil {
		return err
	}
	for i, doc := range docs {
		if err := tx.Set(doc.Ref, grants[i]); err != nil {
			return fmt.Errorf("write grant: %w", err)
		}
	}
	if create {
		if err := place.Create(tx, r); err != nil {
			return err
		}
	}
	return entry.Write(tx)
}

// renew gives each wanted part its grant, new or again, or the conflict of
// those that cannot have one.
func renew(want wanted, docs []*firestore.DocumentSnapshot, now, expires time.Time) ([]grant.Grant, error) {
	var refused conflict
	grants := make([]grant.Grant, len(docs))
	for i, doc := range docs {
		g, err := records.Decode[grant.Grant](doc)
		if err != nil {
			return nil, err
		}
		grants[i] = refused.renew(g, i, want.parts[i], now, expires)
	}
	return grants, refused.err()
}

// sign mints a URL for every part, several at once. None outlives its grant.
func (h *Handler) sign(ctx context.Context, signer signedurl.Signer, t tenant.Record, want wanted, expires time.Time) (*mintResponse, error) {
	out := &mintResponse{}
	out.Body.Parts = make([]partResponse, len(want.parts))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(signAtOnce)
	for i, p := range want.parts {
		group.Go(func() error {
			upload, err := h.minter.Mint(ctx, signer, signedurl.Policy{
				Bucket: t.OutputsBucket, Object: p.object.Name(), ContentType: p.declared.ContentType,
				MaxBytes: p.declared.MaxBytes(), CRC32C: p.declared.CRC32C, Expires: expires,
			})
			out.Body.Parts[i] = partResponse{
				Output: p.object.Output, Part: p.object.Part, Method: upload.Method,
				URL: upload.URL.Reveal(), Headers: upload.Headers, Expires: upload.Expires,
			}
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	return out, nil
}

func (w wanted) refs(s access.Session) []*firestore.DocumentRef {
	refs := make([]*firestore.DocumentRef, len(w.parts))
	for i, p := range w.parts {
		refs[i] = records.GrantRef(s.DB, s.Tenant.ID, p.object)
	}
	return refs
}

// names are the wanted objects below their run, for the record.
func (w wanted) names() []string {
	names := make([]string, len(w.parts))
	for i, p := range w.parts {
		_, names[i], _ = strings.Cut(p.object.Name(), "/"+string(w.run)+"/")
	}
	return names
}
