package api

import (
	"fmt"
	"net/http"
	"strings"
	"time"
)

// Exchange is one request and its response, without anything confidential.
type Exchange struct {
	Method   string
	Path     string        // without the query; of the bucket: only its host
	Status   int           // 0: no response came
	Duration time.Duration // until the response's header
	Trace    string        // ID of the request in the platform's log; empty: unknown
	Entry    string        // ID of the audit entry; empty: unknown
}

// String returns the exchange as one line.
func (e Exchange) String() string {
	status := "no response"
	if e.Status != 0 {
		status = fmt.Sprint(e.Status)
	}
	line := fmt.Sprintf("%s %s %s in %s", e.Method, printable(e.Path), status, e.Duration.Round(time.Millisecond))
	if e.Trace != "" {
		line += ", trace " + printable(e.Trace)
	}
	if e.Entry != "" {
		line += ", audit entry " + printable(e.Entry)
	}
	return line
}

// tracer passes each exchange to a function. The platform's paths have IDs, names and codes
// only; those of a bucket name a tenant's objects, and its queries are signed.
type tracer struct {
	next     http.RoundTripper
	platform string // host
	trace    func(Exchange)
}

// RoundTrip implements http.RoundTripper.
func (t tracer) RoundTrip(r *http.Request) (*http.Response, error) {
	sent := time.Now()
	res, err := t.next.RoundTrip(r)
	e := Exchange{Method: r.Method, Path: r.URL.EscapedPath(), Duration: time.Since(sent)}
	if r.URL.Host != t.platform {
		e.Path = r.URL.Scheme + "://" + r.URL.Host + "/…"
	}
	if res != nil {
		e.Status, e.Entry = res.StatusCode, res.Header.Get(receiptHeader)
		e.Trace, _, _ = strings.Cut(res.Header.Get("X-Cloud-Trace-Context"), "/") // cloud.google.com/trace/docs/trace-context
	}
	t.trace(e)
	return res, err
}
