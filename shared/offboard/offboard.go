// Package offboard stores how far the offboarding of a tenant is, and its certificates. Package
// functions/offboarding takes the steps, and package functions/tenants shows them.
//
// Whether a tenant may be offboarded at all is not here but in the directory, where only package
// functions/tenants writes: nobody can start or hurry an offboarding with these documents,
// because each wait is counted from the start that the directory has.
package offboard

import (
	"context"
	"fmt"
	"slices"
	"time"

	"cloud.google.com/go/firestore"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/strongroom-dev/strongroom/shared/dataclass"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// Step is a step of an offboarding.
type Step string

// The steps.
const (
	Count           Step = "count"            // count what there is, and issue the interim certificate
	Export          Step = "export"           // let the tenant copy everything
	Retention       Step = "retention"        // wait for retention and legal holds
	DestroyKey      Step = "destroy-key"      // schedule the destruction of the key
	AwaitKey        Step = "await-key"        // wait until it is destroyed; until then, the offboarding can be stopped
	DeleteObjects   Step = "delete-objects"   // empty the buckets
	DeleteDocuments Step = "delete-documents" // delete the documents but the audit log
	AwaitGoogle     Step = "await-google"     // wait until Google has no copies
	Certify         Step = "certify"          // look at every store again, and issue the final certificate
	Done            Step = "done"
)

// Steps are the steps in order.
var Steps = []Step{Count, Export, Retention, DestroyKey, AwaitKey, DeleteObjects, DeleteDocuments, AwaitGoogle, Certify, Done}

// Next returns the step after s.
func (s Step) Next() Step {
	if i := slices.Index(Steps, s); i >= 0 && i+1 < len(Steps) {
		return Steps[i+1]
	}
	return Done
}

// The waits.
const (
	// WritesEnd is when nothing can be added any more: every process has seen the state after a
	// minute, and upload URLs from before work for 15 minutes.
	WritesEnd = 16 * time.Minute

	// Notice is how long the tenant has to copy everything.
	Notice = 30 * 24 * time.Hour

	// GoogleKeeps is how long Google keeps copies of what was deleted: soft-deleted objects for
	// 7 to 90 days (cloud.google.com/storage/docs/soft-delete), documents for point-in-time
	// recovery for 7 days, and backups of Firestore for 14 weeks (infra/modules/platform).
	GoogleKeeps = 14 * 7 * 24 * time.Hour
)

// Why a step waits.
const (
	Time         = "time"
	ExportActive = "export-active"
	Retained     = "retention"
	Held         = "held"
	KeyLeft      = "key"
	CameBack     = "came-back"
	Stopped      = "stopped"
)

// Progress is how far an offboarding is.
type Progress struct {
	Start   string    `firestore:"start" class:"operational"`   // tenant.Leaving.Start: another one begins from the first step
	Step    Step      `firestore:"step" class:"operational"`    // that is being taken
	Since   time.Time `firestore:"since" class:"operational"`   // of the step
	Waits   string    `firestore:"waits" class:"operational"`   // why the last call did not end it; empty: nothing is known
	Entry   string    `firestore:"entry" class:"operational"`   // audit entry from before the last step that erases
	EntryOf Step      `firestore:"entryOf" class:"operational"` // that step
	Deleted time.Time `firestore:"deleted" class:"operational"` // of the last object or document; zero: none yet
	Stores  []Store   `firestore:"stores"`
}

// Store is a place that has data of the tenant.
type Store struct {
	Name      string    `firestore:"name" class:"operational"`
	What      string    `firestore:"what" class:"operational"`
	Documents bool      `firestore:"documents" class:"operational"` // false: a bucket
	Erases    bool      `firestore:"erases" class:"operational"`    // the offboarding empties it
	Found     int64     `firestore:"found" class:"operational"`     // when it began
	Bytes     int64     `firestore:"bytes" class:"operational"`
	Digest    string    `firestore:"digest" class:"operational"`
	Erased    time.Time `firestore:"erased" class:"operational"`  // when it was emptied; zero: not yet
	Present   int64     `firestore:"present" class:"operational"` // when it was looked at for the final certificate
}

// Certificate is a stored certificate.
type Certificate struct {
	Start string   `firestore:"start" class:"operational"` // as in Progress
	Note  []byte   `firestore:"note" class:"operational"`  // signed note of package certificate
	Keys  []string `firestore:"keys" class:"operational"`  // verifier keys, the oldest first
}

// Collection is the name of the collection of progress and certificates.
const Collection = "offboarding"

var (
	_ = dataclass.Stored[Progress]("tenants/{tenant}/offboarding/state")
	_ = dataclass.Stored[Certificate]("tenants/{tenant}/offboarding/{certificate}")
)

// Ref returns the reference of the progress. db is the tenant's database.
func Ref(db *firestore.Client, t tenant.ID) *firestore.DocumentRef {
	return db.Collection("tenants").Doc(string(t)).Collection(Collection).Doc("state")
}

// CertificateRef returns the reference of a certificate of a kind. db is the tenant's database.
func CertificateRef(db *firestore.Client, t tenant.ID, kind string) *firestore.DocumentRef {
	return db.Collection("tenants").Doc(string(t)).Collection(Collection).Doc("certificate-" + kind)
}

// Read returns the progress of a tenant, or the zero value if it does not exist.
func Read(ctx context.Context, db *firestore.Client, t tenant.ID) (p Progress, err error) {
	return get[Progress](ctx, Ref(db, t))
}

// ReadCertificate returns a certificate, or the zero value if it does not exist.
func ReadCertificate(ctx context.Context, ref *firestore.DocumentRef) (Certificate, error) {
	return get[Certificate](ctx, ref)
}

func get[T any](ctx context.Context, ref *firestore.DocumentRef) (value T, err error) {
	doc, err := ref.Get(ctx)
	if status.Code(err) == codes.NotFound {
		return value, nil
	}
	if err == nil {
		err = doc.DataTo(&value)
	}
	if err != nil {
		return value, fmt.Errorf("read %s of an offboarding: %w", ref.ID, err)
	}
	return value, nil
}
