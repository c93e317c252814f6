package export

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// ID identifies an export within its tenant. It is a UUIDv7 (RFC 9562) in lower
// case, and the client chooses it. The zero ID is not valid.
type ID string

// ErrID is the error of a text that is not an export ID.
var ErrID = errors.New("an export ID must be a lowercase UUIDv7, for example 0198c2b4-5d1e-7c3a-9f00-2a6b1c4d8e10")

// ParseID parses an export ID. It accepts only the canonical form, 36 characters in
// lower case, and returns ErrID for anything else.
func ParseID(s string) (ID, error) {
	u, err := uuid.Parse(s)
	if err != nil || u.Version() != 7 || u.Variant() != uuid.RFC4122 || u.String() != s {
		return "", ErrID
	}
	return ID(s), nil
}

// WindowID returns the ID of the export of a schedule's window that ends at a time.
// It is always the same, so a window that is requested again is not exported again.
func WindowID(t tenant.ID, schedule ScheduleName, end time.Time) ID {
	sum := sha256.Sum256(fmt.Appendf(nil, "strongroom export window\n%q %q %d\n", t, schedule, end.Unix()))
	var u uuid.UUID
	copy(u[:], sum[:])
	binary.BigEndian.PutUint64(u[:8], uint64(end.UnixMilli())<<16|uint64(binary.BigEndian.Uint16(sum[:2])))
	u[6] = u[6]&0x0f | 0x70 // version 7
	u[8] = u[8]&0x3f | 0x80 // variant of RFC 9562
	return ID(u.String())
}
