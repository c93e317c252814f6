package suite

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/strongroom-dev/strongroom/shared/api"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// personas are the kinds of callers that the issuer makes tokens for.
var personas = []string{"runner", "builder", "pipeline", "viewer", "auditor", "admin", "newcomer", "platform"}

// tokenLifetime of a persona's token.
const tokenLifetime = time.Hour

// subject returns the `sub` claim of a tenant's persona.
func subject(id tenant.ID, persona string) string { return persona + "@" + string(id) + ".example" }

// Token returns an OIDC token for a persona of a tenant: runner, builder, pipeline (a builder
// that is a program), viewer (a member of every workspace), auditor, admin, or newcomer (to whom
// no rule of Terraform assigns a role). The persona platform is a member of the
// platform's staff, whatever the tenant.
func (c *Cloud) Token(id tenant.ID, persona string) (string, error) {
	audience := Audience + "/tenants/" + string(id)
	if persona == "platform" {
		id, audience = "staff", Audience+"/platform"
	}
	return c.Issuer.Token(map[string]any{"sub": subject(id, persona), "aud": audience, "persona": persona}, tokenLifetime)
}

// serveToken returns any persona's token to any caller. Only an emulator may.
func (c *Cloud) serveToken(w http.ResponseWriter, r *http.Request) {
	persona := r.FormValue("as")
	id, err := tenant.ParseID(r.FormValue("tenant"))
	switch {
	case !slices.Contains(personas, persona):
		api.Respond(w, api.Refuse(http.StatusBadRequest, fmt.Sprintf("as must be one of %s", strings.Join(personas, ", "))))
		return
	case err != nil && persona != string(tenant.Platform):
		api.Respond(w, api.Refuse(http.StatusBadRequest, "tenant must be the ID of a tenant, such as acme: "+err.Error()))
		return
	}
	if _, err := c.Directory.Tenant(r.Context(), id); persona != string(tenant.Platform) && errors.Is(err, tenant.ErrNotFound) {
		api.Respond(w, api.Refuse(http.StatusNotFound, fmt.Sprintf("there is no tenant %s; this cloud has %s", id, c.tenants(r.Context()))))
		return
	}
	expires := c.Clock.Now().Add(tokenLifetime)
	token, err := c.Token(id, persona)
	if err != nil {
		http.Error(w, "the token could not be created", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	_ = json.NewEncoder(w).Encode(map[string]any{"token": token, "expires": expires})
}

// tenants returns the IDs of the tenants, for an error.
func (c *Cloud) tenants(ctx context.Context) string {
	var ids []string
	err := c.Directory.Each(ctx, func(record tenant.Record) error {
		ids = append(ids, string(record.ID))
		return nil
	})
	if err != nil || len(ids) == 0 {
		return "none yet"
	}
	return strings.Join(ids[:min(len(ids), maxListed)], ", ")
}

// maxListed limits how many tenants an error lists.
const maxListed = 10

// serveIndex lists the routes, for somebody who opens the address in a browser.
func (c *Cloud) serveIndex(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	fmt.Fprintf(w, "Strongroom's embedded cloud.\n\nTokens:  GET /emulator/token?tenant=NAME&as=%s\nIssuer:  /emulator/oidc/.well-known/openid-configuration\n\n", strings.Join(personas, "|"))
	for name, function := range c.Suite.Functions {
		for _, route := range function.Routes {
			fmt.Fprintf(w, "%-8s %s\n", name, route)
		}
	}
	fmt.Fprint(w, "\nOpenAPI: /openapi.json\n")
}
