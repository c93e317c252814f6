package main

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// request is one HTTP request to a function.
type request struct {
	method, path, token string
	body                []byte
	header              []string // names and values in turn
	redelivered         bool     // it is a message, which Pub/Sub delivers again after any failure
	conflicts           bool     // a 409 is right, too: one of the requests has changed what the others name
}

// response is the response to a request. The zero response means that none arrived.
type response struct {
	status     int
	retryAfter string
	text       string // the first bytes of the body, or why there is no response
}

// failed reports whether the response is not a success.
func (r response) failed() bool { return r.status/100 != 2 }

// again reports whether the response asks for the request to be sent again.
func (r response) again(to request) bool {
	switch r.status {
	case http.StatusRequestTimeout: // the machine is so slow that the body did not arrive in time
		return true
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		return r.retryAfter != "" || to.redelivered
	}
	return to.redelivered && r.status/100 == 5
}

// wait returns how long the response asks to wait; a second if it does not say.
func (r response) wait() time.Duration {
	seconds, err := strconv.Atoi(r.retryAfter)
	if err != nil {
		seconds = 1
	}
	return time.Duration(seconds) * time.Second
}

// sent describes the responses to all requests. It is safe for concurrent use.
type sent struct {
	mu     sync.Mutex
	atOnce int  // requests that succeeded at the first attempt
	wrong  bool // a request never succeeded
	counts map[response]int
}

// String lists the different responses, the most frequent last.
func (s *sent) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var lines []string
	frequent := func(a, b response) int { return cmp.Compare(s.counts[a], s.counts[b]) }
	for _, r := range slices.SortedFunc(maps.Keys(s.counts), frequent) {
		lines = append(lines, fmt.Sprintf("%d of status %d, Retry-After %q: %s", s.counts[r], r.status, r.retryAfter, r.text))
	}
	return strings.Join(lines, "\n")
}

// add counts a response, and reports whether its request must be sent again.
func (s *sent) add(to request, r response) (again bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.counts[r]++
	again = r.again(to)
	s.wrong = s.wrong || r.failed() && !again && !(to.conflicts && r.status == http.StatusConflict)
	return again
}

// maxStalled is how many rounds in a row may pass in which no request succeeds.
const maxStalled = 10

// sendAll sends all requests at once. As a client does, it sends those again whose
// responses ask for it. After a round in which none succeeded, it waits as long as
// the responses ask.
func sendAll(t *testing.T, p *process, next func(n int) request) *sent {
	t.Helper()
	all := &sent{counts: map[response]int{}}
	var left []request
	for n := range concurrentRequests {
		left = append(left, next(n))
	}
	for round, stalled := 0, 0; len(left) > 0 && !all.wrong; round++ {
		again, wait := all.round(t, p, left)
		if round == 0 {
			all.atOnce = len(left) - len(again)
		}
		if stalled++; len(again) < len(left) {
			stalled = 0
		}
		if stalled == maxStalled {
			all.wrong = true
		} else if stalled > 0 {
			<-time.After(wait)
		}
		left = again
	}
	return all
}

// round sends requests at once, and returns those to send again and how long their
// responses ask to wait.
func (s *sent) round(t *testing.T, p *process, left []request) (again []request, wait time.Duration) {
	t.Helper()
	var mu sync.Mutex
	var work sync.WaitGroup
	for _, r := range left {
		work.Go(func() {
			response := r.send(t, p)
			if !s.add(r, response) {
				return
			}
			mu.Lock()
			defer mu.Unlock()
			again, wait = append(again, r), max(wait, response.wait())
		})
	}
	work.Wait()
	return again, wait
}

// send sends the request and reads the whole response.
func (r request) send(t *testing.T, p *process) response {
	sent, err := http.NewRequestWithContext(t.Context(), r.method, p.url+r.path, bytes.NewReader(r.body))
	if err != nil {
		return response{text: err.Error()}
	}
	sent.Header.Set("Content-Type", "application/json")
	if r.token != "" {
		sent.Header.Set("Authorization", "Bearer "+r.token)
	}
	for i := 0; i+1 < len(r.header); i += 2 {
		sent.Header.Set(r.header[i], r.header[i+1])
	}
	got, err := http.DefaultClient.Do(sent)
	if err != nil {
		return response{text: err.Error()}
	}
	defer got.Body.Close()
	answered := response{status: got.StatusCode, retryAfter: got.Header.Get("Retry-After")}
	first, err := io.ReadAll(io.LimitReader(got.Body, 500))
	if err == nil {
		_, err = io.Copy(io.Discard, got.Body)
	}
	switch {
	case err != nil:
		return response{text: "the response is cut: " + err.Error()}
	case answered.failed():
		answered.text = strings.TrimSpace(string(first))
	}
	return answered
}
