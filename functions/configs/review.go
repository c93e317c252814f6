package configs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"cloud.google.com/go/firestore"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/strongroom-dev/strongroom/shared/access"
	"github.com/strongroom-dev/strongroom/shared/api"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/configtree"
	"github.com/strongroom-dev/strongroom/shared/findings"
	"github.com/strongroom-dev/strongroom/shared/keys"
	"github.com/strongroom-dev/strongroom/shared/records"
)

// The kinds of reviewers.
const (
	byPerson   = "person"
	byPipeline = "pipeline"
)

// identity is who reviewed or pushed a configuration.
type identity struct {
	Issuer   string `firestore:"issuer" class:"configuration"`
	Subject  string `firestore:"subject" class:"configuration"`
	Pipeline bool   `firestore:"pipeline" class:"operational"` // the trust rule that admitted the token says so
}

func identityOf(s access.Session) identity {
	return identity{s.Principal.Issuer, s.Principal.Subject, s.Principal.Pipeline}
}

func (i identity) kind() string {
	if i.Pipeline {
		return byPipeline
	}
	return byPerson
}

// review is the document of the review of one exact tree. It changes once at most: the review
// of a person replaces that of a pipeline.
type review struct {
	Digest   string    `firestore:"digest" class:"operational"` // of the tree; also the ID
	Reviewer identity  `firestore:"reviewer"`
	Files    int64     `firestore:"files" class:"operational"`
	Bytes    int64     `firestore:"bytes" class:"operational"`
	Created  time.Time `firestore:"created" class:"operational"`
	Waivers  []byte    `firestore:"waivers" class:"text"` // sealed; JSON
}

// reviewVersion differs between the review of a pipeline and the one that has replaced it.
type reviewVersion struct {
	by identity
	at int64 // microseconds since 1970
}

func (r review) version() reviewVersion { return reviewVersion{r.Reviewer, r.Created.UnixMicro()} }

func reviews(s access.Session) *firestore.CollectionRef {
	return records.Workspace(s.DB, s.Tenant.ID, s.Workspace).Collection(records.ConfigReviewsCollection)
}

type reviewRequest struct {
	Workspace string `path:"workspace" class:"operational"`
	Review    string `path:"review" class:"operational"`
	Body      struct {
		Files   int64        `json:"files" class:"operational" minimum:"1" maximum:"20000"`
		Bytes   int64        `json:"bytes" class:"operational" minimum:"0" maximum:"33554432"`
		Waivers []WaiverBody `json:"waivers,omitempty" maxItems:"500" doc:"Findings that may be uploaded, and why"`
	}
}

// WaiverBody accepts findings.
type WaiverBody struct {
	Rule   string `json:"rule" class:"operational" maxLength:"40" doc:"Rule of the findings"`
	Path   string `json:"path,omitempty" class:"configuration" maxLength:"400" doc:"Path of the file; required for a secret"`
	Line   int    `json:"line,omitempty" class:"configuration" minimum:"0" maximum:"1048576" doc:"Line in the file; required for a secret"`
	Reason string `json:"reason" class:"text" minLength:"3" maxLength:"500" doc:"Why it may be uploaded"`
}

type reviewResponse struct{ Body ReviewBody }

// ReviewBody is a review as a client sees it.
type ReviewBody struct {
	Digest   string    `json:"digest" class:"operational" doc:"Of the exact tree"`
	Reviewer string    `json:"reviewer" class:"configuration" doc:"Subject of the reviewer's token"`
	Kind     string    `json:"kind" class:"operational" enum:"person,pipeline" doc:"What the reviewer is, as the tenant's trust says"`
	Files    int64     `json:"files" class:"operational"`
	Bytes    int64     `json:"bytes" class:"operational"`
	Created  time.Time `json:"created" class:"operational"`
	Push     *HoldBody `json:"push,omitempty" doc:"The push of the tree that waited for an admin; absent if no push did"`
}

// review records a review. The same review again changes nothing. The review of a person
// replaces that of a pipeline.
func (h *Handler) review(ctx context.Context, in *reviewRequest) (*reviewResponse, error) {
	s := access.From(ctx)
	digest, err := configtree.ParseDigest(in.Review)
	if err != nil {
		return nil, api.Refuse(http.StatusBadRequest, err.Error())
	}
	waivers, err := parseWaivers(in.Body.Waivers)
	if err != nil {
		return nil, err
	}
	if err := h.requireWorkspace(ctx, s); err != nil {
		return nil, err
	}
	ref := reviews(s).Doc(digest.String())
	r := review{
		Digest: digest.String(), Reviewer: identityOf(s), Files: in.Body.Files, Bytes: in.Body.Bytes, Created: h.deps.Now(),
	}
	if r.Waivers, err = h.seal(ctx, s, ref, waivers); err != nil {
		return nil, err
	}
	prepared, err := h.guard.Audit.Prepare(ctx, s.DB, entry(s, auditlog.ReviewConfig, r.Digest))
	if err != nil {
		return nil, err
	}
	err = prepared.Commit(ctx, s.DB, func(tx *firestore.Transaction) (acts bool, err error) {
		return h.recordReview(ctx, s, tx, ref, r, waivers)
	})
	if err != nil {
		return nil, err
	}
	return &reviewResponse{show(r)}, nil
}

