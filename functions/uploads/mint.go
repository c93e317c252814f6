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
	"github.com/strongroom-dev/strongroom/shared/grant"
	"github.com/strongroom-dev/strongroom/shared/records"
	"github.com/strongroom-dev/strongroom/shared/run"
	"github.com/strongroom-dev/strongroom/shared/signedurl"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

func (h *Handler) mint(ctx context.Context, in *mintRequest) (*mintResponse, error) {
	session := access.From(ctx)
	request, err := in.parse(session.Workspace)
	if err != nil {
		return nil, err
	}
	signer, err := h.signer(ctx, session.Tenant)
	if err != nil {
		return nil, err
	}
	expires := h.deps.Now().Add(lifetime(session.Tenant))
	signing, stop := context.WithCancel(ctx)
	defer stop() // also if the commit fails
	var bucket string
	var urls <-chan minted
	sign := func(bucketOfRun string) {
		if urls == nil || bucket != bucketOfRun { // the transaction may run again, and find a run that another call began
			bucket, urls = bucketOfRun, h.startMinting(signing, signer, bucketOfRun, request, expires)
		}
	}
	followed, err := h.commitGrants(ctx, session, request, expires, sign)
	if err != nil {
		return nil, err
	}
	signed := <-urls
	signed.response.Body.FollowedSeconds = int(followed.Round(time.Second) / time.Second)
	return signed.response, signed.err
}

func lifetime(t tenant.Record) time.Duration {
	if l := t.Limits.UploadLifetime; l > 0 && l < signedurl.MaxLifetime {
		return l
	}
	return signedurl.MaxLifetime
}

// commitGrants commits the grants, the audit entry and, if it is new, the run.
// A URL may only leave after that, so that every URL has its grant and its audit entry.
// When nothing is left but to commit, it calls committing, once or more, with the bucket of
// the run. It returns how long the run is followed.
func (h *Handler) commitGrants(ctx context.Context, s access.Session, request parsedRequest, expires time.Time, committing func(bucket string)) (followed time.Duration, err error) {
	entry, err := h.guard.Audit.Prepare(ctx, s.DB, auditlog.Entry{
		Tenant: s.Tenant.ID, Actor: auditlog.By(s.Principal), Action: auditlog.MintUpload, Outcome: auditlog.Allowed,
		Workspace: s.Workspace, Resource: "runs/" + string(request.run), Objects: request.objectNames(),
	})
	if err != nil {
		return 0, err
	}
	err = entry.Commit(ctx, s.DB, func(tx *firestore.Transaction) (acts bool, err error) {
		var bucket string
		if bucket, followed, err = h.writeGrants(tx, s, request, expires); err != nil {
			return false, err
		}
		committing(bucket)
		return true, nil
	})
	switch {
	case errors.Is(err, records.ErrRunIDTaken):
		return 0, api.Refuse(http.StatusConflict, api.RunIDTakenText)
	case errors.Is(err, records.ErrNotRunOwner):
		return 0, h.guard.DenyRun(ctx, s, auditlog.MintUpload, request.run)
	case errors.Is(err, tenant.ErrForeignBucket):
		return 0, api.Refuse(http.StatusForbidden, api.StorageUnavailableText)
	}
	return followed, err
}

// writeGrants writes the grants, and the run if it changes. It returns the run's bucket, and
// how long the run is followed.
func (h *Handler) writeGrants(tx *firestore.Transaction, s access.Session, request parsedRequest, expires time.Time) (bucket string, followed time.Duration, err error) {
	runRef := records.NewRunRef(s.DB, s.Tenant.ID, s.Workspace, request.run)
	now := h.deps.Now()
	r, create, docs, err := runRef.Open(tx, now, s.RunOpener(), request.grantRefs(s)...)
	if err != nil {
		return "", 0, err
	}
	if bucket, err = s.Tenant.BucketOfRun(r.Bucket); err != nil {
		return "", 0, err
	}
	grants, err := renewGrants(r, request, docs, s.RunOwner(), now, expires)
	if err != nil {
		return "", 0, err
	}
	for i, doc := range docs {
		grants[i].Bucket = bucket
		if err := tx.Set(doc.Ref, grants[i]); err != nil {
			return "", 0, fmt.Errorf("write grant: %w", err)
		}
	}
	reopened := r.GrantsFinal
	r.GrantsFinal = false
	if r.Renew(now) || reopened {
		err = runRef.Save(tx, r, create)
	}
	return bucket, r.FollowedFor(now), err
}

// renewGrants returns a new or renewed grant to an identity for each requested part of
// the run. If any part cannot be granted, the error is the conflict of all such parts.
func renewGrants(r run.Run, request parsedRequest, docs []*firestore.DocumentSnapshot, by run.Owner, now, expires time.Time) ([]grant.Grant, error) {
	conflicts := conflict{run: r}
	grants := make([]grant.Grant, len(docs))
	for i, doc := range docs {
		g, err := records.Decode[grant.Grant](doc)
		if err != nil {
			return nil, err
		}
		grants[i] = conflicts.renew(g, i, request.parts[i], by, now, expires)
	}
	return grants, conflicts.err()
}

// minted is the response of a mint, or why it has none.
type minted struct {
	response *mintResponse
	err      error
}

// startMinting begins to mint the URLs, all at once, and returns where they arrive. Each
// URL expires with its grant.
func (h *Handler) startMinting(ctx context.Context, signer signedurl.Signer, bucket string, request parsedRequest, expires time.Time) <-chan minted {
	out := &mintResponse{}
	out.Body.Parts = make([]partResponse, len(request.parts))
	group, ctx := errgroup.WithContext(ctx)
	for i, p := range request.parts {
		group.Go(func() error {
			upload, err := h.minter.Mint(ctx, signer, signedurl.Policy{
				Bucket: bucket, Object: p.object.Name(), ContentType: p.declared.ContentType,
				MaxBytes: p.declared.MaxBytes(), CRC32C: p.declared.CRC32C, Expires: expires,
			})
			out.Body.Parts[i] = partResponse{
				Output: p.object.Output, Part: p.object.Part, Method: upload.Method,
				URL: upload.URL.Reveal(), Headers: upload.Headers, Expires: upload.Expires,
			}
			return err
		})
	}
	done := make(chan minted, 1)
	go func() { done <- minted{out, group.Wait()} }()
	return done
}

func (r parsedRequest) grantRefs(s access.Session) []*firestore.DocumentRef {
	refs := make([]*firestore.DocumentRef, len(r.parts))
	for i, p := range r.parts {
		refs[i] = records.GrantRef(s.DB, s.Tenant.ID, p.object)
	}
	return refs
}

// objectNames returns the names of the requested objects relative to their run,
// for the audit log.
func (r parsedRequest) objectNames() []string {
	names := make([]string, len(r.parts))
	for i, p := range r.parts {
		_, names[i], _ = strings.Cut(p.object.Name(), "/"+string(r.run)+"/")
	}
	return names
}
