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
	"sync/atomic"
	"testing"

	"github.com/strongroom-dev/strongroom/emulator/suite"
	"github.com/strongroom-dev/strongroom/functions/outputs"
	"github.com/strongroom-dev/strongroom/shared/access"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/function"
	"github.com/strongroom-dev/strongroom/shared/gcp"
)

// bucketFault stands between the function and the bucket. It may answer a
// request itself, or change the answer.
type bucketFault struct {
	before func(w http.ResponseWriter, r *http.Request) (answered bool)
	after  func(*http.Response) error
}

// serve runs the function, as its own account, behind a bucket with a fault.
// wrap may put something around the function.
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

// get asks the function at base for an output; the body is still to be read.
func (f fixture) get(t testing.TB, base, output string) *http.Response {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, base+f.path(output), nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+f.Token(t, "viewer"))
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = answer.Body.Close() })
	return answer
}

// breaks gives n bytes of the first answer of the bucket, and then refuses all.
func breaks(n int64) bucketFault {
	var asked atomic.Int64
	return bucketFault{
		before: func(w http.ResponseWriter, _ *http.Request) bool {
			if asked.Add(1) == 1 {
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

// framework answers a panic as the functions framework does in production:
// with a text of its own.
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

func TestViewBreaksWhenTheBucketFailsMidway(t *testing.T) {
	t.Parallel()
	whole := fill(1 << 20)
	f := newFixture(t)
	f.put(t, part{"stdout.log", 1, whole[:600_000], false}, part{"stdout.log", 2, whole[600_000:], false})
	for name, c := range map[string]struct {
		give int64
		wrap func(http.Handler) http.Handler
	}{
		"within a part":                         {300_000, nil},
		"between two parts":                     {600_000, nil},
		"near the end, below the framework":     {600_000 - 20, framework},
		"between two parts, below a framework":  {600_000, framework},
		"near the start, below the framework":   {33_000, framework},
		"within a buffer, below the framework":  {100_000, framework},
		"behind a buffer, with nothing between": {256 << 10, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			answer := f.get(t, f.serve(t, breaks(c.give), c.wrap), "stdout.log")
			got, err := io.ReadAll(answer.Body)
			if err == nil {
				t.Fatalf("the answer ends cleanly after %d bytes of %d", len(got), answer.ContentLength)
			}
			if !bytes.HasPrefix(whole, got) {
				t.Errorf("what came is not what was stored: …%q", got[max(0, len(got)-100):])
			}
		})
	}
}

func TestBucketThatGivesNothingIsAnAnswer(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.put(t, part{"stdout.log", 1, fill(1000), true})
	for name, c := range map[string]struct {
		status int
		body   string
		want   int
	}{
		"it forgot the object":        {http.StatusNotFound, "<Error><Code>NoSuchKey</Code></Error>", http.StatusGone},
		"it refuses the account":      {http.StatusForbidden, "<Error><Code>AccessDenied</Code><Details>internal</Details></Error>", http.StatusInternalServerError},
		"its key is off":              {http.StatusForbidden, "<Error><Code>CloudKmsDisabledKey</Code><Details>internal</Details></Error>", http.StatusForbidden},
		"it does not work at all":     {http.StatusNotImplemented, "internal", http.StatusServiceUnavailable},
		"it is never ready to answer": {http.StatusServiceUnavailable, "internal", http.StatusServiceUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			base := f.serve(t, bucketFault{before: func(w http.ResponseWriter, _ *http.Request) bool {
				http.Error(w, c.body, c.status)
				return true
			}}, nil)
			answer := f.get(t, base, "stdout.log")
			text, err := io.ReadAll(answer.Body)
			if err != nil || answer.StatusCode != c.want || bytes.Contains(text, []byte("internal")) {
				t.Errorf("answer %d: %s (%v)", answer.StatusCode, text, err)
			}
		})
	}
}

func TestReadIsOnRecordBeforeTheBucketIsAsked(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.put(t, part{"stdout.log", 1, fill(1000), true})
	var before []auditlog.Entry
	base := f.serve(t, bucketFault{before: func(http.ResponseWriter, *http.Request) bool {
		before = f.audited(t, auditlog.ReadOutput, auditlog.EndReadOutput)
		return false
	}}, nil)
	if _, err := io.ReadAll(f.get(t, base, "stdout.log").Body); err != nil {
		t.Fatal(err)
	}
	if len(before) != 1 || before[0].Action != auditlog.ReadOutput || before[0].Outcome != auditlog.Allowed ||
		before[0].Resource != "runs/"+f.run+"/outputs/stdout.log" || before[0].Actor.Role != "viewer" {
		t.Fatalf("on record when the bucket was asked: %+v", before)
	}
	after := f.audited(t, auditlog.EndReadOutput)
	if len(after) != 1 || after[0].Of != before[0].ID || after[0].Counts["bytes"] != 1000 {
		t.Fatalf("on record afterwards: %+v", after)
	}
}

func TestEndIsOnRecordThoughTheClientLeft(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.put(t, part{"stdout.log", 1, fill(4 << 20), true})
	gate := make(chan struct{})
	ended := make(chan struct{})
	base := f.serve(t, bucketFault{after: func(r *http.Response) error {
		r.Body = struct {
			io.Reader
			io.Closer
		}{io.MultiReader(io.LimitReader(r.Body, 1<<20), waitFor(gate)), r.Body}
		return nil
	}}, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			defer close(ended)
			next.ServeHTTP(w, r)
		})
	})
	answer := f.get(t, base, "stdout.log")
	if _, err := io.ReadFull(answer.Body, make([]byte, 1000)); err != nil {
		t.Fatal(err)
	}
	_ = answer.Body.Close()
	<-ended
	close(gate)
	ends := f.audited(t, auditlog.EndReadOutput)
	if len(ends) != 1 || ends[0].Counts["bytes"] == 0 || ends[0].Counts["bytes"] > 1<<20 {
		t.Fatalf("on record: %+v", ends)
	}
}

// waitFor is a reader that ends when gate is closed, and not before.
type waitFor chan struct{}

// Read implements io.Reader.
func (w waitFor) Read([]byte) (int, error) {
	<-w
	return 0, errors.New("the bucket's connection broke")
}
