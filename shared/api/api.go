// Package api is the HTTP transport that all functions share. It decodes strict
// JSON, returns errors as problem+json (RFC 9457), limits bodies, sets security
// headers and writes one log line for each request. It does not depend on what the
// functions do.
package api

import (
	"cmp"
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"net/http"
	"reflect"
	"runtime/debug"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/strongroom-dev/strongroom/shared/memory"
)

// MaxBodyBytes limits the body of a request, unless its operation sets another
// limit. A request for a hundred parts with the longest names needs a fifth of it.
const MaxBodyBytes = 256 << 10

// BytesExtension is the member of a request body in the OpenAPI document that says
// how many bytes the body may have.
const BytesExtension = "x-max-bytes"

// API holds the routes of one function. Add operations with Register, then serve
// Handler.
type API struct {
	huma.API
	mux     *http.ServeMux
	now     func() time.Time
	log     *slog.Logger
	maxBody int64 // largest limit of all operations

	memory *memory.Budget

	registered *huma.Operation // newest operation, which Register labels
}

// New returns an API without routes. It serves its OpenAPI 3.1 document at
// /openapi.json. Its responses have the Date of the clock now, so that a client can
// compare its own clock with the one that the function checks times by.
func New(title string, now func() time.Time, log *slog.Logger) *API {
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
	a := &API{API: humago.New(mux, config), mux: mux, now: now, log: log, maxBody: MaxBodyBytes, memory: memory.NewBudget()}
	a.OpenAPI().OnAddOperation = append(a.OpenAPI().OnAddOperation, func(_ *huma.OpenAPI, op *huma.Operation) { a.registered = op })
	return a
}

// Register adds one operation. If handle returns a *Problem, the client receives
// it. Any other error is logged, and the client receives the fixed text of a 500
// or 503. op.MaxBodyBytes limits the body; zero means MaxBodyBytes. Register
// panics if a body type has a field that the OpenAPI document would not show, an
// array without maxItems or a text without a bound, and if a parameter is free text.
//
// The body is read after op.Middlewares have admitted the request. It is checked
// against the schema before it is decoded; see body_check.go.
func Register[I, O any](a *API, op huma.Operation, handle func(context.Context, *I) (*O, error)) {
	if op.MaxBodyBytes == 0 {
		op.MaxBodyBytes = MaxBodyBytes
	}
	a.maxBody = max(a.maxBody, op.MaxBodyBytes)
	bounds := &bodyBounds{bytes: op.MaxBodyBytes, memory: memoryOf(op), registry: a.OpenAPI().Components.Schemas}
	op.BodyReadTimeout = timeoutOf(op.MaxBodyBytes)
	op.MaxBodyBytes = -1       // body.WriteTo applies the limit, and reads into a buffer of the right size
	op.SkipValidateBody = true // bodyBounds.check validates, within limits that huma does not have
	op.Middlewares = append(op.Middlewares, bounds.admit)
	op.DefaultStatus = max(op.DefaultStatus, http.StatusOK)
	op.RejectUnknownQueryParameters = true
	op = withStatuses(op, reflect.TypeFor[I]())
	huma.Register(a.API, op, func(ctx context.Context, in *I) (*O, error) {
		out, err := handle(ctx, in)
		if err != nil {
			return nil, publicError(ctx, err)
		}
		return out, nil
	})
	if request := a.registered.RequestBody; request != nil {
		bounds.setMedia(request.Content)
		if bounds.schema != nil {
			requireBounds(bounds.registry, bounds.schema, op.OperationID)
		}
		request.Extensions = map[string]any{BytesExtension: bounds.bytes}
	}
	describeParameters(a.registered)
	labelOperation(a.registered, reflect.TypeFor[I](), reflect.TypeFor[O]())
	labelSchemas(a.OpenAPI().Components.Schemas)
}

// Handler returns the handler that serves the routes.
func (a *API) Handler() http.Handler { return a.wrap(a.serve) }

// Pages returns a handler for a function that serves pages to browsers and is no JSON
// API. It has what the handler of an API has: the headers, the deadlines, one log line
// for each request, and a problem for a panic and for a path that pages does not have.
func Pages(pages *http.ServeMux, now func() time.Time, log *slog.Logger) http.Handler {
	a := &API{mux: pages, now: now, log: log, maxBody: MaxBodyBytes, memory: memory.NewBudget()}
	return a.wrap(a.serve)
}

// RequestHeader is the response header with the ID of the request, which each of its log lines
// has as "request": a person who reports an error names it. It is the trace ID of Cloud Run, or
// a random one.
const RequestHeader = "Strongroom-Request"

