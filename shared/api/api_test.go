package api_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/strongroom-dev/strongroom/shared/api"
)

const canary = "canary-7f3a"

type request struct {
	Name string `path:"assistant"`
	Body struct {
		Text string   `json:"text" maxLength:"8"`
		List []string `json:"list,omitempty" minItems:"1" maxItems:"9"`
	}
}

type response struct {
	Body struct {
		Text string `json:"text"`
	}
}

// faults are what a handler can end with, by the name it is asked for.
var faults = map[string]func() error{
	"refused": func() error { return api.Refuse(http.StatusConflict, "it is there already").With("Retry-After", "9") },
	"wrapped": func() error {
		return fmt.Errorf("store %s: %w", canary, api.Refuse(http.StatusConflict, "it is there already"))
	},
	"internal":    func() error { return errors.New("dial " + canary) },
	"unavailable": func() error { return fmt.Errorf("read: %w", status.Error(codes.Unavailable, canary)) },
	"late":        func() error { return fmt.Errorf("read: %w", context.DeadlineExceeded) },
	"denied":      func() error { return status.Error(codes.PermissionDenied, canary) },
	"panic":       func() error { panic("index " + canary) },
	"abort":       func() error { panic(http.ErrAbortHandler) },
}

// lines is a log that may be read while it is written.
type lines struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func serve(t *testing.T) (url string, log *lines) {
	t.Helper()
	log = &lines{}
	a := api.New("test", time.Now, api.NewLogger(log))
	op := huma.Operation{OperationID: "put", Method: http.MethodPut, Path: "/v1/things/{assistant}"}
	api.Register(a, op, func(_ context.Context, in *request) (*response, error) {
		if fault := faults[in.Name]; fault != nil {
			return nil, fault()
		}
		out := &response{}
		out.Body.Text = in.Body.Text
		return out, nil
	})
	get := huma.Operation{OperationID: "get", Method: http.MethodGet, Path: "/v1/things/{assistant}"}
	api.Register(a, get, func(_ context.Context, _ *struct {
		Name string `path:"assistant"`
	}) (*huma.StreamResponse, error) {
		return &huma.StreamResponse{Body: func(hc huma.Context) {
			_, _ = io.WriteString(hc.BodyWriter(), strings.Repeat("sent ", 1000))
			panic(canary)
		}}, nil
	})
	server := httptest.NewServer(a.Handler())
	t.Cleanup(server.Close)
	return server.URL, log
}

func send(t *testing.T, method, url, body string, header ...string) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer, string(text)
}

func TestErrorsAreProblemsOfFixedText(t *testing.T) {
	t.Parallel()
	url, log := serve(t)
	for name, want := range map[string]struct {
		status int
		detail string
		retry  string
	}{
		"refused":     {409, "it is there already", "9"},
		"wrapped":     {409, "it is there already", ""},
		"internal":    {500, "internal error", ""},
		"unavailable": {503, "a required service is not responding", "1"},
		"late":        {503, "a required service is not responding", "1"},
		"denied":      {500, "internal error", ""},
		"panic":       {500, "internal error", ""},
	} {
		t.Run(name, func(t *testing.T) {
			r, text := send(t, http.MethodPut, url+"/v1/things/"+name, `{"text":"a"}`)
			var p struct {
				Title, Detail string
				Status        int
			}
			if err := json.Unmarshal([]byte(text), &p); err != nil {
				t.Fatal(err)
			}
			if r.StatusCode != want.status || p.Status != want.status || p.Title != http.StatusText(want.status) || !strings.Contains(p.Detail, want.detail) {
				t.Errorf("got %d %s", r.StatusCode, text)
			}
			if r.Header.Get("Content-Type") != "application/problem+json" || r.Header.Get("Retry-After") != want.retry {
				t.Errorf("header %v", r.Header)
			}
			if strings.Contains(text, canary) {
				t.Errorf("the answer shows the cause: %s", text)
			}
		})
	}
	if !strings.Contains(log.String(), "dial "+canary) || strings.Contains(log.String(), "index "+canary) {
		t.Errorf("the log must have causes, and no text of a panic: %s", log)
	}
	if !strings.Contains(log.String(), "shared/api_test.init") {
		t.Errorf("the log does not say where it panicked: %s", log)
	}
}

func TestACutResponseDoesNotLookWhole(t *testing.T) {
	t.Parallel()
	url, _ := serve(t)
	for method, path := range map[string]string{http.MethodGet: "/v1/things/a", http.MethodPut: "/v1/things/abort"} {
		r, err := http.NewRequestWithContext(t.Context(), method, url+path, strings.NewReader(`{"text":"a"}`))
		if err != nil {
			t.Fatal(err)
		}
		answer, err := http.DefaultClient.Do(r)
		if err == nil {
			_, err = io.ReadAll(answer.Body)
			_ = answer.Body.Close()
		}
		if err == nil {
			t.Errorf("%s %s ends well", method, path)
		}
	}
}