// recordReview writes a review, unless it is there already.
func (h *Handler) recordReview(ctx context.Context, s access.Session, tx *firestore.Transaction, ref *firestore.DocumentRef, r review, waivers []findings.Waiver) (acts bool, err error) {
	docs, err := tx.GetAll([]*firestore.DocumentRef{ref, repositoryRef(s)})
	if err != nil {
		return false, fmt.Errorf("read review: %w", err)
	}
	if !docs[0].Exists() {
		return true, tx.Create(ref, r)
	}
	var old review
	var current repository
	if err := docs[0].DataTo(&old); err != nil {
		return false, fmt.Errorf("read review: %w", err)
	}
	if docs[1].Exists() {
		if err := docs[1].DataTo(&current); err != nil {
			return false, fmt.Errorf("read repository: %w", err)
		}
	}
	before, err := h.openWaivers(ctx, s, old)
	if err != nil {
		return false, err
	}
	sameWaivers := fmt.Sprint(before) == fmt.Sprint(waivers)
	switch {
	case old.Reviewer == r.Reviewer && sameWaivers:
		return false, nil
	case !old.Reviewer.Pipeline || r.Reviewer.Pipeline:
		return false, api.Refuse(http.StatusConflict, "this tree has a review with other values; the first one is kept. Change the tree to review it again")
	case current.Digest == r.Digest && !sameWaivers:
		return false, api.Refuse(http.StatusConflict, "this tree is in effect with other waivers; review it with the same ones, or change the tree")
	}
	return true, tx.Set(ref, r)
}

func show(r review) ReviewBody {
	return ReviewBody{Digest: r.Digest, Reviewer: r.Reviewer.Subject, Kind: r.Reviewer.kind(), Files: r.Files, Bytes: r.Bytes, Created: r.Created}
}

func parseWaivers(bodies []WaiverBody) (waivers []findings.Waiver, err error) {
	var faults []api.Fault
	for i, b := range bodies {
		w := findings.Waiver{Rule: b.Rule, Path: b.Path, Line: b.Line, Reason: b.Reason}
		if err := w.Check(); err != nil {
			faults = append(faults, api.Fault{Message: err.Error(), Location: fmt.Sprintf("body.waivers[%d]", i)})
		}
		waivers = append(waivers, w)
	}
	if len(faults) > 0 {
		return nil, api.Refuse(http.StatusUnprocessableEntity, "the request is invalid; correct the fields listed in errors", faults...)
	}
	return waivers, nil
}

func (h *Handler) seal(ctx context.Context, s access.Session, ref *firestore.DocumentRef, waivers []findings.Waiver) ([]byte, error) {
	plain, err := json.Marshal(waivers)
	if err != nil {
		return nil, fmt.Errorf("encode waivers: %w", err)
	}
	owner, err := h.keys.Of(ctx, s.Tenant, s.DB)
	if err != nil {
		return nil, err
	}
	sealed, err := owner.Seal(ctx, plain, []byte(keys.RelativePath(ref)))
	return sealed, locked(err)
}

func (h *Handler) openWaivers(ctx context.Context, s access.Session, r review) (waivers []findings.Waiver, err error) {
	owner, err := h.keys.Of(ctx, s.Tenant, s.DB)
	if err != nil {
		return nil, err
	}
	plain, err := owner.Open(ctx, r.Waivers, []byte(keys.RelativePath(reviews(s).Doc(r.Digest))))
	if err != nil {
		return nil, locked(err)
	}
	if err := json.Unmarshal(plain, &waivers); err != nil {
		return nil, errors.New("the waivers of a review cannot be decoded")
	}
	return waivers, nil
}

func locked(err error) error {
	if errors.Is(err, keys.ErrKeyUnavailable) {
		return api.Refuse(http.StatusForbidden, api.KeyLockedText)
	}
	return err
}

// unreviewed returns why the review of a tree with findings does not allow it to be pushed.
// Otherwise, it returns the review.
func (h *Handler) unreviewed(ctx context.Context, s access.Session, tree configtree.Tree, found []findings.Finding) (r review, faults []string, err error) {
	digest := tree.Digest().String()
	doc, err := reviews(s).Doc(digest).Get(ctx)
	if status.Code(err) == codes.NotFound {
		return review{}, []string{"the tree " + digest + " has no review; review it with strongroom config review"}, nil
	}
	if err == nil {
		err = doc.DataTo(&r)
	}
	if err != nil {
		return review{}, nil, fmt.Errorf("read review: %w", err)
	}
	waivers, err := h.openWaivers(ctx, s, r)
	if err != nil {
		return review{}, nil, err
	}
	if len(found) > findings.MaxFindings { // what comes after them was not scanned
		faults = append(faults, fmt.Sprintf("the tree has more than %d findings; remove some", findings.MaxFindings))
	}
	for _, f := range findings.Open(found, waivers) {
		faults = append(faults, fmt.Sprintf("%s:%d %s: %s (%s); remove it, or waive it in a review", f.Path, f.Line, f.Field, f.Rule, f.Excerpt))
	}
	return r, faults, nil
}
