package api

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptrace"
	"sync"
	"time"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/retry"
)

// patience is how long a request may wait in silence, for a connection or for an
// answer.
const patience = 1500 * time.Millisecond

// waiting reports a request that waits. Sending a large body over a slow connection is
// not waiting.
type waiting struct {
	ctx  context.Context
	what string // what is attempted
	host string

	mu        sync.Mutex
	timer     *time.Timer
	connected bool
	ended     bool
}

// watchWaiting returns the request with a watch on it. The caller calls end when the
// request has ended.
func watchWaiting(req *http.Request, what string) (*http.Request, *waiting) {
	w := &waiting{ctx: req.Context(), what: what, host: req.URL.Host}
	w.timer = time.AfterFunc(patience, w.report)
	trace := &httptrace.ClientTrace{
		GotConn:      func(httptrace.GotConnInfo) { w.set(true, false) },
		WroteRequest: func(httptrace.WroteRequestInfo) { w.set(true, true) },
	}
	return req.WithContext(httptrace.WithClientTrace(w.ctx, trace)), w
}

// set records the progress of the request, and restarts the timer or stops it.
func (w *waiting) set(connected, sent bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.connected = connected
	w.timer.Stop()
	if sent && !w.ended {
		w.timer.Reset(patience)
	}
}

// report runs while the request waits, so its caller does not run.
func (w *waiting) report() {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case w.ended:
	case w.connected:
		retry.Report(w.ctx, fmt.Errorf("%s: %s has not answered yet", w.what, w.host))
	default:
		retry.Report(w.ctx, fmt.Errorf("%s: no connection to %s yet", w.what, w.host))
	}
}

func (w *waiting) end() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ended = true
	w.timer.Stop()
}
