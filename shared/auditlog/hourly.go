package auditlog

import (
	"context"
	"crypto/sha256"
	"fmt"
	"sync"
	"time"

	"cloud.google.com/go/firestore"
	"github.com/google/uuid"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// AppendHourly records an action of an actor once an hour: the first time by the
// clock's hour, with the entry that it writes. Reads of the log are recorded like
// this. If each read had an entry, somebody who follows the log would cause the
// entries that they read.
//
// The entry's ID follows from the tenant, the actor, the action and the hour, and the
// entry is created only if it does not exist. So processes that record at the same
// time write one entry, and each returns only when it exists. The receipt
// (WithReceipt) is that entry's ID for every action of the hour.
func (l *Log) AppendHourly(ctx context.Context, db *firestore.Client, e Entry) error {
	e.ID = hourlyID(e, l.now())
	if !l.hourly.has(e.ID) {
		p, err := l.seal(ctx, db, e)
		if err != nil {
			return err
		}
		// A repeated commit whose reply was lost finds its own entry.
		if _, err := p.ref.Create(ctx, p.fields); err != nil && status.Code(err) != codes.AlreadyExists {
			return fmt.Errorf("append audit entry: %w", err)
		}
		l.hourly.add(e.ID)
	}
	receive(ctx, e.ID)
	return nil
}

// hourlyID returns the ID of the entry that records e for an hour: a UUIDv7
// (RFC 9562, section 5.7) with the beginning of the hour as its time, and a hash
// in place of its random bits.
func hourlyID(e Entry, now time.Time) string {
	hash := sha256.Sum256(fmt.Appendf(nil, "hourly %q %q %q %q %q", e.Tenant, e.Actor.Issuer, e.Actor.Subject, e.Actor.Role, e.Action))
	id := uuid.UUID(hash[:16])
	for i, milliseconds := 5, now.Truncate(time.Hour).UnixMilli(); i >= 0; i, milliseconds = i-1, milliseconds>>8 {
		id[i] = byte(milliseconds)
	}
	id[6] = id[6]&0x0f | 0x70 // version
	id[8] = id[8]&0x3f | 0x80 // variant
	return id.String()
}

// maxRecordedIDs limits the memory of recordedIDs, to about 1 MB.
const maxRecordedIDs = 10_000

// recordedIDs remembers IDs of entries that exist, so that a process does not ask
// the database for each read. The zero value is empty. It is safe for concurrent
// use.
type recordedIDs struct {
	mu  sync.Mutex
	ids map[string]bool
}

func (r *recordedIDs) has(id string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.ids[id]
}

// add adds an ID. If there are too many, it forgets the others: the database then
// says again that they exist.
func (r *recordedIDs) add(id string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ids == nil || len(r.ids) >= maxRecordedIDs {
		r.ids = map[string]bool{}
	}
	r.ids[id] = true
}
