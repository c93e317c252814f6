// Package front is what stands before the functions in production: the load
// balancer's routes, and the check of who may call an event's or a schedule's
// function, which the platform does before the code runs.
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

// MaxResponse bounds a response: the platform ends a streamed one near 10 MB
// (cloud.google.com/functions/quotas), and the functions promise 8 MiB.
const MaxResponse = 8 << 20

// LoadBalancer sends requests to the functions. It is an http.Handler, safe for
// concurrent use.
type LoadBalancer struct {
	mux *http.ServeMux
	iam *iam.Server
	url string

	otherwise http.Handler // takes what no route names, and says so

	mu      sync.Mutex
	traffic map[string]Traffic
}

// Traffic is what went through the front for one function.
type Traffic struct {
	Requests int64
	In, Out  int64 // bytes of bodies
	NotJSON  int64 // those of In whose Content-Type is not JSON
}

// New makes a front at url that serves suite's functions with handlers, one for
// each name.
func New(url string, suite infra.Suite, handlers map[string]http.Handler, accounts *iam.Server) (*LoadBalancer, error) {
	lb := &LoadBalancer{mux: http.NewServeMux(), iam: accounts, url: url, traffic: map[string]Traffic{}}
	var errs []error
	for name, function := range suite.Functions {
		handler := handlers[name]
		if handler == nil {
			errs = append(errs, fmt.Errorf("function %s has no handler", name))
			continue
		}
		handler = lb.counted(name, handler)
		for _, path := range paths(function.Routes) {
			lb.mux.Handle(path, handler) // any method: the load balancer knows paths only
		}
		if function.Topic != "" || function.Schedule != "" {
			lb.mux.Handle("POST /functions/"+name, lb.invoked(name, handler))
		}
		if name == suite.Default {
			lb.otherwise = handler
		}
		lb.mux.Handle("GET /openapi/"+name+".json", at("/openapi.json", handler))
	}
	if lb.otherwise == nil {
		errs = append(errs, errors.New("the default function has no handler"))
	}
	return lb, errors.Join(errs...)
}

// Handle adds a route that production does not have.
func (lb *LoadBalancer) Handle(pattern string, handler http.Handler) { lb.mux.Handle(pattern, handler) }

// ServeHTTP implements http.Handler.
func (lb *LoadBalancer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	// A mux redirects a path with empty or dotted segments; the load balancer
	// passes it on as it is.
	if _, pattern := lb.mux.Handler(r); pattern == "" || path.Clean(r.URL.Path) != r.URL.Path {
		lb.otherwise.ServeHTTP(w, r)
		return
	}
	lb.mux.ServeHTTP(w, r)
}

// paths are the distinct paths of routes.
func paths(routes []string) []string {
	var all []string
	for _, route := range routes {
		_, path, _ := strings.Cut(route, " ")
		all = append(all, path)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// Endpoint is where Pub/Sub and the scheduler call a function; it is also the
// audience of their tokens.
func (lb *LoadBalancer) Endpoint(function string) string { return lb.url + "/functions/" + function }

// Traffic is what went to and from a function so far.
func (lb *LoadBalancer) Traffic(function string) Traffic {
	lb.mu.Lock()
	defer lb.mu.Unlock()
	return lb.traffic[function]
}

// invoked lets through who holds run.routes.invoke on the function, and takes
// the token away: the code never sees it.
func (lb *LoadBalancer) invoked(name string, next http.Handler) http.Handler {
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
			at("/", next).ServeHTTP(w, r)
		}
	})
}

// at gives a function a request as if it had come to path.
func at(path string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r = r.Clone(r.Context())
		r.URL.Path, r.URL.RawPath = path, ""
		next.ServeHTTP(w, r)
	})
}

// counted counts a function's bytes, and ends a response that is too long.
func (lb *LoadBalancer) counted(name string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		in, out := &countingBody{ReadCloser: r.Body}, &countingWriter{ResponseWriter: w}
		r = r.WithContext(r.Context()) // a copy: the server looks at its own Body to see what was left unread
		r.Body = in
		defer func() {
			lb.mu.Lock()
			defer lb.mu.Unlock()
			t := lb.traffic[name]
			t.Requests, t.In, t.Out = t.Requests+1, t.In+in.n, t.Out+out.n
			if !strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") {
				t.NotJSON += in.n
			}
			lb.traffic[name] = t
		}()
		next.ServeHTTP(out, r)
		if out.cut {
			panic(http.ErrAbortHandler) // the connection breaks, so that a cut is no end
		}
	})
}
