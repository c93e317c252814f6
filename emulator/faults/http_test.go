package faults_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/strongroom-dev/strongroom/emulator/faults"
)

// httpServer counts requests and answers with text.
func httpServer(t *testing.T, contentType, text string) (url string, requests *atomic.Int64) {
	t.Helper()
	requests = &atomic.Int64{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		requests.Add(1)
		w.Header().Set("Content-Type", contentType)
		_, _ = io.WriteString(w, text)
	}))
	t.Cleanup(server.Close)
	return server.URL, requests
}

func httpProxy(t *testing.T, config faults.HTTPConfig, servers ...string) *faults.HTTPProxy {
	t.Helper()
	p, err := faults.NewHTTP(config, servers...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Close() })
	return p
}

// send returns the status and the text that arrived, also if the connection broke.
func send(t *testing.T, method, url string) (status int, text string, err error) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}} // so that net/http itself does not retry
	res, err := client.Do(r)
	if err != nil {
		return 0, "", err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	return res.StatusCode, string(body), err
}

func TestHTTPFaults(t *testing.T) {
	t.Parallel()
	const text = "0123456789"
	for name, c := range map[string]struct {
		fault    faults.Fault
		method   string
		arrives  bool // at the server
		status   int  // that the client sees
		received string
		broken   bool // the connection
	}{
		"no fault":              {fault: faults.None, method: "GET", arrives: true, status: 200, received: text},
		"a lost request":        {fault: faults.Lost, method: "GET", broken: true},
		"a reply cut in half":   {fault: faults.ReplyLost, method: "GET", arrives: true, status: 200, received: text[:5], broken: true},
		"a lost reply":          {fault: faults.ReplyLost, method: "POST", arrives: true, broken: true},
		"an unavailable proxy":  {fault: faults.Unavailable, method: "GET", status: 503, received: "unavailable\n"},
		"a failed precondition": {fault: faults.PreconditionFailed, method: "POST", status: 412, received: "precondition failed\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server, requests := httpServer(t, "text/plain", text)
			p := httpProxy(t, faults.HTTPConfig{Fault: func(*http.Request) faults.Fault { return c.fault }}, server)
			status, received, err := send(t, c.method, p.URL(server))
			if status != c.status || received != c.received || (err != nil) != c.broken || (requests.Load() == 1) != c.arrives {
				t.Errorf("status %d, %q, %d requests, %v", status, received, requests.Load(), err)
			}
		})
	}
}

func TestHTTPProxyReplacesURLsOfItsServers(t *testing.T) {
	t.Parallel()
	second, requests := httpServer(t, "text/plain", "second")
	first, _ := httpServer(t, "application/json", fmt.Sprintf(`{"url":"%s/x?y=z","other":"http://example.com/"}`, second))
	p := httpProxy(t, faults.HTTPConfig{Edit: func(res *http.Response) error {
		res.Header.Set("Edited", "yes")
		return nil
	}}, first, second)
	_, text, err := send(t, "GET", p.URL(first))
	want := fmt.Sprintf(`{"url":"%s/x?y=z","other":"http://example.com/"}`, p.URL(second))
	if text != want || err != nil {
		t.Errorf("%s, want %s: %v", text, want, err)
	}
	if _, text, _ := send(t, "GET", p.URL(second)); text != "second" || requests.Load() != 1 {
		t.Errorf("%s after %d requests", text, requests.Load())
	}
	res, err := http.Get(p.URL(second))
	if err != nil || res.Header.Get("Edited") != "yes" {
		t.Errorf("the response is not edited: %v", err)
	}
	if res != nil {
		_ = res.Body.Close()
	}
}

func TestHTTPProxyNeedsURLs(t *testing.T) {
	t.Parallel()
	if _, err := faults.NewHTTP(faults.HTTPConfig{}, "127.0.0.1:1"); err == nil || !strings.Contains(err.Error(), "not a URL") {
		t.Errorf("error is %v", err)
	}
}