func TestRequestsAreBounded(t *testing.T) {
	t.Parallel()
	url, _ := serve(t)
	for name, test := range map[string]struct {
		method, path, body string
		header             []string
		status             int
		says               string
	}{
		"a good body":                   {method: "PUT", path: "/v1/things/a", body: `{"text":"a"}`, header: nil, status: 200, says: `"text":"a"`},
		"a body of just 256 KiB":        {method: "PUT", path: "/v1/things/a", body: `{"text":"a"}` + strings.Repeat(" ", api.MaxBodyBytes-12), header: nil, status: 200, says: ""},
		"a byte more":                   {method: "PUT", path: "/v1/things/a", body: `{"text":"a"}` + strings.Repeat(" ", api.MaxBodyBytes-11), header: nil, status: 413, says: "262144 bytes"},
		"10 MB":                         {method: "PUT", path: "/v1/things/a", body: strings.Repeat("a", 10<<20), header: nil, status: 413, says: "262144 bytes"},
		"a text that is too long":       {method: "PUT", path: "/v1/things/a", body: `{"text":"` + canary + `"}`, header: nil, status: 422, says: "body.text"},
		"a text that is null":           {method: "PUT", path: "/v1/things/a", body: `{"text":null}`, header: nil, status: 422, says: "body.text"},
		"another content type":          {method: "PUT", path: "/v1/things/a", body: `{"text":"a"}`, header: []string{"Content-Type", "text/xml"}, status: 415, says: "application/json"},
		"an Accept that nothing meets":  {method: "PUT", path: "/v1/things/a", body: `{"text":"a"}`, header: []string{"Accept", "text/html"}, status: 200, says: ""},
		"a problem in another language": {method: "PUT", path: "/v1/things/a", body: `{`, header: []string{"Accept", "text/html"}, status: 400, says: "invalid JSON at byte"},
		"a path that is not there":      {method: "PUT", path: "/v1/other", body: ``, header: nil, status: 404, says: "path not found"},
		"a path with two slashes":       {method: "PUT", path: "/v1//things/a", body: ``, header: nil, status: 400, says: "segment"},
		"a path with dots":              {method: "PUT", path: "/v1/things/..", body: ``, header: nil, status: 400, says: "segment"},
		"a path with escaped dots":      {method: "PUT", path: "/v1/things/%2e%2e", body: ``, header: nil, status: 400, says: "segment"},
		"the root":                      {method: "GET", path: "/", body: ``, header: nil, status: 404, says: "path not found"},
		"OPTIONS":                       {method: "OPTIONS", path: "/v1/things/a", body: ``, header: nil, status: 405, says: "supports only GET, HEAD, PUT"},
		"DELETE":                        {method: "DELETE", path: "/v1/things/a", body: ``, header: nil, status: 405, says: "supports only GET, HEAD, PUT"},
		"HEAD of no such path":          {method: "HEAD", path: "/v1/other", body: ``, header: nil, status: 404, says: ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, text := send(t, test.method, url+test.path, test.body, test.header...)
			if r.StatusCode != test.status || !strings.Contains(text, test.says) {
				t.Errorf("got %d %s", r.StatusCode, text)
			}
			if r.StatusCode >= 400 && r.Header.Get("Content-Type") != "application/problem+json" {
				t.Errorf("content type %s", r.Header.Get("Content-Type"))
			}
			if (r.StatusCode == 405) != (r.Header.Get("Allow") != "") {
				t.Errorf("Allow is %q", r.Header.Get("Allow"))
			}
			if r.Header.Get("X-Content-Type-Options") != "nosniff" || r.Header.Get("Cache-Control") != "no-store" {
				t.Errorf("header %v", r.Header)
			}
			if strings.Contains(text, canary) {
				t.Errorf("the answer shows the value: %s", text)
			}
		})
	}
}

func TestEachResponseNamesItsLogLine(t *testing.T) {
	t.Parallel()
	url, log := serve(t)
	seen := map[string]bool{}
	for _, path := range []string{"/v1/things/a", "/v1/no-such", "//", "/v1/things/a?q=" + strings.Repeat("x", 64<<10)} {
		r, _ := send(t, http.MethodPut, url+path, `{}`)
		id := r.Header.Get(api.RequestHeader)
		if len(id) < 26 || seen[id] || !strings.Contains(log.String(), `"request":"`+id+`"`) {
			t.Errorf("%.20s has the ID %q, which must be new and in the log: %s", path, id, log)
		}
		seen[id] = true
	}
}

