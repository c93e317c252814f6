// Package tenant defines the IDs of tenants and workspaces, and the record of a
// tenant: where its data is stored, under which key, and which identities it trusts.
package tenant

import (
	"errors"

	"github.com/strongroom-dev/strongroom/shared/lazyregexp"
)

// ID identifies a tenant. The zero ID identifies none.
type ID string

// WorkspaceID identifies a workspace of a tenant. The zero value identifies none.
type WorkspaceID string

var slug = lazyregexp.New(`^[a-z0-9-]{1,63}$`)

// ParseID accepts 1 to 63 characters from a-z, 0-9 and hyphen.
func ParseID(s string) (ID, error) {
	if !slug.MatchString(s) {
		return "", errors.New("a tenant ID has 1 to 63 characters from a-z, 0-9 and hyphen")
	}
	return ID(s), nil
}

// ParseWorkspaceID accepts 1 to 63 characters from a-z, 0-9 and hyphen.
func ParseWorkspaceID(s string) (WorkspaceID, error) {
	if !slug.MatchString(s) {
		return "", errors.New("a workspace ID has 1 to 63 characters from a-z, 0-9 and hyphen")
	}
	return WorkspaceID(s), nil
}
