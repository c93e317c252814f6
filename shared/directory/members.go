package directory

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	"cloud.google.com/go/firestore"

	"github.com/strongroom-dev/strongroom/shared/dataclass"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// OwnerAPI is the owner of a membership that package functions/tenants has added.
const OwnerAPI = "api"

// Membership says that a user is a member of a workspace. Terraform and the API each write
// documents of their own, so neither overwrites the other's. See
// infra/adr/0057-members-over-the-api.md.
type Membership struct {
	Issuer  string `firestore:"issuer" class:"configuration"` // empty: an older version of the Terraform module wrote it
	Subject string `firestore:"subject" class:"configuration"`

	Owner string    `firestore:"owner" class:"operational"` // OwnerAPI, or empty: Terraform
	Entry string    `firestore:"entry" class:"operational"` // audit entry of the addition; only of the API's
	Added time.Time `firestore:"added" class:"operational"` // only of the API's
}

var _ = dataclass.Stored[Membership]("tenants/{tenant}/workspaces/{workspace}/members/{member}")

// MemberID returns the ID of a user's membership. A subject may be any text, so the ID is a
// hash.
func MemberID(issuer, subject string) string {
	sum := sha256.Sum256([]byte(issuer + "\x00" + subject))
	return hex.EncodeToString(sum[:])
}

// Members returns the members of a workspace. db is the directory's database.
func Members(db *firestore.Client, t tenant.ID, w tenant.WorkspaceID) *firestore.CollectionRef {
	return Workspace(db, t, w).Collection("members")
}

// Member returns the reference of a user's membership of a workspace. db is the directory's
// database.
func Member(db *firestore.Client, t tenant.ID, w tenant.WorkspaceID, issuer, subject string) *firestore.DocumentRef {
	return Members(db, t, w).Doc(MemberID(issuer, subject))
}

// DecodeMembership returns the membership in a document. It fails if the document is not of
// the user that its ID says.
func DecodeMembership(doc *firestore.DocumentSnapshot) (m Membership, err error) {
	if err := doc.DataTo(&m); err != nil {
		return m, fmt.Errorf("read member: %w", err)
	}
	if m.Issuer != "" && MemberID(m.Issuer, m.Subject) != doc.Ref.ID {
		return m, fmt.Errorf("the membership %s is not of the user that its name says", doc.Ref.ID)
	}
	return m, nil
}

// IsMember reports whether a user is a member of a workspace now. It does not cache, so the
// end of a membership takes effect with the next request. It also reads the workspace, in the
// same call, because members that the API has added stay when Terraform removes a workspace. That
// it exists is cached for MaxAge, as the tenant's record is.
func (d *Directory) IsMember(ctx context.Context, t tenant.ID, w tenant.WorkspaceID, issuer, subject string) (bool, error) {
	db, err := d.Client(ctx)
	if err != nil {
		return false, err
	}
	refs, name, now := []*firestore.DocumentRef{Member(db, t, w, issuer, subject)}, workspaceName{t, w}, d.now()
	known := d.knowsWorkspace(name, now)
	if !known {
		refs = append(refs, Workspace(db, t, w))
	}
	docs, err := db.GetAll(ctx, refs)
	if err != nil {
		return false, fmt.Errorf("read member: %w", err)
	}
	if !known && docs[1].Exists() {
		d.addWorkspace(name, now.Add(MaxAge))
		known = true
	}
	if !known || !docs[0].Exists() {
		return false, nil
	}
	m, err := DecodeMembership(docs[0])
	if err == nil && m.Subject != subject {
		err = fmt.Errorf("the membership %s is not of the user that its name says", docs[0].Ref.ID)
	}
	return err == nil, err
}

func (d *Directory) knowsWorkspace(name workspaceName, now time.Time) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return now.Before(d.workspaces[name])
}

func (d *Directory) addWorkspace(name workspaceName, expires time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.workspaces) >= maxCached {
		clear(d.workspaces)
	}
	d.workspaces[name] = expires
}
