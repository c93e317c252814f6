package access

import (
	"net/http"
	"slices"

	"github.com/danielgtaylor/huma/v2"

	"github.com/strongroom-dev/strongroom/shared/api"
	"github.com/strongroom-dev/strongroom/shared/authn"
)

// Public returns op as an operation that needs no token. A token is ignored. Nothing is
// recorded, so op must read nothing of a tenant. All callers share one rate limit in a process,
// because nothing that a caller sends identifies it; the load balancer limits each
// address.
func (g *Guard) Public(op huma.Operation) huma.Operation {
	op.Security = []map[string][]string{} // OpenAPI: none, in spite of the document's
	op.Errors = slices.Sorted(slices.Values(append(slices.Clone(op.Errors), http.StatusTooManyRequests)))
	op.Middlewares = append(op.Middlewares, func(hc huma.Context, next func(huma.Context)) {
		now, anybody := g.now(), authn.Principal{}
		g.limited.log(hc.Context(), "requests over the rate limit", now)
		if wait := g.rateLimit.wait(now, anybody); wait > 0 {
			g.limited.add(now, anybody)
			api.Write(hc, api.ToProblem(hc.Context(), rateLimitError(wait)))
			return
		}
		next(hc)
	})
	return op
}
