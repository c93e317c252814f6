// Package api is the transport that every HTTP function shares: strict JSON
// in, problem+json (RFC 9457) out, limits, security headers, one log line a
// request. It knows nothing of what the functions do.
package api

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"reflect"
	"runtime/debug"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
)

// MaxBodyBytes bounds a request's body, unless its operation says otherwise: a
// hundred parts with the longest names need a fifth of it.
const MaxBodyBytes = 256 << 10

// API is one function's routes. Add operations with Register, then serve
// Handler.
type API struct {
	huma.API
	mux     *http.ServeMux
	log     *slog.Logger
	maxBody int64 // of any operation

	registered *huma.Operation // the newest
}

// New makes an API without routes. Its OpenAPI 3.1 document is at /openapi.json.
func New(title string, log *slog.Logger) *API {
	mux := http.NewServeMux()
	config := huma.Config{
		OpenAPI: &huma.OpenAPI{
			OpenAPI: "3.1.0",
			Info:    &huma.Info{Title: title, Version: "1"},
			Components: &huma.Components{
				Schemas: huma.NewMapRegistry(schemaPrefix, huma.DefaultSchemaNamer),
				SecuritySchemes: map[string]*huma.SecurityScheme{
					"oidc": {Type: "http", Scheme: "bearer", BearerFormat: "JWT"},
				},
			},
			Security: []map[string][]string{{"oidc": {}}},
		},
		OpenAPIPath:   "/openapi",
		Formats:       map[string]huma.Format{"application/json": strictJSON, "json": strictJSON},
		DefaultFormat: "application/json",
	}
	a := &API{API: humago.New(mux, config), mux: mux, log: log, maxBody: MaxBodyBytes}
	a.OpenAPI().OnAddOperation = append(a.OpenAPI().OnAddOperation, func(_ *huma.OpenAPI, op *huma.Operation) { a.registered = op })
	return a
}

// Register adds one operation. What do returns as an error becomes a problem:
// a *Problem as it is, anything else the fixed text of a 500 or a 503, with
// the error itself in the log only. A body is bounded by op.MaxBodyBytes; zero
// means MaxBodyBytes.
func Register[I, O any](a *API, op huma.Operation, do func(context.Context, *I) (*O, error)) {
	if op.MaxBodyBytes == 0 {
		op.MaxBodyBytes = MaxBodyBytes
	}
	a.maxBody = max(a.maxBody, op.MaxBodyBytes)
	op.MaxBodyBytes++ // huma refuses a body that reaches it
	op.DefaultStatus = max(op.DefaultStatus, http.StatusOK)
	huma.Register(a.API, op, func(ctx context.Context, in *I) (*O, error) {
		out, err := do(ctx, in)
		if err != nil {
			return nil, publicError(ctx, err)
		}
		return out, nil
	})
	labelOperation(a.registered, reflect.TypeFor[I](), reflect.TypeFor[O]())
	labelSchemas(a.OpenAPI().Components.Schemas)
}

// Handler serves the routes.
func (a *API) Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := time.Now()
		log := a.log
		if trace := traceID(r); trace != "" {
			log = log.With("logging.googleapis.com/trace", trace)
		}
		sent := &sentWriter{ResponseWriter: w}
		r = r.WithContext(context.WithValue(r.Context(), loggerKey{}, log))
		r.Body = http.MaxBytesReader(w, r.Body, a.maxBody+1) // huma's own limit answers first
		defer a.end(log, sent, r, began)
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Cache-Control", "no-store")
		a.serve(sent, r)
	})
}

func (a *API) serve(w http.ResponseWriter, r *http.Request) {
	if unclean(r.URL.Path) {
		writeProblem(w, Refuse(http.StatusBadRequest, "the path has an empty, . or .. segment"))
		return
	}
	handler, pattern := a.mux.Handler(r)
	if pattern != "" {
		a.mux.ServeHTTP(w, r)
		return
	}
	refused := &refusal{header: http.Header{}, status: http.StatusNotFound}
	handler.ServeHTTP(refused, r)
	if refused.status != http.StatusMethodNotAllowed {
		writeProblem(w, Refuse(http.StatusNotFound, "there is no such path"))
		return
	}
	w.Header().Set("Allow", refused.header.Get("Allow"))
	writeProblem(w, Refuse(http.StatusMethodNotAllowed, "this path takes only "+refused.header.Get("Allow")))
}

// end logs the request: its route, never its path or query, which are the
// client's own words.
func (a *API) end(log *slog.Logger, w *sentWriter, r *http.Request, began time.Time) {
	fault := recover()
	unsent := w.status == 0
	if fault != nil && fault != http.ErrAbortHandler {
		// The stack has functions and lines; the fault's own text could be anything.
		log.ErrorContext(r.Context(), "a handler panicked", "route", r.Pattern,
			"type", fmt.Sprintf("%T", fault), "stack", string(debug.Stack()))
		if unsent {
			writeProblem(w, Refuse(http.StatusInternalServerError, internalText))
		}
	}
	log.InfoContext(r.Context(), "request", "method", knownMethod(r.Method), "route", r.Pattern,
		"status", w.status, "sent", w.bytes, "seconds", time.Since(began).Seconds())
	if fault != nil && (!unsent || fault == http.ErrAbortHandler) {
		panic(http.ErrAbortHandler) // the connection breaks: the client sees that it was cut
	}
}

// knownMethod keeps a method of the client's own making out of the log.
func knownMethod(method string) string {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPut, http.MethodPost, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return method
	}
	return "other"
}

func unclean(path string) bool {
	for segment := range strings.SplitSeq(strings.TrimPrefix(path, "/"), "/") {
		if (segment == "" && path != "/") || segment == "." || segment == ".." {
			return true
		}
	}
	return false
}

// traceID is the trace of Cloud Run's request:
// cloud.google.com/trace/docs/trace-context.
func traceID(r *http.Request) string {
	trace, _, _ := strings.Cut(r.Header.Get("X-Cloud-Trace-Context"), "/")
	if len(trace) != 32 || strings.Trim(trace, "0123456789abcdef") != "" {
		return ""
	}
	return trace
}

type loggerKey struct{}

// Logger is the logger of the request that ctx belongs to.
func Logger(ctx context.Context) *slog.Logger {
	if log, ok := ctx.Value(loggerKey{}).(*slog.Logger); ok {
		return log
	}
	return slog.Default()
}

// sentWriter counts what is sent.
type sentWriter struct {
	http.ResponseWriter
	status int
	bytes  int64
}

// WriteHeader implements http.ResponseWriter. A second status, as of a problem
// met while a response is under way, has nowhere to go.
func (w *sentWriter) WriteHeader(status int) {
	if w.status != 0 {
		return
	}
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (w *sentWriter) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	n, err := w.ResponseWriter.Write(b)
	w.bytes += int64(n)
	return n, err
}

// Unwrap lets http.ResponseController reach the connection.
func (w *sentWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// refusal takes the mux's own plain-text answer apart.
type refusal struct {
	header http.Header
	status int
}

func (r *refusal) Header() http.Header         { return r.header }
func (r *refusal) WriteHeader(status int)      { r.status = status }
func (r *refusal) Write(b []byte) (int, error) { return len(b), nil }
