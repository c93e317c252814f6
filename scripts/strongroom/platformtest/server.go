// Package platformtest is the platform and its bucket as the command line sees
// them, in one test's process, with faults on demand.
package platformtest

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
)

// Fault is what happens to one request.
type Fault int

// The faults.
const (
	None        Fault = iota
	Drop              // the connection breaks before anything happened
	DropReply         // it happened, and the connection breaks then
	Unavailable       // 503
)

// Canaries are in every token and signed URL: neither may be found anywhere.
const (
	TokenCanary     = "canary-token-5c1e"
	SignatureCanary = "canary-signature-93ab"
)

// Config sets how the platform behaves. The zero Config is a good day.
type Config struct {
	Fault       func(*http.Request) Fault // called concurrently; nil: none
	Custody     time.Duration             // until the platform knows what the bucket holds
	Lifetime    time.Duration             // of URLs; zero: 15 minutes
	MaxResponse int64                     // bytes in a view; zero: 8 MiB
	NoHash      bool                      // the bucket does not tell the checksum of what it stored
}

// Server is the platform. Its methods are safe for concurrent use.
type Server struct {
	*httptest.Server
	config Config

	mu      sync.Mutex
	grants  map[string]api.Part  // by object name
	objects map[string]*Object   // by object name
	starts  map[string]api.Start // by run
	reports map[string]*api.Report
	bodies  map[string]string // of reports, by run
	mints   int
	urls    map[string]time.Time // signature to expiry
	issues  []api.Issue
	runs    []api.Run
	slis    []api.SLI
	answers map[string]api.Answer // by assistant
	tasks   []api.Task            // the catalogue
	puts    []int                 // tasks of each call

	editions map[string]string // by source and name of a task
}

// Object is a part in the bucket.
type Object struct {
	Content []byte
	Part    api.Part
	at      time.Time
}

// Start serves until the test ends.
func Start(t testing.TB, config Config) *Server {
	t.Helper()
	if config.Lifetime == 0 {
		config.Lifetime = 15 * time.Minute
	}
	if config.MaxResponse == 0 {
		config.MaxResponse = 8 << 20
	}
	s := &Server{
		config: config, grants: map[string]api.Part{}, objects: map[string]*Object{},
		starts: map[string]api.Start{}, reports: map[string]*api.Report{}, bodies: map[string]string{}, answers: map[string]api.Answer{}, urls: map[string]time.Time{},
		editions: map[string]string{},
	}
	s.Server = httptest.NewUnstartedServer(s.faulty(s.routes()))
	s.Server.Start()
	t.Cleanup(s.Close)
	return s
}

func (s *Server) routes() *http.ServeMux {
	mux := http.NewServeMux()
	const run = "/v1/workspaces/{w}/runs/{run}"
	mux.HandleFunc("PUT "+run, s.authorized(s.start))
	mux.HandleFunc("POST "+run+"/uploads", s.authorized(s.mint))
	mux.HandleFunc("POST "+run+"/report", s.authorized(s.report))
	mux.HandleFunc("GET "+run+"/outputs", s.authorized(s.list))
	mux.HandleFunc("GET "+run+"/outputs/{name}", s.authorized(s.view))
	const issue = "/v1/workspaces/{w}/issues"
	mux.HandleFunc("GET "+issue+"/{issue}", s.authorized(s.sayIssue(readIssue)))
	mux.HandleFunc("POST "+issue+"/{issue}/investigate", s.authorized(s.sayIssue(investigateIssue)))
	mux.HandleFunc("POST "+issue+"/{issue}/ignore", s.authorized(s.sayIssue(ignoreIssue)))
	mux.HandleFunc("GET /v1/workspaces/{w}/assistants/{assistant}", s.authorized(s.ask))
	mux.HandleFunc("PUT /v1/catalog/tasks", s.authorized(s.putTasks))
	mux.HandleFunc("POST /v1/catalog/prune", s.authorized(s.pruneTasks))
	mux.HandleFunc("GET /v1/catalog/tasks", s.authorized(s.searchTasks))
	s.routeRecords(mux)
	mux.HandleFunc("PUT /bucket/{w}/{run}/{output}/{part}", s.put)
	mux.HandleFunc("GET /emulator/token", s.token)
	return mux
}

// faulty lets faults happen before and after the handler.
func (s *Server) faulty(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fault := None
		if s.config.Fault != nil {
			fault = s.config.Fault(r)
		}
		switch fault {
		case Drop:
			panic(http.ErrAbortHandler)
		case DropReply:
			if r.Method == http.MethodGet {
				w = &cutWriter{ResponseWriter: w}
			} else {
				w = httptest.NewRecorder()
			}
			next.ServeHTTP(w, r)
			panic(http.ErrAbortHandler)
		case Unavailable:
			http.Error(w, "on its way up", http.StatusServiceUnavailable)
		default:
			next.ServeHTTP(w, r)
		}
	})
}