// wrap returns the handler that every response comes from, whatever its cause. It sets
// the deadlines and the headers, recovers from panics and logs the request.
func (a *API) wrap(serve http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := time.Now()
		request := cmp.Or(traceID(r), rand.Text())
		log := a.log.With("request", request)
		if trace := traceID(r); trace != "" {
			log = log.With("logging.googleapis.com/trace", trace)
		}
		b := newBody(w, r, a.maxBody, a.memory)
		sent := &sentWriter{ResponseWriter: w, body: b}
		r = r.WithContext(context.WithValue(context.WithValue(r.Context(), loggerKey{}, log), bodyKey{}, b))
		r.Body = b
		defer b.release()
		defer sent.flushRefusal()
		defer a.end(log, sent, r, began)
		w.Header().Set(RequestHeader, request)
		w.Header().Set("Date", a.now().UTC().Format(http.TimeFormat))
		w.Header().Set("Strict-Transport-Security", "max-age=63072000; includeSubDomains")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Cache-Control", "no-store")
		serve(sent, r)
	})
}

// Limits of a query: the longest values of all parameters of a list, in the
// longest escapes, and far more parameters than an operation has.
const (
	maxQueryBytes      = 32 << 10
	maxQueryParameters = 64
)

func (a *API) serve(w http.ResponseWriter, r *http.Request) {
	if len(r.URL.RawQuery) > maxQueryBytes || strings.Count(r.URL.RawQuery, "&") >= maxQueryParameters {
		Respond(w, Refuse(http.StatusRequestURITooLong,
			fmt.Sprintf("the query has more than %d bytes or %d parameters", maxQueryBytes, maxQueryParameters)))
		return
	}
	if unclean(r.URL.Path) {
		Respond(w, Refuse(http.StatusBadRequest, "the path has an empty, . or .. segment"))
		return
	}
	handler, pattern := a.mux.Handler(r)
	if pattern != "" {
		a.mux.ServeHTTP(w, r)
		return
	}
	unmatched := &discardedResponse{header: http.Header{}, status: http.StatusNotFound}
	handler.ServeHTTP(unmatched, r)
	if unmatched.status != http.StatusMethodNotAllowed {
		Respond(w, Refuse(http.StatusNotFound, "path not found"))
		return
	}
	w.Header().Set("Allow", unmatched.header.Get("Allow"))
	Respond(w, Refuse(http.StatusMethodNotAllowed, "this path supports only "+unmatched.header.Get("Allow")))
}

// end logs the request. It logs the route, and never the path or the query,
// because a client chooses their text.
func (a *API) end(log *slog.Logger, w *sentWriter, r *http.Request, began time.Time) {
	fault := recover()
	unsent := w.status == 0
	if fault != nil && fault != http.ErrAbortHandler {
		// The stack has only functions and lines. The text of the panic could
		// contain confidential data, so it is not logged.
		log.ErrorContext(r.Context(), "a handler panicked", "route", r.Pattern,
			"type", fmt.Sprintf("%T", fault), "stack", string(debug.Stack()))
		if unsent {
			Respond(w, Refuse(http.StatusInternalServerError, internalText))
		}
	}
	if w.status != http.StatusTooManyRequests { // these come in floods, and are counted
		logRequest(log, w, r, began)
	}
	if fault != nil && (!unsent || fault == http.ErrAbortHandler) {
		panic(http.ErrAbortHandler) // closes the connection, so the client sees that the response is incomplete
	}
}

func logRequest(log *slog.Logger, w *sentWriter, r *http.Request, began time.Time) {
	log.InfoContext(r.Context(), "request", "method", knownMethod(r.Method), "route", r.Pattern,
		"status", w.status, "sent", w.bytes, "seconds", time.Since(began).Seconds())
}

// knownMethod keeps a method that a client invented out of the log.
func knownMethod(method string) string {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPut, http.MethodPost, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return method
	}
	return "other"
}

// unclean reports whether a path has a segment that a server or a proxy could
// resolve to another path.
func unclean(path string) bool {
	for segment := range strings.SplitSeq(strings.TrimPrefix(path, "/"), "/") {
		if (segment == "" && path != "/") || segment == "." || segment == ".." {
			return true
		}
	}
	return false
}

// traceID returns the trace ID that Cloud Run sets, or "":
// cloud.google.com/trace/docs/trace-context.
func traceID(r *http.Request) string {
	trace, _, _ := strings.Cut(r.Header.Get("X-Cloud-Trace-Context"), "/")
	if len(trace) != 32 || strings.Trim(trace, "0123456789abcdef") != "" {
		return ""
	}
	return trace
}

type loggerKey struct{}

// Logger returns the logger of the request that ctx belongs to.
func Logger(ctx context.Context) *slog.Logger {
	if log, ok := ctx.Value(loggerKey{}).(*slog.Logger); ok {
		return log
	}
	return slog.Default()
}

// discardedResponse records the status and the headers of the mux's plain-text
// error, so that a problem replaces its body.
type discardedResponse struct {
	header http.Header
	status int
}

func (r *discardedResponse) Header() http.Header         { return r.header }
func (r *discardedResponse) WriteHeader(status int)      { r.status = status }
func (r *discardedResponse) Write(b []byte) (int, error) { return len(b), nil }
