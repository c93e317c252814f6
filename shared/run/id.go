// Package run is one execution of a task: its identity, its record, and how
// the record moves from started to ended.
package run

import (
	"errors"

	"github.com/google/uuid"
)

// ID names a run: a UUIDv7 (RFC 9562) in lower case, made by the runner. The
// zero ID names none.
type ID string

// ErrID is the fault of a text that is no run id.
var ErrID = errors.New("a run is named by a UUIDv7 in lower case, as 0198c2b4-5d1e-7c3a-9f00-2a6b1c4d8e10")

// ParseID accepts the canonical form only: 36 characters, lower case.
func ParseID(s string) (ID, error) {
	u, err := uuid.Parse(s)
	if err != nil || u.Version() != 7 || u.Variant() != uuid.RFC4122 || u.String() != s {
		return "", ErrID
	}
	return ID(s), nil
}
