package configs

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"time"

	"cloud.google.com/go/firestore"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/strongroom-dev/strongroom/shared/access"
	"github.com/strongroom-dev/strongroom/shared/api"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/configtree"
)

type getRequest struct {
	Workspace string `path:"workspace" class:"operational"`
}

type getResponse struct {
	Body struct {
		Commit  string     `json:"commit" class:"operational" doc:"Of main: 40 hexadecimal digits"`
		Digest  string     `json:"digest" class:"operational" doc:"Of the tree, as doc.go of shared/configtree defines it; also the ID of its review"`
		Updated time.Time  `json:"updated" class:"operational"`
		Files   []FileBody `json:"files"`

		Kinds map[string]int64 `json:"kinds,omitempty" class:"operational" doc:"Number of documents of each kind; absent if the configuration was pushed before the platform counted them"`
	}
}

// FileBody is a file of the configuration in effect.
type FileBody struct {
	Path   string `json:"path" class:"configuration"`
	Size   int64  `json:"size" class:"operational" doc:"Bytes"`
	SHA256 string `json:"sha256" class:"operational" doc:"Hexadecimal digits"`
}

// get shows the tree in effect. Contents are read with git.
func (h *Handler) get(ctx context.Context, _ *getRequest) (*getResponse, error) {
	s := access.From(ctx)
	r, files, err := h.filesInEffect(ctx, s)
	if err != nil {
		return nil, err
	}
	out := &getResponse{}
	out.Body.Commit, out.Body.Digest, out.Body.Updated, out.Body.Kinds = r.Commit, r.Digest, r.Updated, r.Kinds
	for _, f := range files {
		out.Body.Files = append(out.Body.Files, showFile(f))
	}
	return out, nil
}

func showFile(f configtree.File) FileBody {
	sum := configtree.SumOf(f)
	return FileBody{Path: f.Path, Size: sum.Size, SHA256: sum.Hash()}
}

type fileRequest struct {
	Workspace string `path:"workspace" class:"operational"`
	File      string `path:"file" class:"operational" doc:"SHA-256 of the file: a path would be in logs"`
}

type fileResponse struct {
	Body struct {
		FileBody
		Text string `json:"text" class:"configuration"`
	}
}

// file shows one file in effect.
func (h *Handler) file(ctx context.Context, in *fileRequest) (*fileResponse, error) {
	s := access.From(ctx)
	if _, err := configtree.ParseDigest(in.File); err != nil {
		return nil, api.Refuse(http.StatusBadRequest, "a file is named by the 64 digits of its SHA-256")
	}
	_, files, err := h.filesInEffect(ctx, s)
	if err != nil {
		return nil, err
	}
	at := slices.IndexFunc(files, func(f configtree.File) bool { return configtree.SumOf(f).Hash() == in.File })
	if at < 0 {
		return nil, api.Refuse(http.StatusNotFound, "no file in effect has this SHA-256; list the files again")
	}
	out := &fileResponse{}
	out.Body.FileBody, out.Body.Text = showFile(files[at]), string(files[at].Data)
	return out, nil
}

// filesInEffect records a read and returns the files in effect.
func (h *Handler) filesInEffect(ctx context.Context, s access.Session) (repository, []configtree.File, error) {
	r, err := readRepository(ctx, s)
	if err != nil {
		return r, nil, err
	}
	st, err := h.loadForReading(ctx, s, r, readMemory)
	if err != nil {
		return r, nil, err
	}
	files, err := filesOf(&quarantine{Storage: st}, r.Commit)
	return r, files, err
}

type listRequest struct {
	Workspace string `path:"workspace" class:"operational"`
	PageSize  int    `query:"pageSize" class:"operational" minimum:"1" maximum:"200" default:"50"`
	PageToken string `query:"pageToken" class:"operational"`
	Push      string `query:"push" class:"operational" enum:"waiting" doc:"Only reviews whose push waits for approval, by digest. A page may have fewer than pageSize, because pushes expire"`
}

type listResponse struct {
	Body struct {
		Reviews  []ReviewBody `json:"reviews"`
		InEffect string       `json:"inEffect,omitempty" class:"operational" doc:"Digest of the tree in effect; absent if no configuration is"`
		Next     string       `json:"nextPageToken,omitempty" class:"operational" doc:"Token for the next page; absent on the last page"`
	}
}

// reviewPosition is the position of the last review of a page.
type reviewPosition struct {
	Created int64  `json:"c"` // microseconds since 1970
	Digest  string `json:"d"`
}

func (h *Handler) listReviews(ctx context.Context, in *listRequest) (*listResponse, error) {
	s := access.From(ctx)
	if in.Push == waiting {
		return h.listWaiting(ctx, s, in)
	}
	key := "reviews of " + string(s.Workspace)
	last, err := access.ParsePageToken[reviewPosition](ctx, in.PageToken, key)
	if err != nil {
		return nil, err
	}
	query := reviews(s).OrderBy("created", firestore.Desc).OrderBy(firestore.DocumentID, firestore.Desc)
	if last != (reviewPosition{}) {
		query = query.StartAfter(time.UnixMicro(last.Created), last.Digest)
	}
	docs, err := query.Limit(in.PageSize + 1).Documents(ctx).GetAll()
	if err != nil {
		return nil, fmt.Errorf("list reviews: %w", err)
	}
	out := &listResponse{}
	out.Body.Reviews = []ReviewBody{}
	for _, doc := range docs[:min(len(docs), in.PageSize)] {
		var r review
		if err := doc.DataTo(&r); err != nil {
			return nil, fmt.Errorf("read review: %w", err)
		}
		out.Body.Reviews = append(out.Body.Reviews, show(r))
		last = reviewPosition{r.Created.UnixMicro(), r.Digest}
	}
	if out.Body.InEffect, err = h.addPushes(ctx, s, out.Body.Reviews); err != nil {
		return nil, err
	}
	if len(docs) > in.PageSize {
		out.Body.Next = access.PageToken(ctx, last, key)
	}
	return out, nil
}

