package outputs_test

import (
	"bytes"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/suite"
	"github.com/strongroom-dev/strongroom/functions/outputs"
	"github.com/strongroom-dev/strongroom/shared/access"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/function"
	"github.com/strongroom-dev/strongroom/shared/gcp"
)

// bucketFault is a fault between the function and the bucket. It can respond to a
// request itself, or change the bucket's response.
type bucketFault struct {
	before func(w http.ResponseWriter, r *http.Request) (responded bool)
	after  func(*http.Response) error
}

// serve runs the function as its own account, with a fault at the bucket. If wrap
// is not nil, it wraps the function.
func (f fixture) serve(t testing.TB, fault bucketFault, wrap func(http.Handler) http.Handler) string {
	t.Helper()
	config := f.Cloud.As(suite.FunctionAccount("outputs"))
	origin := &url.URL{Scheme: "http", Host: config.StorageHost}
	proxy := &httputil.ReverseProxy{
		Rewrite:        func(r *httputil.ProxyRequest) { r.SetURL(origin) },
		ModifyResponse: fault.after,
		ErrorLog:       slog.NewLogLogger(slog.DiscardHandler, slog.LevelError),
	}
	bucket := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if fault.before == nil || !fault.before(w, r) {
			proxy.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(bucket.Close)
	config.StorageHost = strings.TrimPrefix(bucket.URL, "http://")
	clients := gcp.NewClients(config)
	t.Cleanup(func() { _ = clients.Close() })
	h, err := outputs.New(t.Context(), access.Config{Audience: suite.Audience, Config: auditConfig},
		function.Deps{Clients: clients, Now: f.Cloud.Clock.Now, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	var function http.Handler = h
	if wrap != nil {
		function = wrap(h)
	}
	server := httptest.NewUnstartedServer(function)
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	server.Start()
	t.Cleanup(server.Close)
	return server.URL
}

// get requests an output from the function at base. The caller reads the body.
func (f fixture) get(t testing.TB, base, output string) *http.Response {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, base+f.path(output), nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+f.Token(t, "viewer"))
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = response.Body.Close() })
	return response
}

// failAfter lets n bytes of the bucket's first response with part 1 through, and rejects
// every other request.
func failAfter(n int64) bucketFault {
	var requests atomic.Int64
	return bucketFault{
		before: func(w http.ResponseWriter, r *http.Request) bool {
			if strings.HasSuffix(r.URL.Path, "/00001") && requests.Add(1) == 1 {
				return false
			}
			http.Error(w, "<Error><Code>AccessDenied</Code></Error>", http.StatusForbidden)
			return true
		},
		after: func(r *http.Response) error {
			r.Body = struct {
				io.Reader
				io.Closer
			}{io.LimitReader(r.Body, n), r.Body}
			return nil
		},
	}
}

// framework writes a text after a panic, as the functions framework does in
// production.
func framework(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			if recover() != nil {
				w.WriteHeader(http.StatusInternalServerError)
				_, _ = io.WriteString(w, "A panic occurred during user function execution.  Please see logs for more details.")
			}
		}()
		next.ServeHTTP(w, r)
	})
}

func TestResponseBreaksWhenTheBucketFailsMidway(t *testing.T) {
	t.Parallel()
	whole := fill(1 << 20)
	f := newFixture(t)
	f.put(t, counted("stdout.log", 1, whole[:600_000]), counted("stdout.log", 2, whole[600_000:]))
	for name, c := range map[string]struct {
		bytes int64
		wrap  func(http.Handler) http.Handler
	}{
		"within a part":                       {300_000, nil},
		"between two parts":                   {600_000, nil},
		"near the end, in the framework":      {600_000 - 20, framework},
		"between two parts, in the framework": {600_000, framework},
		"near the start, in the framework":    {33_000, framework},
		"within a buffer, in the framework":   {100_000, framework},
		"after exactly one buffer":            {256 << 10, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			response := f.get(t, f.serve(t, failAfter(c.bytes), c.wrap), "stdout.log")
			got, err := io.ReadAll(response.Body)
			if err == nil {
				t.Fatalf("the response ends cleanly after %d bytes of %d", len(got), response.ContentLength)
			}
			if !bytes.HasPrefix(whole, got) {
				t.Errorf("the body differs from the stored output: …%q", got[max(0, len(got)-100):])
			}
		})
	}
}

