// Package run is about one execution of a task: its ID, its record, and the
// values that its start and its end consist of.
package run

import (
	"errors"

	"github.com/google/uuid"
)

// ID identifies a run. It is a UUIDv7 (RFC 9562) in lower case, and the runner
// generates it. The zero ID is not valid.
type ID string

// ErrID is the error of a text that is not a run ID.
var ErrID = errors.New("a run ID must be a lowercase UUIDv7, for example 0198c2b4-5d1e-7c3a-9f00-2a6b1c4d8e10")

// ParseID parses a run ID. It accepts only the canonical form, 36 characters in
// lower case, and returns ErrID for anything else.
func ParseID(s string) (ID, error) {
	u, err := uuid.Parse(s)
	if err != nil || u.Version() != 7 || u.Variant() != uuid.RFC4122 || u.String() != s {
		return "", ErrID
	}
	return ID(s), nil
}
