package grant

import (
	"time"

	"github.com/strongroom-dev/strongroom/shared/lazyregexp"
	"github.com/strongroom-dev/strongroom/shared/run"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// State is the state of a grant. The zero State means that there is no grant.
type State string

// The states of a grant. A grant starts as Pending. Stored replaces Expired and
// Missing, however late the object arrives.
const (
	Pending     State = "pending"     // a URL was issued
	Stored      State = "stored"      // the object is in the bucket
	Expired     State = "expired"     // the URL expired without an object
	Missing     State = "missing"     // the URL expired without an object, and the run claims the part
	Quarantined State = "quarantined" // the object in the bucket does not match the grant
)

// Declared is what the runner declares about a part before it is written.
type Declared struct {
	ContentType string  `firestore:"contentType" class:"operational"`
	Size        *int64  `firestore:"size" class:"operational"`   // bytes; nil: not declared
	CRC32C      *uint32 `firestore:"crc32c" class:"operational"` // Castagnoli; nil: not declared
	SHA256      string  `firestore:"sha256" class:"metadata"`    // 64 hexadecimal digits; empty: not declared. Cloud Storage computes none to compare it with
	Lines       *int64  `firestore:"lines" class:"operational"`  // newline bytes in the part, a hint that may be wrong; nil: not declared
}

// Grant is the record of one part. Its document is
// tenants/{t}/workspaces/{w}/grants/{id}.
type Grant struct {
	Workspace tenant.WorkspaceID `firestore:"workspace" class:"operational"`
	Run       run.ID             `firestore:"run" class:"operational"`
	Output    string             `firestore:"output" class:"operational"`
	Part      int                `firestore:"part" class:"operational"`
	Bucket    string             `firestore:"bucket" class:"operational"` // of the run; empty: the grant is older than this field, see tenant.Record.BucketOf
	Declared  Declared           `firestore:"declared"`
	State     State              `firestore:"state" class:"operational"`
	Created   time.Time          `firestore:"created" class:"operational"`
	Expires   time.Time          `firestore:"expires" class:"operational"` // when the newest URL expires
	Issuer    string             `firestore:"issuer" class:"metadata"`     // exact `iss` of whoever requested the newest URL; empty: not recorded
	Subject   string             `firestore:"subject" class:"metadata"`    // exact `sub` of the same
	Stored    *Finalized         `firestore:"stored"`                      // nil until there is an object
	Counted   Counted            `firestore:"counted"`

	// Disputed means that notifications of the object contradict each other, so
	// Stored may describe an object that does not exist. Whoever reads the object
	// asks the bucket first.
	Disputed bool `firestore:"disputed" class:"operational"`

	ExpireTime time.Time `firestore:"expireTime,omitempty" class:"operational"` // as of its run; see package retention
}

// Counted is the number of newline bytes that the platform itself counted in an
// object. The zero Counted is of no object.
type Counted struct {
	Generation int64 `firestore:"generation" class:"operational"`
	Lines      int64 `firestore:"lines" class:"operational"`
}

// Finalized is the bucket's description of an object.
type Finalized struct {
	Generation  int64     `firestore:"generation" class:"operational"`
	Size        int64     `firestore:"size" class:"operational"` // bytes
	CRC32C      uint32    `firestore:"crc32c" class:"operational"`
	ContentType string    `firestore:"contentType" class:"operational"`
	Time        time.Time `firestore:"time" class:"operational"`
}

// Equal reports whether f and o describe the same object with the same content. The
// time may differ, because it does not identify an object.
func (f Finalized) Equal(o Finalized) bool {
	f.Time, o.Time = time.Time{}, time.Time{}
	return f == o
}

// Object returns the object that the grant is for.
func (g Grant) Object() Object {
	return Object{Workspace: g.Workspace, Run: g.Run, Output: g.Output, Part: g.Part}
}

// MaxBytes is the most that the part may hold: the declared size, or MaxPartBytes
// if no size is declared.
func (d Declared) MaxBytes() int64 {
	if d.Size != nil {
		return *d.Size
	}
	return MaxPartBytes
}

var digest = lazyregexp.New(`^[0-9a-f]{64}$`)

// ValidSHA256 reports whether text is a SHA-256 as 64 hexadecimal digits in lower case.
func ValidSHA256(text string) bool { return digest.MatchString(text) }

// Same reports whether o declares the same object. Line counts may differ,
// because they do not restrict the object.
func (d Declared) Same(o Declared) bool {
	return d.ContentType == o.ContentType && same(d.Size, o.Size) && same(d.CRC32C, o.CRC32C) && d.SHA256 == o.SHA256
}

// Allows reports whether an object matches its declaration.
func (d Declared) Allows(f Finalized) bool {
	return f.ContentType == d.ContentType && f.Size <= MaxPartBytes &&
		(d.Size == nil || *d.Size == f.Size) && (d.CRC32C == nil || *d.CRC32C == f.CRC32C)
}

func same[T comparable](a, b *T) bool {
	return (a == nil) == (b == nil) && (a == nil || *a == *b)
}
