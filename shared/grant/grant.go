package grant

import (
	"time"

	"github.com/strongroom-dev/strongroom/shared/run"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// State is what became of a grant. The zero State is none.
type State string

// The states of a grant. Pending ends as one of the others; Stored beats
// Expired and Missing, however late it comes.
const (
	Pending     State = "pending"     // a URL was given out
	Stored      State = "stored"      // the object is in the bucket
	Expired     State = "expired"     // its time passed without an object
	Missing     State = "missing"     // so, and the run says that it put it there
	Quarantined State = "quarantined" // an object is there that is unlike what was granted
)

// Declared is what the runner says of a part before it is written.
type Declared struct {
	ContentType string  `firestore:"contentType"`
	Size        *int64  `firestore:"size"`   // bytes; nil: not told
	CRC32C      *uint32 `firestore:"crc32c"` // Castagnoli; nil: not told
	Lines       *int64  `firestore:"lines"`  // newline bytes in the part; nil: not told
}

// Grant is the record of one part. It lies at
// tenants/{t}/workspaces/{w}/grants/{id}.
type Grant struct {
	Workspace tenant.WorkspaceID `firestore:"workspace"`
	Run       run.ID             `firestore:"run"`
	Output    string             `firestore:"output"`
	Part      int                `firestore:"part"`
	Declared  Declared           `firestore:"declared"`
	State     State              `firestore:"state"`
	Created   time.Time          `firestore:"created"`
	Expires   time.Time          `firestore:"expires"` // of the newest URL
	Stored    *Finalized         `firestore:"stored"`  // nil until an object is there
}

// Finalized is what the bucket says of an object.
type Finalized struct {
	Generation  int64     `firestore:"generation"`
	Size        int64     `firestore:"size"` // bytes
	CRC32C      uint32    `firestore:"crc32c"`
	ContentType string    `firestore:"contentType"`
	Time        time.Time `firestore:"time"`
}

// Object names what the grant is for.
func (g Grant) Object() Object { return Object{g.Workspace, g.Run, g.Output, g.Part} }

// MaxBytes bounds what may be written: what was declared, else a whole part.
func (d Declared) MaxBytes() int64 {
	if d.Size != nil {
		return *d.Size
	}
	return MaxPartBytes
}

// Same reports whether o declares the same object. Line counts may differ:
// they describe, and bound nothing.
func (d Declared) Same(o Declared) bool {
	return d.ContentType == o.ContentType && same(d.Size, o.Size) && same(d.CRC32C, o.CRC32C)
}

// Allows reports whether an object is as it was declared.
func (d Declared) Allows(f Finalized) bool {
	return f.ContentType == d.ContentType && f.Size <= MaxPartBytes &&
		(d.Size == nil || *d.Size == f.Size) && (d.CRC32C == nil || *d.CRC32C == f.CRC32C)
}

func same[T comparable](a, b *T) bool {
	return (a == nil) == (b == nil) && (a == nil || *a == *b)
}
