// Package tenant names tenants and workspaces, and describes what is recorded
// about a tenant: where its data rests, under which key, and whom it trusts.
package tenant

import (
	"fmt"
	"regexp"
)

// ID names a tenant. The zero ID names none.
type ID string

// WorkspaceID names a workspace within its tenant. The zero value names none.
type WorkspaceID string

var slug = regexp.MustCompile(`^[a-z0-9-]{1,63}$`)

// ParseID accepts 1 to 63 of a-z, 0-9 and hyphen.
func ParseID(s string) (ID, error) {
	if !slug.MatchString(s) {
		return "", fmt.Errorf("a tenant is named by 1 to 63 of a-z, 0-9 and hyphen")
	}
	return ID(s), nil
}

// ParseWorkspaceID accepts 1 to 63 of a-z, 0-9 and hyphen.
func ParseWorkspaceID(s string) (WorkspaceID, error) {
	if !slug.MatchString(s) {
		return "", fmt.Errorf("a workspace is named by 1 to 63 of a-z, 0-9 and hyphen")
	}
	return WorkspaceID(s), nil
}
