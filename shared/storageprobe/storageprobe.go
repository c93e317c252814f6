// Package storageprobe stores the verification of a tenant's storage. Package functions/tenants
// verifies a bucket and, in one for output, creates an object, the probe. Package functions/custody records
// that the bucket's notification of the probe has arrived.
package storageprobe

import (
	"context"
	"fmt"
	"hash/crc32"
	"strings"
	"time"

	"cloud.google.com/go/firestore"
	"github.com/google/uuid"

	"github.com/strongroom-dev/strongroom/shared/dataclass"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// Prefix begins the names of probes. A workspace cannot have this name and be followed by a
// tenant's ID and a UUID only, so no part of an output has such a name.
const Prefix = "strongroom-probe/"

// Object returns the name of the probe of a verification.
func Object(t tenant.ID, id string) string { return Prefix + string(t) + "/" + id }

// Parse returns the tenant and the verification that the name of a probe has.
func Parse(object string) (t tenant.ID, id string, ok bool) {
	name, ok := strings.CutPrefix(object, Prefix)
	if !ok {
		return "", "", false
	}
	slug, id, _ := strings.Cut(name, "/")
	t, err := tenant.ParseID(slug)
	parsed, errID := uuid.Parse(id)
	return t, id, err == nil && errID == nil && parsed.String() == id
}

// ContentType is the type of probes.
const ContentType = "text/plain"

// Content returns the bytes of the probe of a verification. They are no secret.
func Content(id string) []byte { return []byte("Strongroom verified this bucket: " + id + "\n") }

// Matches reports whether an object is the probe of a verification.
func Matches(id string, size int64, sum uint32, contentType string) bool {
	content := Content(id)
	return size == int64(len(content)) && sum == crc32.Checksum(content, crc32.MakeTable(crc32.Castagnoli)) && contentType == ContentType
}

// Result is the result of a check.
type Result string

// The results.
const (
	OK         Result = "ok"
	Failed     Result = "failed"
	NotChecked Result = "not-checked" // it could not be tried, and Seen says why
	Waiting    Result = "waiting"     // for the bucket's notification
)

// Check is one thing that was tried.
type Check struct {
	ID     string `firestore:"id" class:"operational"`
	Result Result `firestore:"result" class:"operational"`
	Seen   string `firestore:"seen" class:"operational"` // what was found, without texts of the bucket's owner
	Fix    string `firestore:"fix" class:"operational"`  // what to change; empty: nothing
}

// Arrival is the bucket's notification of the probe.
type Arrival struct {
	Time    time.Time `firestore:"time" class:"operational"`
	KeyName string    `firestore:"keyName" class:"operational"` // of the key that encrypts the probe, without its version; empty: none of Cloud KMS
	Matches bool      `firestore:"matches" class:"operational"` // size, type and checksum are the probe's
}

// Verification is the last verification of a bucket of a tenant, for output or for exports. Its
// document is tenants/{t}/storage/verification or tenants/{t}/storage/exports.
type Verification struct {
	ID        string           `firestore:"id" class:"operational"`
	Component tenant.Component `firestore:"component" class:"operational"` // empty: tenant.Outputs
	Bucket    string           `firestore:"bucket" class:"operational"`
	KeyName   string           `firestore:"keyName" class:"operational"` // that must encrypt the bucket
	Entry     string           `firestore:"entry" class:"operational"`   // audit entry from before the verification
	Started   time.Time        `firestore:"started" class:"operational"`
	Finished  time.Time        `firestore:"finished" class:"operational"` // zero: not yet, or it was interrupted
	Created   bool             `firestore:"created" class:"operational"`  // the probe is in the bucket
	Checks    []Check          `firestore:"checks"`
	Arrived   *Arrival         `firestore:"arrived"` // nil: not yet

	Starts []time.Time `firestore:"starts" class:"operational"` // of the last verifications, oldest first, at most MaxPerHour
}

// MaxPerHour limits how many verifications of a tenant and a component begin in an hour, because
// each of output leaves a probe in the bucket.
const MaxPerHour = 10

var _ = dataclass.Stored[Verification]("tenants/{tenant}/storage/{verification}")

// Ref returns the reference of a tenant's verification. db is the tenant's database.
func Ref(db *firestore.Client, t tenant.ID, of tenant.Component) *firestore.DocumentRef {
	id := "verification"
	if of == tenant.Exports {
		id = "exports"
	}
	return db.Collection("tenants").Doc(string(t)).Collection("storage").Doc(id)
}

// Read returns the last verification of a tenant, or the zero value if none exists.
func Read(ctx context.Context, db *firestore.Client, t tenant.ID, of tenant.Component) (Verification, error) {
	docs, err := db.GetAll(ctx, []*firestore.DocumentRef{Ref(db, t, of)})
	return decode(docs, err)
}

// ReadIn is Read in a transaction.
func ReadIn(tx *firestore.Transaction, db *firestore.Client, t tenant.ID, of tenant.Component) (Verification, error) {
	docs, err := tx.GetAll([]*firestore.DocumentRef{Ref(db, t, of)})
	return decode(docs, err)
}

func decode(docs []*firestore.DocumentSnapshot, err error) (v Verification, _ error) {
	if err == nil && docs[0].Exists() {
		err = docs[0].DataTo(&v)
	}
	if err != nil {
		return v, fmt.Errorf("read the verification of the storage: %w", err)
	}
	return v, nil
}
