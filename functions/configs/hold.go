package configs

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"errors"
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
	"github.com/strongroom-dev/strongroom/shared/bucket"
	"github.com/strongroom-dev/strongroom/shared/keys"
	"github.com/strongroom-dev/strongroom/shared/records"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// The states of a push that is held.
const (
	waiting  = "waiting"
	approved = "approved"
	rejected = "rejected"
)

// Why a push is held.
const (
	everyPush      = "tenant"   // the tenant holds every push
	onlyByPipeline = "pipeline" // only a pipeline has reviewed, and the tenant requires a person
)

// maxHold is how long a push waits. A lifecycle rule of the bucket deletes its object a day
// later.
const maxHold = 30 * 24 * time.Hour

// hold is the document of a push that is held for approval. Its pack is encrypted with a
// key of its own. Without the key, nobody can read it.
type hold struct {
	From      string     `firestore:"from" class:"operational"` // commit of main, or the zero hash
	To        string     `firestore:"to" class:"operational"`   // commit
	Digest    string     `firestore:"digest" class:"operational"`
	Pack      pack       `firestore:"pack"`
	Sealed    pack       `firestore:"sealed"`                       // the encrypted pack
	Bytes     int64      `firestore:"bytes" class:"operational"`    // of the objects, decompressed
	Key       []byte     `firestore:"key,omitempty" class:"secret"` // sealed; absent: the push does not wait any more
	Reason    string     `firestore:"reason" class:"operational"`
	State     string     `firestore:"state" class:"operational"`
	Pusher    identity   `firestore:"pusher"`
	Reviewers []identity `firestore:"reviewers"`
	Created   time.Time  `firestore:"created" class:"operational"`
	Decided   time.Time  `firestore:"decided" class:"operational"`
	Decider   identity   `firestore:"decider"`
}

// HoldBody is a push that is held, as a client sees it.
type HoldBody struct {
	State   string     `json:"state" class:"operational" enum:"waiting,approved,rejected,expired" doc:"Whether the push still waits, or how it ended"`
	Reason  string     `json:"reason" class:"operational" enum:"tenant,pipeline" doc:"Why it was held: the tenant holds every push, or only a pipeline has reviewed"`
	Pusher  string     `json:"pusher" class:"configuration" doc:"Subject of the token that pushed"`
	Created time.Time  `json:"created" class:"operational"`
	Decider string     `json:"decider,omitempty" class:"configuration" doc:"Subject of the admin's token"`
	Decided *time.Time `json:"decided,omitempty" class:"operational"`

	Decisions []string `json:"decisions,omitempty" class:"operational" enum:"approve,reject" doc:"What the caller may decide now. An admin who has reviewed or pushed the tree may only reject"`
}

// show returns the push as the principal of a session sees it.
func (h hold) show(s access.Session, now time.Time) *HoldBody {
	b := &HoldBody{State: h.State, Reason: h.Reason, Pusher: h.Pusher.Subject, Created: h.Created, Decider: h.Decider.Subject}
	if !h.Decided.IsZero() {
		b.Decided = &h.Decided
	}
	if h.expired(now) {
		b.State = "expired"
	}
	if b.State == waiting && s.Principal.Role == tenant.Admin {
		b.Decisions = []string{"reject"}
		if h.mayApprove(s) {
			b.Decisions = []string{"approve", "reject"}
		}
	}
	return b
}

func (h hold) expired(now time.Time) bool {
	return h.State == waiting && now.Sub(h.Created) > maxHold
}

// mayApprove reports whether a person may approve the push: nobody approves alone what they
// have reviewed or pushed. An admin by a rule of the API can be another account of the admin who added the rule.
func (h hold) mayApprove(s access.Session) bool {
	i := identityOf(s)
	self := func(other identity) bool { return other.Issuer == i.Issuer && other.Subject == i.Subject }
	return !i.Pipeline && s.Principal.AddedRule == "" && !self(h.Pusher) && !slices.ContainsFunc(h.Reviewers, self)
}

func holds(s access.Session) *firestore.CollectionRef {
	return records.Workspace(s.DB, s.Tenant.ID, s.Workspace).Collection("configHolds")
}

// heldError is the result of a push that is held. git shows it.
type heldError struct{ digest string }

func (e *heldError) Error() string {
	return "held for approval; another admin approves it with: strongroom config approve " + e.digest
}