func TestLogHasNoWordOfTheClients(t *testing.T) {
	t.Parallel()
	url, log := serve(t)
	send(t, http.MethodPut, url+"/v1/things/"+canary+"?q="+canary, `{"text":"`+canary+`"}`, "Authorization", "Bearer "+canary,
		"X-Cloud-Trace-Context", "0123456789abcdef0123456789abcdef/1;o=1")
	send(t, http.MethodPut, url+"/v1/"+canary+"?q="+canary, ``, "X-Cloud-Trace-Context", canary, "User-Agent", canary)
	send(t, http.MethodPut, url+"/"+canary+"//", ``)
	send(t, strings.ToUpper(canary), url+"/v1/things/a", ``)
	if strings.Contains(strings.ToLower(log.String()), canary) {
		t.Errorf("the log has it: %s", log)
	}
	var first map[string]any
	line, _, _ := strings.Cut(log.String(), "\n")
	if err := json.Unmarshal([]byte(line), &first); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]any{
		"severity": "INFO", "message": "request", "method": "PUT", "route": "PUT /v1/things/{assistant}", "status": 422.0,
		"logging.googleapis.com/trace": "0123456789abcdef0123456789abcdef", "request": "0123456789abcdef0123456789abcdef",
	} {
		if first[name] != want {
			t.Errorf("%s is %v, want %v", name, first[name], want)
		}
	}
	if got := strings.Count(log.String(), "\n"); got != 4 {
		t.Errorf("%d lines for 4 requests: %s", got, log)
	}
}

func TestLazilyTriesAFailedBuildAgain(t *testing.T) {
	t.Parallel()
	var builds atomic.Int64
	server := httptest.NewServer(api.Lazily(func(context.Context) (http.Handler, error) {
		if builds.Add(1) == 1 {
			return nil, errors.New("the setting STRONGROOM_KEY is missing")
		}
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }), nil
	}, slog.New(slog.DiscardHandler)))
	t.Cleanup(server.Close)
	r, text := send(t, http.MethodGet, server.URL, "")
	if r.StatusCode != http.StatusServiceUnavailable || r.Header.Get("Retry-After") == "" || strings.Contains(text, "STRONGROOM") {
		t.Errorf("a failed build is answered with %d %s", r.StatusCode, text)
	}
	for range 2 {
		if r, text := send(t, http.MethodGet, server.URL, ""); r.StatusCode != http.StatusNoContent {
			t.Errorf("got %d %s", r.StatusCode, text)
		}
	}
	if builds.Load() != 2 {
		t.Errorf("%d builds", builds.Load())
	}
}

func TestEveryResponseHasTheSecurityHeaders(t *testing.T) {
	t.Parallel()
	url, _ := serve(t)
	broken := httptest.NewServer(api.Lazily(func(context.Context) (http.Handler, error) {
		return nil, errors.New("the setting STRONGROOM_KEY is missing")
	}, slog.New(slog.DiscardHandler)))
	t.Cleanup(broken.Close)
	type request struct{ method, url, body string }
	requests := map[string]request{
		"a success":                          {http.MethodPut, url + "/v1/things/a", `{"text":"a"}`},
		"the OpenAPI document":               {http.MethodGet, url + "/openapi.json", ""},
		"an unknown path":                    {http.MethodGet, url + "/nothing", ""},
		"a path with a double slash":         {http.MethodGet, url + "//v1", ""},
		"another method":                     {http.MethodDelete, url + "/v1/things/a", ""},
		"a preflight request":                {http.MethodOptions, url + "/v1/things/a", ""},
		"a query that is too long":           {http.MethodPut, url + "/v1/things/a?" + strings.Repeat("a", 40<<10), `{"text":"a"}`},
		"a body that is not JSON":            {http.MethodPut, url + "/v1/things/a", "{"},
		"a body with an unknown field":       {http.MethodPut, url + "/v1/things/a", `{"text":"a","b":1}`},
		"a function that cannot be built":    {http.MethodGet, broken.URL + "/v1/things/a", ""},
		"an upload to one that is not built": {http.MethodPut, broken.URL + "/v1/things/a", `{"text":"a"}`},
	}
	for name := range faults {
		if name == "abort" { // it has no response
			continue
		}
		requests["the fault "+name] = request{http.MethodPut, url + "/v1/things/" + name, `{"text":"a"}`}
	}
	for name, r := range requests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			answer, _ := send(t, r.method, r.url, r.body, "Content-Type", "application/json")
			for header, want := range map[string]string{
				"Strict-Transport-Security": "max-age=63072000; includeSubDomains", "X-Content-Type-Options": "nosniff", "Cache-Control": "no-store",
			} {
				if got := answer.Header.Get(header); got != want {
					t.Errorf("status %d: %s is %q, want %q", answer.StatusCode, header, got, want)
				}
			}
		})
	}
}

// A client that sends a head and nothing more must not hold a connection of a function
// that cannot be built.
func TestAFailedBuildDoesNotWaitForTheBody(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(api.Lazily(func(context.Context) (http.Handler, error) {
		return nil, errors.New("the setting STRONGROOM_KEY is missing")
	}, slog.New(slog.DiscardHandler)))
	t.Cleanup(server.Close)
	r, err := http.ReadResponse(bufio.NewReader(dial(t, server, "Content-Length: 1000\r\n\r\n")), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	if r.StatusCode != http.StatusServiceUnavailable || !r.Close {
		t.Errorf("status %d, close %v", r.StatusCode, r.Close)
	}
}
