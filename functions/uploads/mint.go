package uploads

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"cloud.google.com/go/firestore"
	"github.com/danielgtaylor/huma/v2"
	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/strongroom-dev/strongroom/shared/access"
	"github.com/strongroom-dev/strongroom/shared/api"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/grant"
	"github.com/strongroom-dev/strongroom/shared/quota"
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
	claim, err := h.guard.TakeQuota(ctx, session, amountsOf(request.parts))
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
	granted, err := h.commitGrants(ctx, session, request, expires, sign)
	claim.Return(granted.before)
	if err != nil {
		return nil, err
	}
	signed := <-urls
	signed.response.Body.FollowedSeconds = int(granted.followed.Round(time.Second) / time.Second)
	return signed.response, signed.err
}

func lifetime(t tenant.Record) time.Duration {
	if l := t.Limits.UploadLifetime; l > 0 && l < signedurl.MaxLifetime {
		return l
	}
	return signedurl.MaxLifetime
}

// mintedGrants is what a mint has changed.
type mintedGrants struct {
	bucket   string        // of the run
	followed time.Duration // how long the run is followed
	before   quota.Amounts // what was granted before, and so does not count again
}

// commitGrants commits the grants, the audit entry and, if it is new, the run.
// A URL may only leave after that, so that every URL has its grant and its audit entry.
// When nothing is left but to commit, it calls committing, once or more, with the bucket of
// the run. If the request is refused, nothing of it counts.
//
// Parts are usually granted for the first time. So the first commit reads no grant, and requires
// that none exists. If one does, nothing was committed, and the second one reads them all.
func (h *Handler) commitGrants(ctx context.Context, s access.Session, request parsedRequest, expires time.Time, committing func(bucket string)) (granted mintedGrants, err error) {
	entry, err := h.guard.Audit.Prepare(ctx, s.DB, auditlog.Entry{
		Tenant: s.Tenant.ID, Actor: auditlog.By(s.Principal), Action: auditlog.MintUpload, Outcome: auditlog.Allowed,
		Workspace: s.Workspace, Resource: "runs/" + string(request.run), Objects: request.objectNames(),
	})
	if err != nil {
		return granted, err
	}
	commit := func(write func(*firestore.Transaction, access.Session, parsedRequest, time.Time) (mintedGrants, error)) error {
		return entry.Commit(ctx, s.DB, func(tx *firestore.Transaction) (acts bool, err error) {
			if granted, err = write(tx, s, request, expires); err != nil {
				return false, err
			}
			committing(granted.bucket)
			return true, nil
		})
	}
	if err = commit(h.createGrants); status.Code(err) == codes.AlreadyExists {
		err = commit(h.writeGrants)
	}
	switch {
	case errors.Is(err, records.ErrRunIDTaken):
		err = api.Refuse(http.StatusConflict, api.RunIDTakenText)
	case errors.Is(err, records.ErrNotRunOwner):
		err = h.guard.DenyRun(ctx, s, auditlog.MintUpload, request.run)
	case errors.Is(err, tenant.ErrForeignBucket):
		err = api.Refuse(http.StatusForbidden, api.StorageUnavailableText)
	}
	if refused := huma.StatusError(nil); errors.As(err, &refused) {
		granted.before = amountsOf(request.parts)
	}
	return granted, err
}

// createGrants writes the grants of parts that have none. If one has, or if the run was created
// since it was read, the commit fails with AlreadyExists.
func (h *Handler) createGrants(tx *firestore.Transaction, s access.Session, request parsedRequest, expires time.Time) (granted mintedGrants, err error) {
	opened, err := h.openRun(tx, s, request)
	if err != nil {
		return granted, err
	}
	grants, err := renewGrants(opened.run, request, make([]grant.Grant, len(request.parts)), s.RunOwner(), opened.now, expires)
	if err != nil {
		return granted, err
	}
	for i, ref := range request.grantRefs(s) {
		grants[i].Bucket = opened.bucket
		if err := tx.Create(ref, grants[i]); err != nil {
			return granted, fmt.Errorf("create grant: %w", err)
		}
	}
	return opened.save(tx, nil)
}

// writeGrants writes grants of which some exist.
func (h *Handler) writeGrants(tx *firestore.Transaction, s access.Session, request parsedRequest, expires time.Time) (granted mintedGrants, err error) {
	opened, err := h.openRun(tx, s, request, request.grantRefs(s)...)
	if err != nil {
		return granted, err
	}
	existing := make([]grant.Grant, len(opened.docs))
	var again []requestedPart
	for i, doc := range opened.docs {
		if existing[i], err = records.Decode[grant.Grant](doc); err != nil {
			return granted, err
		}
		// If the reply to an earlier commit of this request was lost, it finds its own grants.
		if doc.Exists() && !existing[i].Expires.Equal(expires.Truncate(time.Microsecond)) { // as Firestore stores it
			again = append(again, request.parts[i])
		}
	}
	grants, err := renewGrants(opened.run, request, existing, s.RunOwner(), opened.now, expires)
	if err != nil {
		return granted, err
	}
	for i, doc := range opened.docs {
		grants[i].Bucket = opened.bucket
		if err := tx.Set(doc.Ref, grants[i]); err != nil {
			return granted, fmt.Errorf("write grant: %w", err)
		}
	}
	return opened.save(tx, again)
}

// openedRun is the run of a mint, as its transaction found it.
type openedRun struct {
	ref    records.RunRef
	run    run.Run
	create bool // the run is new
	bucket string
	now    time.Time
	docs   []*firestore.DocumentSnapshot // of what was read with the run
}

// openRun reads the run of a mint, and others in the same call.
func (h *Handler) openRun(tx *firestore.Transaction, s access.Session, request parsedRequest, others ...*firestore.DocumentRef) (o openedRun, err error) {
	o.ref, o.now = records.NewRunRef(s.DB, s.Tenant.ID, s.Workspace, request.run), h.deps.Now()
	if o.run, o.create, o.docs, err = o.ref.Open(tx, o.now, s.RunOpener(), others...); err != nil {
		return o, err
	}
	o.bucket, err = s.Tenant.BucketOf(tenant.Outputs, o.run.Bucket)
	return o, err
}

// save writes the run, if the grants change it. Parts that were granted before do not count again.
func (o openedRun) save(tx *firestore.Transaction, again []requestedPart) (granted mintedGrants, err error) {
	reopened := o.run.GrantsFinal
	o.run.GrantsFinal = false
	if o.run.Renew(o.now) || reopened {
		err = o.ref.Save(tx, o.run, o.create)
	}
	return mintedGrants{bucket: o.bucket, followed: o.run.FollowedFor(o.now), before: amountsOf(again)}, err
}

// amountsOf returns what parts count: the bytes are those that may be uploaded.
func amountsOf(parts []requestedPart) quota.Amounts {
	amounts := quota.Amounts{quota.Parts: int64(len(parts)), quota.Bytes: 0}
	for _, p := range parts {
		amounts[quota.Bytes] += p.declared.MaxBytes()
	}
	return amounts
}

// renewGrants returns a new or renewed grant to an identity for each requested part of
// the run. If any part cannot be granted, the error is the conflict of all such parts.
func renewGrants(r run.Run, request parsedRequest, existing []grant.Grant, by run.Owner, now, expires time.Time) ([]grant.Grant, error) {
	conflicts := conflict{run: r}
	grants := make([]grant.Grant, len(existing))
	for i, g := range existing {
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
