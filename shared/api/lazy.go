package api

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/strongroom-dev/strongroom/shared/gcp"
)

// Lazily returns a handler that calls build on the first request and then serves
// the result. If build fails, the request is answered with 503, and the next
// request calls build again.
func Lazily(build func(context.Context) (http.Handler, error), log *slog.Logger) http.HandlerFunc {
	var built gcp.Lazy[http.Handler]
	unavailable := New("", time.Now, log).wrap(func(w http.ResponseWriter, _ *http.Request) {
		Respond(w, Refuse(http.StatusServiceUnavailable, unavailableText).With("Retry-After", "1"))
	})
	return func(w http.ResponseWriter, r *http.Request) {
		handler, err := built.Get(r.Context(), build)
		if err != nil {
			log.ErrorContext(r.Context(), "function cannot be built", "error", err.Error())
			unavailable.ServeHTTP(w, r)
			return
		}
		handler.ServeHTTP(w, r)
	}
}
