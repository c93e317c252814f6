package tenants

import (
	"context"
	"fmt"
	"time"

	"cloud.google.com/go/firestore"
	"cloud.google.com/go/kms/apiv1/kmspb"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/dataclass"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// want is what an admin has asked for last.
type want string

const (
	wantEnabled  want = "" // also of a key that nobody has changed yet
	wantDisabled want = "disabled"

	wantDestroyed want = "destroyed"
)

// keyRecord is the document with the last change of a key. It is in the directory, because
// enable grants the roles that it lists: no other function may write it.
type keyRecord struct {
	Want      want            `firestore:"want" class:"operational"`
	Action    auditlog.Action `firestore:"action" class:"operational"`    // of the last change
	Entry     string          `firestore:"entry" class:"operational"`     // audit entry of the last change, before it took effect
	Outcome   string          `firestore:"outcome" class:"operational"`   // ID of the audit entry that ends it
	Requested time.Time       `firestore:"requested" class:"operational"` // when the last change was asked for
	Effective time.Time       `firestore:"effective" class:"operational"` // when a measurement first found that it has taken effect; zero: not yet
	Primary   string          `firestore:"primary" class:"operational"`   // version that rotate replaces as the primary one; empty: another action
	Removed   []binding       `firestore:"removed"`                       // roles on the key that disable has removed
	Probes    []probe         `firestore:"probes"`                        // to measure whether a disabled key can still decrypt

	Destruction *destruction `firestore:"destruction"` // nil: nobody has asked for it
}

// binding is a role of a member on the key.
type binding struct {
	Role   string `firestore:"role" class:"operational"`
	Member string `firestore:"member" class:"operational"`
}

// probe is a fixed text that a version has encrypted. It is no secret.
type probe struct {
	Version    string `firestore:"version" class:"operational"`
	Ciphertext []byte `firestore:"ciphertext" class:"operational"`
}

var _ = dataclass.Stored[keyRecord]("tenants/{tenant}/key/state")

func keyRef(directory *firestore.Client, t tenant.ID) *firestore.DocumentRef {
	return directory.Collection("tenants").Doc(string(t)).Collection("key").Doc("state")
}

// readKeyRecord returns the zero record for a key that nobody has changed yet.
func readKeyRecord(ctx context.Context, ref *firestore.DocumentRef) (keyRecord, error) {
	doc, err := ref.Get(ctx)
	return decodeKeyRecord(doc, err)
}

func decodeKeyRecord(doc *firestore.DocumentSnapshot, err error) (r keyRecord, _ error) {
	if status.Code(err) == codes.NotFound {
		return r, nil
	}
	if err == nil {
		err = doc.DataTo(&r)
	}
	if err != nil {
		return r, fmt.Errorf("read the state of the key: %w", err)
	}
	return r, nil
}

// pending reports whether the last change has not been seen to take effect.
func (r keyRecord) pending() bool { return r.Entry != "" && r.Effective.IsZero() }

// KeyState is what is true of a key now.
type KeyState string

// The states.
const (
	Active     KeyState = "active"
	Testing    KeyState = "testing"
	TestFailed KeyState = "test_failed"
	Revoking   KeyState = "revoking"
	Revoked    KeyState = "revoked"
	Destroyed  KeyState = "destroyed"
)

// state returns the state of a key from what was asked for and what was measured.
func (r keyRecord) state(m measurement) KeyState {
	switch {
	case m.destroyed():
		return Destroyed
	case r.Want != wantEnabled && (m.usable() || len(m.enabled()) > 0 || len(m.bindings) > 0):
		return Revoking
	case r.Want != wantEnabled:
		return Revoked
	case m.works() && !r.misses(m):
		return Active
	case r.pending() && r.Action == auditlog.EnableKey:
		return Testing
	case !m.usable() && m.locked:
		return Revoked
	}
	return TestFailed
}

// misses reports whether a role that enable restores is not there.
func (r keyRecord) misses(m measurement) bool {
	return r.Want == wantEnabled && len(m.missing(r.Removed)) > 0
}

// settled reports whether the last change has taken effect.
func (r keyRecord) settled(m measurement) bool {
	switch state := r.state(m); r.Action {
	case auditlog.DisableKey:
		return state == Revoked || state == Destroyed
	case auditlog.DestroyKey:
		return state == Destroyed || state == Revoked && len(m.inState(kmspb.CryptoKeyVersion_DISABLED)) == 0
	case auditlog.RotateKey:
		return state == Active && m.used == m.primary && m.used != r.Primary
	default:
		return state == Active
	}
}
