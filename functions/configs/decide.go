package configs

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"cloud.google.com/go/firestore"
	"github.com/go-git/go-git/v6/plumbing"
	"github.com/go-git/go-git/v6/plumbing/object"

	"github.com/strongroom-dev/strongroom/shared/access"
	"github.com/strongroom-dev/strongroom/shared/api"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/configtree"
)

type decisionRequest struct {
	Workspace string `path:"workspace" class:"operational"`
	Review    string `path:"review" class:"operational"`
}

// pushOf returns the push of a reviewed tree that is held.
func (h *Handler) pushOf(ctx context.Context, s access.Session, review string) (hold, error) {
	digest, err := configtree.ParseDigest(review)
	if err != nil {
		return hold{}, api.Refuse(http.StatusBadRequest, err.Error())
	}
	return h.readHold(ctx, s, digest.String())
}

// approve makes a held push take effect, if main has not moved since. Everything is checked
// again, because the rules may have changed.
func (h *Handler) approve(ctx context.Context, in *decisionRequest) (*reviewResponse, error) {
	s := access.From(ctx)
	held, err := h.pushOf(ctx, s, in.Review)
	if err != nil {
		return nil, err
	}
	if !held.mayApprove(s) {
		return nil, h.guard.DenyApproval(ctx, s, "config-reviews/"+held.Digest)
	}
	if held.State == approved {
		return h.reviewWith(ctx, s, held) // the response to an earlier attempt may be lost
	}
	if err := held.requireWaiting(h.deps.Now()); err != nil {
		return nil, err
	}
	p, st, err := h.reopen(ctx, s, held)
	if err != nil {
		return nil, err
	}
	if _, refusal := p.inspect(ctx, st, plumbing.NewHash(held.To)); p.fault != nil {
		return nil, p.fault
	} else if refusal != nil {
		return nil, api.Refuse(http.StatusConflict, "the platform would refuse the push now; review the tree and push again")
	}
	if held.Reviewers = p.reviewers; !held.mayApprove(s) { // a review may have been replaced
		return nil, h.guard.DenyApproval(ctx, s, "config-reviews/"+held.Digest)
	}
	return h.takeEffect(ctx, s, p, held)
}

// takeEffect stores the pack of an approved push and moves main.
func (h *Handler) takeEffect(ctx context.Context, s access.Session, p *push, held hold) (*reviewResponse, error) {
	prepared, err := h.guard.Audit.Prepare(ctx, s.DB, entry(s, auditlog.ApproveConfig, held.Digest))
	if err != nil {
		return nil, err
	}
	m := move{From: held.From, To: held.To, Digest: held.Digest, Review: p.review, Said: p.said}
	m, data, err := p.merge(m)
	if err != nil {
		return nil, err
	}
	if err := h.storePack(ctx, s, m.Pack, data); err != nil {
		return nil, keyLocked(err)
	}
	held.Key, held.State, held.Decided, held.Decider = nil, approved, h.deps.Now(), identityOf(s)
	err = h.moveMain(ctx, s, prepared, m, func(tx *firestore.Transaction) error { return tx.Set(holds(s).Doc(held.Digest), held) })
	switch {
	case errors.Is(err, errMoved):
		return nil, mainMoved()
	case errors.Is(err, errReviewed):
		return nil, api.Refuse(http.StatusConflict, "somebody has reviewed the tree meanwhile; approve again")
	}
	if err != nil {
		return nil, err
	}
	return h.reviewWith(ctx, s, held)
}

func mainMoved() error {
	return api.Refuse(http.StatusConflict, "main has moved since this push; the builder must pull, review and push again")
}

// reopen returns a held push as it was before main would have moved, with the objects of
// the repository and of the push.
func (h *Handler) reopen(ctx context.Context, s access.Session, held hold) (*push, *quarantine, error) {
	old, err := readRepository(ctx, s)
	if err != nil {
		return nil, nil, err
	}
	if zeroIfEmpty(old.Commit) != held.From {
		return nil, nil, mainMoved()
	}
	if err := old.reserve(ctx, heldMemory); err != nil {
		return nil, nil, err
	}
	p := &push{handler: h, session: s, old: old}
	if p.pack, err = h.openPack(ctx, s, held); err != nil {
		return nil, nil, err
	}
	st := &quarantine{Storage: old.references(), unpacked: true}
	var invalid errPack
	if err := p.unpack(ctx, st, 0); errors.As(err, &invalid) {
		return nil, nil, errors.New("a held pack is not valid any more")
	} else if err != nil {
		return nil, nil, err
	}
	return p, st, p.load(ctx, st)
}