// listWaiting lists the reviews whose push waits for approval.
func (h *Handler) listWaiting(ctx context.Context, s access.Session, in *listRequest) (*listResponse, error) {
	key := "waiting pushes of " + string(s.Workspace)
	last, err := access.ParsePageToken[string](ctx, in.PageToken, key)
	if err != nil {
		return nil, err
	}
	query := holds(s).Where("state", "==", waiting).OrderBy(firestore.DocumentID, firestore.Asc)
	if last != "" {
		query = query.StartAfter(last)
	}
	docs, err := query.Select().Limit(in.PageSize + 1).Documents(ctx).GetAll()
	if err != nil {
		return nil, fmt.Errorf("list held pushes: %w", err)
	}
	out := &listResponse{}
	if len(docs) > in.PageSize {
		docs = docs[:in.PageSize]
		out.Body.Next = access.PageToken(ctx, docs[in.PageSize-1].Ref.ID, key)
	}
	if out.Body.Reviews, err = readReviews(ctx, s, docs); err != nil {
		return nil, err
	}
	if out.Body.InEffect, err = h.addPushes(ctx, s, out.Body.Reviews); err != nil {
		return nil, err
	}
	out.Body.Reviews = slices.DeleteFunc(out.Body.Reviews, func(r ReviewBody) bool { return r.Push == nil || r.Push.State != waiting })
	return out, nil
}

// readReviews reads the reviews of held pushes.
func readReviews(ctx context.Context, s access.Session, pushes []*firestore.DocumentSnapshot) ([]ReviewBody, error) {
	var refs []*firestore.DocumentRef
	for _, doc := range pushes {
		refs = append(refs, reviews(s).Doc(doc.Ref.ID))
	}
	docs, err := s.DB.GetAll(ctx, refs)
	if err != nil {
		return nil, fmt.Errorf("read reviews: %w", err)
	}
	bodies := []ReviewBody{}
	for _, doc := range docs {
		var r review
		if err := doc.DataTo(&r); err != nil {
			return nil, fmt.Errorf("read review: %w", err)
		}
		bodies = append(bodies, show(r))
	}
	return bodies, nil
}

// addPushes adds the pushes that are held, or were, to reviews. It returns the digest of the
// tree in effect, or "".
func (h *Handler) addPushes(ctx context.Context, s access.Session, reviews []ReviewBody) (inEffect string, err error) {
	refs := []*firestore.DocumentRef{repositoryRef(s)}
	for _, r := range reviews {
		refs = append(refs, holds(s).Doc(r.Digest))
	}
	docs, err := s.DB.GetAll(ctx, refs)
	if err != nil {
		return "", fmt.Errorf("read held pushes: %w", err)
	}
	var repo repository
	if docs[0].Exists() {
		if err := docs[0].DataTo(&repo); err != nil {
			return "", fmt.Errorf("read repository: %w", err)
		}
	}
	for i, doc := range docs[1:] {
		var held hold
		if !doc.Exists() {
			continue
		}
		if err := doc.DataTo(&held); err != nil {
			return "", fmt.Errorf("read held push: %w", err)
		}
		reviews[i].Push = held.show(s, h.deps.Now())
	}
	return repo.Digest, nil
}

type detailResponse struct {
	Body struct {
		ReviewBody
		InEffect string       `json:"inEffect,omitempty" class:"operational" doc:"Digest of the tree in effect; absent if no configuration is"`
		Waivers  []WaiverBody `json:"waivers" doc:"Findings that the reviewer accepted, and why"`
	}
}

// getReview shows a review with its waivers.
func (h *Handler) getReview(ctx context.Context, in *decisionRequest) (*detailResponse, error) {
	s := access.From(ctx)
	digest, err := configtree.ParseDigest(in.Review)
	if err != nil {
		return nil, api.Refuse(http.StatusBadRequest, err.Error())
	}
	r, err := readReview(ctx, s, digest.String())
	if err != nil {
		return nil, err
	}
	if _, err := h.guard.Audit.Append(ctx, s.DB, entry(s, auditlog.ReadConfigReviews, r.Digest)); err != nil {
		return nil, err
	}
	waivers, err := h.openWaivers(ctx, s, r)
	if err != nil {
		return nil, err
	}
	shown := []ReviewBody{show(r)}
	out := &detailResponse{}
	if out.Body.InEffect, err = h.addPushes(ctx, s, shown); err != nil {
		return nil, err
	}
	out.Body.ReviewBody, out.Body.Waivers = shown[0], []WaiverBody{}
	for _, w := range waivers {
		out.Body.Waivers = append(out.Body.Waivers, WaiverBody(w))
	}
	return out, nil
}

// readReview reads a review. The error is a 404 if nobody has reviewed the tree.
func readReview(ctx context.Context, s access.Session, digest string) (r review, err error) {
	doc, err := reviews(s).Doc(digest).Get(ctx)
	if status.Code(err) == codes.NotFound {
		return review{}, api.Refuse(http.StatusNotFound, "this tree has no review")
	}
	if err == nil {
		err = doc.DataTo(&r)
	}
	if err != nil {
		return review{}, fmt.Errorf("read review: %w", err)
	}
	return r, nil
}