// holdReason returns why a push is held, or "".
func (p *push) holdReason() string {
	rules := p.session.Tenant.Configs
	byPipeline := slices.ContainsFunc(p.reviewers, func(i identity) bool { return i.Pipeline })
	switch {
	case rules.HoldPushes:
		return everyPush
	case byPipeline && !rules.PipelineReviews:
		return onlyByPipeline
	}
	return ""
}

// hold stores a push until an admin decides. It replaces one with the same tree. Its error
// is a *heldError if the push is held.
func (p *push) hold(ctx context.Context, m move, reason string) error {
	h, s := p.handler, p.session
	sealed, key, err := encrypt(p.pack)
	if err != nil {
		return err
	}
	held := hold{
		From: m.From, To: m.To, Digest: m.Digest, Pack: m.Pack, Sealed: newPack(sealed), Bytes: m.Bytes,
		Reason: reason, State: waiting, Pusher: identityOf(s), Reviewers: p.reviewers, Created: h.deps.Now(),
	}
	ref := holds(s).Doc(m.Digest)
	owner, err := h.keys.Of(ctx, s.Tenant, s.DB)
	if err != nil {
		return err
	}
	if held.Key, err = owner.Seal(ctx, key, []byte(keys.RelativePath(ref))); err != nil {
		return locked(err)
	}
	e := entry(s, auditlog.PushConfig, m.Digest)
	e.Reason = "held"
	prepared, err := h.guard.Audit.Prepare(ctx, s.DB, e)
	if err != nil {
		return err
	}
	into, err := h.bucket(ctx, s)
	if err != nil {
		return err
	}
	if err := bucket.CreateNamedByHash(ctx, into.Object(held.Sealed.heldObject(s)), "application/octet-stream", sealed); err != nil {
		return err
	}
	err = prepared.Commit(ctx, s.DB, func(tx *firestore.Transaction) (bool, error) { return true, tx.Set(ref, held) })
	if err != nil {
		return err
	}
	return &heldError{m.Digest}
}

// readHold reads the push of a tree that is held. The error is a 404 if no push is.
func (h *Handler) readHold(ctx context.Context, s access.Session, digest string) (held hold, err error) {
	doc, err := holds(s).Doc(digest).Get(ctx)
	if status.Code(err) == codes.NotFound {
		return hold{}, api.Refuse(http.StatusNotFound, "no push of this tree is held for approval")
	}
	if err == nil {
		err = doc.DataTo(&held)
	}
	if err != nil {
		return hold{}, fmt.Errorf("read held push: %w", err)
	}
	return held, nil
}

// requireWaiting returns a problem unless an admin can still decide.
func (h hold) requireWaiting(now time.Time) error {
	switch {
	case h.expired(now):
		return api.Refuse(http.StatusConflict, "the push waited for more than 30 days; push again")
	case h.State != waiting:
		return api.Refuse(http.StatusConflict, "the push is "+h.State+" already; push again to change that")
	}
	return nil
}

// openPack reads and decrypts the pack of a push that waits.
func (h *Handler) openPack(ctx context.Context, s access.Session, held hold) ([]byte, error) {
	owner, err := h.keys.Of(ctx, s.Tenant, s.DB)
	if err != nil {
		return nil, err
	}
	key, err := owner.Open(ctx, held.Key, []byte(keys.RelativePath(holds(s).Doc(held.Digest))))
	if err != nil {
		return nil, locked(err)
	}
	from, err := h.bucket(ctx, s)
	if err != nil {
		return nil, err
	}
	sealed, err := readPack(ctx, from.Object(held.Sealed.heldObject(s)), held.Sealed)
	if err != nil {
		return nil, keyLocked(err)
	}
	plain, err := decrypt(sealed, key)
	if err != nil || newPack(plain) != held.Pack {
		return nil, errors.New("a held pack cannot be decrypted")
	}
	return plain, nil
}

// encrypt encrypts data with a new key.
func encrypt(data []byte) (sealed, key []byte, err error) {
	key = make([]byte, 32)
	_, _ = rand.Read(key) // it never fails
	aead, err := newAEAD(key)
	if err != nil {
		return nil, nil, err
	}
	return aead.Seal(nil, nil, data, nil), key, nil
}

func decrypt(sealed, key []byte) ([]byte, error) {
	aead, err := newAEAD(key)
	if err != nil {
		return nil, err
	}
	return aead.Open(nil, nil, sealed, nil)
}

func newAEAD(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("use the key of a held push: %w", err)
	}
	return cipher.NewGCMWithRandomNonce(block)
}
