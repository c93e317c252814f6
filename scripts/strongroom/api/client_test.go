package api_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/retry"
	"github.com/strongroom-dev/strongroom/shared/secret"
)

const canary = "canary-2b7d"

func newClient(t *testing.T, url string) *api.Client {
	t.Helper()
	client, err := api.New(api.Config{URL: url, Workspace: "prod", Token: func() (secret.String, error) { return secret.New(canary), nil }})
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// newServer returns the same response to every request.
func newServer(t *testing.T, status int, body string, header ...string) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}))
	t.Cleanup(server.Close)
	return server
}

func TestResponsesArePermanentOrTransient(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		status int
		after  string
		want   time.Duration // -1: permanent
	}{
		"bad request":            {400, "", -1},
		"not found":              {404, "", -1},
		"a redirect":             {307, "", -1},
		"request timeout":        {408, "", 0},
		"too many requests":      {429, "7", 7 * time.Second},
		"unavailable":            {503, "nonsense", 0},
		"unavailable for a year": {503, "31536000", 10 * time.Minute},
		"a date that has passed": {503, "Mon, 02 Jan 2006 15:04:05 GMT", 0},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := newServer(t, c.status, `{"title":"No","detail":"because"}`, "Retry-After", c.after, "Location", "http://192.0.2.1/")
			_, err := newClient(t, server.URL).Start(t.Context(), "r", api.Start{})
			var again *retry.Transient
			got := time.Duration(-1)
			if errors.As(err, &again) {
				got = again.After
			}
			if got != c.want || !strings.Contains(err.Error(), fmt.Sprintf("record the run's start: %d No: because", c.status)) {
				t.Errorf("after %s: %v", got, err)
			}
		})
	}
}

func TestAProblemCannotControlATerminal(t *testing.T) {
	t.Parallel()
	server := newServer(t, 400, `{"title":"a\u001b[31m","errors":[{"location":"body.task","message":"too\nlong"}]}`)
	_, err := newClient(t, server.URL).Start(t.Context(), "r", api.Start{})
	if want := "record the run's start: 400 a [31m; body.task: too long"; err == nil || err.Error() != want {
		t.Errorf("error is %q", err)
	}
}

// TestLaw8NoSecretInAnError causes errors in which net/http quotes a URL.
func TestLaw8NoSecretInAnError(t *testing.T) {
	t.Parallel()
	closed := newServer(t, 200, "")
	closed.Close()
	live := newServer(t, 403, "<Error><Code>SignatureDoesNotMatch</Code><StringToSign>"+canary+"</StringToSign></Error>")
	odd := newServer(t, 403, "<Error><Code>"+canary+"</Code></Error>")
	for name, url := range map[string]string{
		"a bucket that is gone":         closed.URL + "/b/o?X-Goog-Signature=" + canary,
		"a bucket that quotes":          live.URL + "/b/o?X-Goog-Signature=" + canary,
		"a bucket that quotes as code":  odd.URL + "/b/o?X-Goog-Signature=" + canary,
		"a URL that cannot be parsed":   "http://127.0.0.1:port/?X-Goog-Signature=" + canary,
		"a URL with a control sign":     "http://127.0.0.1/\x7f?X-Goog-Signature=" + canary,
		"a host that cannot be":         "http://[::1%zone/" + canary,
		"plain http to another machine": "http://192.0.2.1/?X-Goog-Signature=" + canary,
		"another scheme":                "ftp://127.0.0.1/?X-Goog-Signature=" + canary,
	} {
		target := api.Target{Output: "o", Number: 1, Method: "PUT", URL: secret.New(url), Expires: time.Now().Add(time.Hour)}
		err := newClient(t, live.URL).Put(t.Context(), target, strings.NewReader("x"), 1, 0)
		if err == nil || strings.Contains(err.Error(), canary) {
			t.Errorf("%s: error is %v", name, err)
		}
	}
}

func TestPutVerifiesTheStoredChecksum(t *testing.T) {
	t.Parallel()
	const ours = api.Checksum(0x01020304)
	cases := map[string]struct {
		header string
		check  func(error) bool
	}{
		"the same":           {"crc32c=" + ours.String(), func(err error) bool { return err == nil }},
		"the same in a list": {"md5=xyz, crc32c=" + ours.String(), func(err error) bool { return err == nil }},
		"other bytes":        {"crc32c=AAAAAA==", func(err error) bool { return err != nil && strings.Contains(err.Error(), "differs from the part's") }},
		"nothing":            {"", func(err error) bool { return errors.Is(err, api.ErrUnverified) }},
	}
	for name, c := range cases {
		server := newServer(t, 200, "", "X-Goog-Hash", c.header)
		target := api.Target{Output: "o", Number: 1, Method: "PUT", URL: secret.New(server.URL + "/b/o")}
		if err := newClient(t, server.URL).Put(t.Context(), target, strings.NewReader("x"), 1, ours); !c.check(err) {
			t.Errorf("%s: error is %v", name, err)
		}
	}
}

func TestARejectionAfterExpiryIsExpiry(t *testing.T) {
	t.Parallel()
	server := newServer(t, 403, "<Error><Code>AccessDenied</Code></Error>")
	target := api.Target{Method: "PUT", URL: secret.New(server.URL + "/b/o"), Expires: time.Now().Add(-time.Second)}
	if err := newClient(t, server.URL).Put(t.Context(), target, strings.NewReader("x"), 1, 0); !errors.Is(err, api.ErrExpired) {
		t.Errorf("error is %v", err)
	}
}

func TestARequestWithARotatedTokenIsRetried(t *testing.T) {
	t.Parallel()
	server := newServer(t, 401, "{}")
	tokens := 0
	client, err := api.New(api.Config{URL: server.URL, Workspace: "prod", Token: func() (secret.String, error) {
		tokens++
		return secret.New(fmt.Sprint("token", tokens)), nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	var again *retry.Transient
	if _, err := client.Start(t.Context(), "r", api.Start{}); !errors.As(err, &again) {
		t.Errorf("error is %v", err)
	}
	if _, err := newClient(t, server.URL).Start(t.Context(), "r", api.Start{}); errors.As(err, &again) {
		t.Errorf("a request with the same token is retried: %v", err)
	}
}

func TestACanceledContextIsNotTransient(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancelCause(t.Context())
	stopped := errors.New("stopped")
	cancel(stopped)
	server := newServer(t, 200, "{}")
	if _, err := newClient(t, server.URL).Start(ctx, "r", api.Start{}); !errors.Is(err, stopped) {
		t.Errorf("error is %v", err)
	}
}

func TestInvalidURLsAreRejected(t *testing.T) {
	t.Parallel()
	for _, url := range []string{"", "strongroom.example.com", "http://example.com", "ftp://127.0.0.1", "https://u:p@example.com", "https://example.com?x=y", "https://"} {
		if _, err := api.New(api.Config{URL: url}); err == nil {
			t.Errorf("%q was accepted", url)
		}
	}
	for _, url := range []string{"https://example.com", "http://localhost:8080", "http://[::1]:1", "http://127.0.0.1:8080/"} {
		if _, err := api.New(api.Config{URL: url}); err != nil {
			t.Errorf("%q was rejected: %v", url, err)
		}
	}
}