func TestBucketErrorBecomesAProblem(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.put(t, uncounted("stdout.log", 1, fill(1000)))
	for name, c := range map[string]struct {
		status int
		body   string
		want   int
	}{
		"the object is gone": {http.StatusNotFound, "<Error><Code>NoSuchKey</Code></Error>", http.StatusGone},
		"the object is gone, and the account may not list": {http.StatusForbidden, "<Error><Code>AccessDenied</Code><Details>a does not have storage.objects.list access</Details></Error>", http.StatusGone},
		"the account has no access":                        {http.StatusForbidden, "<Error><Code>AccessDenied</Code><Details>hidden-detail</Details></Error>", http.StatusInternalServerError},
		"the key is disabled":                              {http.StatusForbidden, "<Error><Code>CloudKmsDisabledKey</Code><Details>hidden-detail</Details></Error>", http.StatusForbidden},
		"it is not implemented":                            {http.StatusNotImplemented, "hidden-detail", http.StatusServiceUnavailable},
		"it is always unavailable":                         {http.StatusServiceUnavailable, "hidden-detail", http.StatusServiceUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			base := f.serve(t, bucketFault{before: func(w http.ResponseWriter, _ *http.Request) bool {
				http.Error(w, c.body, c.status)
				return true
			}}, nil)
			response := f.get(t, base, "stdout.log")
			text, err := io.ReadAll(response.Body)
			if err != nil || response.StatusCode != c.want || bytes.Contains(text, []byte("hidden-detail")) {
				t.Errorf("response %d: %s (%v)", response.StatusCode, text, err)
			}
		})
	}
}

// firstWrite calls before when the first byte of a response is about to leave.
type firstWrite struct {
	http.ResponseWriter
	before func()
}

// WriteHeader implements http.ResponseWriter.
func (w firstWrite) WriteHeader(status int) {
	w.before()
	w.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (w firstWrite) Write(b []byte) (int, error) {
	w.before()
	return w.ResponseWriter.Write(b)
}

func TestReadIsAuditedBeforeAByteLeaves(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.put(t, uncounted("stdout.log", 1, fill(1000)))
	var before []auditlog.Entry
	base := f.serve(t, bucketFault{}, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			audited := sync.OnceFunc(func() { before = f.audited(t, auditlog.ReadOutput, auditlog.EndReadOutput) })
			next.ServeHTTP(firstWrite{w, audited}, r)
		})
	})
	if _, err := io.ReadAll(f.get(t, base, "stdout.log").Body); err != nil {
		t.Fatal(err)
	}
	if len(before) != 1 || before[0].Action != auditlog.ReadOutput || before[0].Outcome != auditlog.Allowed ||
		before[0].Resource != "runs/"+f.run+"/outputs/stdout.log" || before[0].Actor.Role != "viewer" {
		t.Fatalf("audit log before the first byte: %+v", before)
	}
	after := f.audited(t, auditlog.EndReadOutput)
	if len(after) != 1 || after[0].Of != before[0].ID || after[0].Counts["bytes"] != 1000 {
		t.Fatalf("audit log afterwards: %+v", after)
	}
}

func TestEndOfReadIsAuditedEvenIfTheClientLeft(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.put(t, uncounted("stdout.log", 1, fill(4<<20)))
	gate := make(waitFor)
	openGate := sync.OnceFunc(func() { close(gate) })
	ended := make(chan struct{})
	base := f.serve(t, bucketFault{after: func(r *http.Response) error {
		r.Body = struct {
			io.Reader
			io.Closer
		}{io.MultiReader(io.LimitReader(r.Body, 1<<20), gate), r.Body}
		return nil
	}}, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			defer close(ended)
			next.ServeHTTP(w, r)
		})
	})
	t.Cleanup(openGate) // before the bucket is closed, which waits for its requests
	response := f.get(t, base, "stdout.log")
	if _, err := io.ReadFull(response.Body, make([]byte, 1000)); err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	select {
	case <-ended:
	case <-cloudtest.Context(t).Done():
		t.Fatal("the function did not notice that the client left")
	}
	openGate()
	ends := f.audited(t, auditlog.EndReadOutput)
	if len(ends) != 1 || ends[0].Counts["bytes"] == 0 || ends[0].Counts["bytes"] > 1<<20 {
		t.Fatalf("audit log: %+v", ends)
	}
}

// waitFor is a reader that blocks until the gate is closed, and then fails.
type waitFor chan struct{}

// Read implements io.Reader.
func (w waitFor) Read([]byte) (int, error) {
	<-w
	return 0, errors.New("the connection to the bucket broke")
}
