package api

import (
	"context"
	"log/slog"
	"net/http"

	"github.com/strongroom-dev/strongroom/shared/gcp"
)

// Lazily serves what build gives. It builds on the first request; a build that
// failed is tried again on the next, and is answered with 503.
func Lazily(build func(context.Context) (http.Handler, error)) http.HandlerFunc {
	var built gcp.Lazy[http.Handler]
	return func(w http.ResponseWriter, r *http.Request) {
		handler, err := built.Get(r.Context(), build)
		if err != nil {
			slog.ErrorContext(r.Context(), "function not built", "error", err.Error())
			writeProblem(w, Refuse(http.StatusServiceUnavailable, unavailableText).With("Retry-After", "1"))
			return
		}
		handler.ServeHTTP(w, r)
	}
}