func (s *Server) authorized(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if !strings.Contains(r.Header.Get("Authorization"), TokenCanary) {
			problem(w, http.StatusUnauthorized, "no valid token", nil)
			return
		}
		next(w, r)
	}
}

func problem(w http.ResponseWriter, status int, detail string, stored []api.Stored) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{
		"title": http.StatusText(status), "status": status, "detail": detail, "stored": stored,
	})
}

func (s *Server) start(w http.ResponseWriter, r *http.Request) {
	var start api.Start
	if err := json.NewDecoder(r.Body).Decode(&start); err != nil {
		problem(w, http.StatusBadRequest, "not a start", nil)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	before, known := s.starts[r.PathValue("run")]
	switch {
	case start.Start.After(time.Now().Add(maxAhead)):
		problem(w, http.StatusUnprocessableEntity, "a time is in the future", nil)
	case known && !same(before, start):
		problem(w, http.StatusConflict, "the run began otherwise", nil)
	default:
		s.starts[r.PathValue("run")] = start
		_, _ = w.Write([]byte("{}"))
	}
}

// maxAhead is how far ahead of the platform's clock a start or an end may be.
const maxAhead = 5 * time.Minute

func same(a, b api.Start) bool {
	return a.Task == b.Task && a.SLX == b.SLX && a.Resource == b.Resource && a.Start.Equal(b.Start)
}

func objectName(r *http.Request, output string, part int) string {
	return fmt.Sprintf("%s/%s/%s/%05d", r.PathValue("w"), r.PathValue("run"), output, part)
}

func (s *Server) mint(w http.ResponseWriter, r *http.Request) {
	var asked struct{ Parts []api.Part }
	if err := json.NewDecoder(r.Body).Decode(&asked); err != nil || len(asked.Parts) < 1 || len(asked.Parts) > 100 {
		problem(w, http.StatusBadRequest, "1 to 100 parts", nil)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mints++
	if stored := s.stored(r, asked.Parts); len(stored) > 0 {
		problem(w, http.StatusConflict, "parts are stored already", stored)
		return
	}
	var targets []map[string]any
	for _, p := range asked.Parts {
		targets = append(targets, s.target(objectName(r, p.Output, p.Number), p))
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"parts": targets})
}

// known reports whether the platform has recorded what the bucket holds.
func (s *Server) known(o *Object) bool {
	return o != nil && time.Since(o.at) >= s.config.Custody
}

func (s *Server) stored(r *http.Request, parts []api.Part) []api.Stored {
	var stored []api.Stored
	for _, p := range parts {
		if o := s.objects[objectName(r, p.Output, p.Number)]; s.known(o) {
			stored = append(stored, api.Stored{Output: p.Output, Part: p.Number, Size: o.Part.Size, CRC32C: o.Part.CRC32C})
		}
	}
	return stored
}

func (s *Server) target(name string, p api.Part) map[string]any {
	s.grants[name] = p
	signature := SignatureCanary + rand.Text()
	expires := time.Now().Add(s.config.Lifetime)
	s.urls[signature] = expires
	return map[string]any{
		"output": p.Output, "part": p.Number, "method": "PUT", "expires": expires,
		"url": s.URL + "/bucket/" + name + "?X-Goog-Signature=" + signature,
		"headers": map[string]string{
			"content-type": p.ContentType, "x-goog-if-generation-match": "0",
			"x-goog-content-length-range": "0,8388608", "x-goog-hash": "crc32c=" + p.CRC32C.String(),
		},
	}
}

func (s *Server) report(w http.ResponseWriter, r *http.Request) {
	var report api.Report
	body, err := io.ReadAll(r.Body)
	if err == nil {
		err = json.Unmarshal(body, &report)
	}
	if err != nil || len(body) > api.MaxReportBytes {
		problem(w, http.StatusBadRequest, "not a report", nil)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	run := r.PathValue("run")
	switch before := s.bodies[run]; {
	case report.End.After(time.Now().Add(maxAhead)):
		problem(w, http.StatusUnprocessableEntity, "a time is in the future", nil)
	case before != "" && before != string(body): // stricter than the platform: to the byte
		problem(w, http.StatusConflict, "the run was reported otherwise", nil)
	case report.End.Before(s.starts[run].Start):
		problem(w, http.StatusUnprocessableEntity, "the run would have ended before it began", nil)
	default:
		s.bodies[run], s.reports[run] = string(body), &report
		_, _ = w.Write([]byte("{}"))
	}
}

func (s *Server) token(w http.ResponseWriter, r *http.Request) {
	_ = json.NewEncoder(w).Encode(map[string]any{
		"token": TokenCanary + "-" + r.FormValue("tenant") + "-" + r.FormValue("as"), "expires": time.Now().Add(time.Hour),
	})
}

func partNumber(r *http.Request) int {
	number, _ := strconv.Atoi(r.PathValue("part"))
	return number
}
