package tenants

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"cloud.google.com/go/firestore"
	"cloud.google.com/go/firestore/apiv1/firestorepb"

	"github.com/strongroom-dev/strongroom/shared/access"
	"github.com/strongroom-dev/strongroom/shared/api"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/authn"
	"github.com/strongroom-dev/strongroom/shared/directory"
	"github.com/strongroom-dev/strongroom/shared/gcp"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// AddMemberRequest adds a member.
type AddMemberRequest struct {
	WorkspacePath
	Body struct {
		Issuer  string `json:"issuer" class:"configuration" minLength:"1" maxLength:"1024" doc:"Exact iss of the user's tokens; the tenant trusts it"`
		Subject string `json:"subject" class:"configuration" minLength:"1" maxLength:"255" doc:"Exact sub of the user's tokens"`
	}
}

// addMember is safe to repeat: a user who is a member already stays one.
func (h *Handler) addMember(ctx context.Context, in *AddMemberRequest) (*memberResponse, error) {
	s := access.From(ctx)
	list, err := h.membersOf(ctx)
	if err != nil {
		return nil, err
	}
	m := directory.Membership{Issuer: in.Body.Issuer, Subject: in.Body.Subject, Owner: ownerAPI, Added: h.now()}
	if !authn.ValidSubject(m.Subject) {
		return nil, api.Refuse(http.StatusUnprocessableEntity, "subject has 1 to 255 printable bytes")
	}
	if !slices.ContainsFunc(s.Tenant.Trust, func(t tenant.Trust) bool { return t.Issuer == m.Issuer }) {
		return nil, api.Refuse(http.StatusUnprocessableEntity, "the tenant does not trust this issuer, so its users cannot sign in")
	}
	ref := list.all.Doc(directory.MemberID(m.Issuer, m.Subject))
	old, err := decodeMember(ref.Get(ctx))
	if !errors.Is(err, errNoMember) {
		return &memberResponse{showMember(ref.ID, old)}, err
	}
	if err := list.belowLimit(ctx); err != nil {
		return nil, err
	}
	if m.Entry, err = h.guard.Audit.Append(ctx, s.DB, memberEntry(ctx, auditlog.AddMember, m)); err != nil {
		return nil, err
	}
	m, err = list.create(ctx, ref, m)
	return &memberResponse{showMember(ref.ID, m)}, err
}

// belowLimit rejects one more member than a workspace can have.
func (l *memberList) belowLimit(ctx context.Context) error {
	result, err := l.all.NewAggregationQuery().WithCount("n").Get(ctx)
	if err != nil {
		return fmt.Errorf("count members: %w", err)
	}
	if n, ok := result["n"].(*firestorepb.Value); !ok || n.GetIntegerValue() >= maxMembers {
		return api.Refuse(http.StatusConflict, api.TooManyMembersText)
	}
	return nil
}

// create writes a membership, unless somebody has added it at the same time. It returns the
// membership that is stored.
func (l *memberList) create(ctx context.Context, ref *firestore.DocumentRef, m directory.Membership) (stored directory.Membership, err error) {
	err = gcp.Transact(ctx, l.db, func(_ context.Context, tx *firestore.Transaction) error {
		if stored, err = decodeMember(tx.Get(ref)); errors.Is(err, errNoMember) {
			stored = m
			return tx.Set(ref, m)
		}
		return err
	})
	return stored, err
}
