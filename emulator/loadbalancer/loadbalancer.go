// Package loadbalancer stands in for what receives requests in front of the
// functions in production: the load balancer's routes, and the platform's check
// of who may call a function that an event or a schedule triggers.
package loadbalancer

import (
	"errors"
	"fmt"
	"net/http"
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/strongroom-dev/strongroom/emulator/iam"
	"github.com/strongroom-dev/strongroom/infra"
)

// MaxResponse is the longest response in bytes. The platform ends a streamed
// response near 10 MB (cloud.google.com/functions/quotas), and the functions
// promise 8 MiB.
const MaxResponse = 8 << 20

// LoadBalancer routes requests to the functions. It is an http.Handler and safe
// for concurrent use.
type LoadBalancer struct {
	mux *http.ServeMux
	iam *iam.Server
	url string

	fallback http.Handler // the function that answers paths without a route

	mu      sync.Mutex
	traffic map[string]Traffic
}

// Traffic counts what one function received and sent.
type Traffic struct {
	Requests int64
	In, Out  int64 // bytes of request and response bodies
	NotJSON  int64 // bytes of In whose Content-Type is neither JSON nor one of git
}

// New returns a load balancer at url for the functions of suite. Handlers has one
// handler for each function name.
func New(url string, suite infra.Suite, handlers map[string]http.Handler, accounts *iam.Server) (*LoadBalancer, error) {
	lb := &LoadBalancer{mux: http.NewServeMux(), iam: accounts, url: url, traffic: map[string]Traffic{}}
	var errs []error
	for name, function := range suite.Functions {
		handler := handlers[name]
		if handler == nil {
			errs = append(errs, fmt.Errorf("function %s has no handler", name))
			continue
		}
		handler = lb.count(name, handler)
		for _, path := range append(paths(function.Routes), function.Pages...) {
			lb.mux.Handle(path, handler) // any method: the load balancer knows paths only
		}
		if function.Topic != "" || function.Schedule != "" {
			lb.mux.Handle("POST /functions/"+name, lb.checkInvoker(name, handler))
		}
		if name == suite.Default {
			lb.fallback = handler
		}
		lb.mux.Handle("GET /openapi/"+name+".json", withPath("/openapi.json", handler))
	}
	if lb.fallback == nil {
		errs = append(errs, errors.New("the default function has no handler"))
	}
	return lb, errors.Join(errs...)
}

// Handle adds a route that production does not have.
func (lb *LoadBalancer) Handle(pattern string, handler http.Handler) { lb.mux.Handle(pattern, handler) }

// ServeHTTP implements http.Handler.
func (lb *LoadBalancer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	// A mux redirects a path with empty or dotted segments. The load balancer
	// forwards it unchanged.
	if _, pattern := lb.mux.Handler(r); pattern == "" || !isClean(r.URL.Path) {
		lb.fallback.ServeHTTP(w, r)
		return
	}
	lb.mux.ServeHTTP(w, r)
}

// isClean reports whether a mux does not redirect a path. A slash at the end is fine.
func isClean(p string) bool {
	return p == "/" || path.Clean(p) == strings.TrimSuffix(p, "/")
}

// paths returns the distinct paths of routes.
func paths(routes []string) []string {
	var all []string
	for _, route := range routes {
		_, path, _ := strings.Cut(route, " ")
		all = append(all, path)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// Endpoint returns the URL at which Pub/Sub and the scheduler call a function. It
// is also the audience of their tokens.
func (lb *LoadBalancer) Endpoint(function string) string { return lb.url + "/functions/" + function }

// Traffic returns the counts of a function since the start.
func (lb *LoadBalancer) Traffic(function string) Traffic {
	lb.mu.Lock()
	defer lb.mu.Unlock()
	return lb.traffic[function]
}

// checkInvoker requires the permission run.routes.invoke on the function. It
// removes the token from the request, because the code never sees it in
// production.
func (lb *LoadBalancer) checkInvoker(name string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		token, bearer := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		caller, err := lb.iam.VerifyIDToken(token, lb.Endpoint(name))
		switch {
		case !bearer || err != nil:
			http.Error(w, "Unauthorized", http.StatusUnauthorized)
		case !lb.iam.Allowed(caller, "run.routes.invoke", "functions/"+name):
			http.Error(w, "Forbidden", http.StatusForbidden)
		default:
			r = r.Clone(r.Context())
			r.Header.Del("Authorization")
			withPath("/", next).ServeHTTP(w, r)
		}
	})
}

// withPath forwards requests as if they had been sent to path.
func withPath(path string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r = r.Clone(r.Context())
		r.URL.Path, r.URL.RawPath = path, ""
		next.ServeHTTP(w, r)
	})
}

// count counts the bytes of a function's bodies and ends a response that is too long.
func (lb *LoadBalancer) count(name string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		in, out := &countingBody{ReadCloser: r.Body}, &countingWriter{ResponseWriter: w}
		r = r.WithContext(r.Context()) // a copy, because the server checks its own Body for unread bytes
		r.Body = in
		defer func() {
			lb.mu.Lock()
			defer lb.mu.Unlock()
			t := lb.traffic[name]
			t.Requests, t.In, t.Out = t.Requests+1, t.In+in.n, t.Out+out.n
			if kind := r.Header.Get("Content-Type"); !strings.HasPrefix(kind, "application/json") && !strings.HasPrefix(kind, "application/x-git-") {
				t.NotJSON += in.n
			}
			lb.traffic[name] = t
		}()
		next.ServeHTTP(out, r)
		if out.truncated {
			panic(http.ErrAbortHandler) // break the connection, so that the response does not look complete
		}
	})
}
