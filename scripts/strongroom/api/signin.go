package api

import (
	"context"
	"net/http"
	"net/url"
)

// SignIn is how people sign in with the command line.
type SignIn struct {
	Issuer       string            `json:"issuer"`
	ClientID     string            `json:"clientId"`
	ClientSecret string            `json:"clientSecret"`
	Scopes       []string          `json:"scopes"`
	Parameters   map[string]string `json:"parameters"`
	Workspaces   []string          `json:"workspaces"`
}

// SignIn returns how the people of a tenant, or the staff, sign in. It needs no token.
func (c *Client) SignIn(ctx context.Context, tenant string) (SignIn, error) {
	r := request{
		what: "read how to sign in", method: http.MethodGet, path: "/console/command-line", query: url.Values{"tenant": {tenant}},
	}
	var found SignIn
	err := c.call(ctx, r, &found)
	return found, err
}