// reject drops a held push. Its pack cannot be read any more, because its key is gone.
func (h *Handler) reject(ctx context.Context, in *decisionRequest) (*reviewResponse, error) {
	s := access.From(ctx)
	held, err := h.pushOf(ctx, s, in.Review)
	if err != nil {
		return nil, err
	}
	if held.State == rejected {
		return h.reviewWith(ctx, s, held)
	}
	if err := h.guard.RefuseUnderHold(ctx, s.Tenant.ID, s.Workspace); err != nil {
		return nil, err
	}
	ref := holds(s).Doc(held.Digest)
	prepared, err := h.guard.Audit.Prepare(ctx, s.DB, entry(s, auditlog.RejectConfig, held.Digest))
	if err != nil {
		return nil, err
	}
	err = prepared.Commit(ctx, s.DB, func(tx *firestore.Transaction) (bool, error) {
		doc, err := tx.Get(ref)
		if err == nil {
			err = doc.DataTo(&held)
		}
		if err != nil {
			return false, fmt.Errorf("read held push: %w", err)
		}
		if held.State == approved {
			return false, held.requireWaiting(h.deps.Now())
		}
		held.Key, held.State, held.Decided, held.Decider = nil, rejected, h.deps.Now(), identityOf(s)
		return true, tx.Set(ref, held)
	})
	if err != nil {
		return nil, err
	}
	return h.reviewWith(ctx, s, held)
}

// reviewWith returns the review of a held push.
func (h *Handler) reviewWith(ctx context.Context, s access.Session, held hold) (*reviewResponse, error) {
	r, err := readReview(ctx, s, held.Digest)
	if err != nil {
		return nil, err
	}
	body := show(r)
	body.Push = held.show(s, h.deps.Now())
	return &reviewResponse{body}, nil
}

type heldResponse struct {
	Body struct {
		Push      HoldBody   `json:"push"`
		Changes   []HeldFile `json:"changes" doc:"What differs from the configuration in effect, sorted by path"`
		Truncated bool       `json:"truncated" class:"operational" doc:"The texts have more than 8 MiB; those of further files are left out"`
	}
}

// HeldFile is a file of a push that waits.
type HeldFile struct {
	Path   string `json:"path" class:"configuration"`
	Change string `json:"change" class:"operational" enum:"new,changed,removed"`
	Before string `json:"before,omitempty" class:"operational" doc:"SHA-256 of the file in effect; absent if it is new"`
	SHA256 string `json:"sha256,omitempty" class:"operational" doc:"Absent if it is removed"`
	Text   string `json:"text,omitempty" class:"configuration" doc:"The new content; absent if it is removed or left out"`
}

// maxHeldText limits the texts in a response, in bytes.
const maxHeldText = 8 << 20

// heldFiles shows what an admin decides about.
func (h *Handler) heldFiles(ctx context.Context, in *decisionRequest) (*heldResponse, error) {
	s := access.From(ctx)
	held, err := h.pushOf(ctx, s, in.Review)
	if err != nil {
		return nil, err
	}
	if err := held.requireWaiting(h.deps.Now()); err != nil {
		return nil, err
	}
	if _, err := h.guard.Audit.Append(ctx, s.DB, entry(s, auditlog.ReadHeldConfig, held.Digest)); err != nil {
		return nil, err
	}
	_, st, err := h.reopen(ctx, s, held)
	if err != nil {
		return nil, err
	}
	before, err := filesOf(st, held.From)
	if err != nil {
		return nil, err
	}
	after, err := filesOf(st, held.To)
	if err != nil {
		return nil, err
	}
	out := &heldResponse{}
	out.Body.Push = *held.show(s, h.deps.Now())
	out.Body.Changes, out.Body.Truncated = changesOf(before, after)
	return out, nil
}

// filesOf returns the files of a commit, or nothing for the zero hash.
func filesOf(st *quarantine, commit string) ([]configtree.File, error) {
	hash := plumbing.NewHash(commit)
	if hash.IsZero() {
		return nil, nil
	}
	c, err := object.GetCommit(st, hash)
	if err != nil {
		return nil, fmt.Errorf("read commit: %w", err)
	}
	files, err := treeFiles(st, c.TreeHash)
	if err != nil {
		return nil, fmt.Errorf("read tree: %w", err)
	}
	return files, nil
}

// changesOf compares two trees.
func changesOf(before, after []configtree.File) (changes []HeldFile, truncated bool) {
	old := map[string]string{}
	for _, f := range before {
		old[f.Path] = configtree.SumOf(f).Hash()
	}
	total := 0
	for _, f := range after {
		c := HeldFile{Path: f.Path, Change: "new", Before: old[f.Path], SHA256: configtree.SumOf(f).Hash()}
		delete(old, f.Path)
		if c.Before == c.SHA256 {
			continue
		}
		if c.Before != "" {
			c.Change = "changed"
		}
		if total += len(f.Data); total <= maxHeldText {
			c.Text = string(f.Data)
		}
		changes = append(changes, c)
	}
	for path, sum := range old {
		changes = append(changes, HeldFile{Path: path, Change: "removed", Before: sum})
	}
	slices.SortFunc(changes, func(a, b HeldFile) int { return strings.Compare(a.Path, b.Path) })
	return changes, total > maxHeldText
}
