package access

import (
	"context"
	"fmt"

	"github.com/strongroom-dev/strongroom/shared/api"
)

// PageToken returns the page token for the position where a page ended. The token
// is valid only for the query, and only in the session's tenant and workspace.
func PageToken[P any](ctx context.Context, position P, query string) string {
	s := From(ctx)
	return api.Token(s.pageTokens, position, s.pageScope(query))
}

// ParsePageToken returns the position of a token that PageToken returned for the
// same query in the same tenant and workspace. For an empty text it returns the
// zero position. The error is a 400.
func ParsePageToken[P any](ctx context.Context, text, query string) (P, error) {
	s := From(ctx)
	return api.ParseToken[P](s.pageTokens, text, s.pageScope(query))
}

func (s Session) pageScope(query string) string {
	return fmt.Sprintf("%q %q %q %q", s.Tenant.ID, s.Workspace, s.action, query)
}
