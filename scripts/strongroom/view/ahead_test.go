package view_test

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/retry"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/view"
)

// rangedOutput is a platform whose responses have 10 bytes at most. A response under a view
// ends only after the next one was requested.
type rangedOutput struct {
	content string
	breaks  int // the first byte of a response that fails once; 0: none

	mu        sync.Mutex
	requested map[int]chan struct{} // closed when the response that begins there is requested
	late      bool                  // a response waited for the next request in vain
}

func (o *rangedOutput) at(first int) chan struct{} {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.requested[first] == nil {
		o.requested[first] = make(chan struct{})
	}
	return o.requested[first]
}

func (o *rangedOutput) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.HasSuffix(r.URL.Path, "/views") {
		fmt.Fprintf(w, `{"view":"token","state":"complete","size":%d}`, len(o.content))
		return
	}
	var first int
	_, _ = fmt.Sscanf(r.Header.Get("Range"), "bytes=%d-", &first)
	select {
	case <-o.at(first):
	default:
		close(o.at(first))
		if first > 0 && first == o.breaks {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
	}
	end := min(first+10, len(o.content))
	w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", first, end-1, len(o.content)))
	w.Header().Set("Strongroom-Output-State", "complete")
	w.WriteHeader(http.StatusPartialContent)
	fmt.Fprint(w, o.content[first:end-1])
	_ = http.NewResponseController(w).Flush()
	if r.Header.Get("Strongroom-View") != "" && end < len(o.content) {
		select {
		case <-o.at(end):
		case <-time.After(30 * time.Second):
			o.mu.Lock()
			o.late = true
			o.mu.Unlock()
		}
	}
	fmt.Fprint(w, o.content[end-1:end])
}

// A response waits for several calls in the cloud. The next one waits for them while the bytes
// of this one are copied.
func TestTheNextRangeIsRequestedWhileOneIsCopied(t *testing.T) {
	t.Parallel()
	for name, breaks := range map[string]int{"all arrive": 0, "one fails, and is requested again": 30} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := &rangedOutput{content: strings.Repeat("0123456789", 5) + "end", breaks: breaks, requested: map[int]chan struct{}{}}
			server := httptest.NewServer(o)
			t.Cleanup(server.Close)
			client, err := api.New(api.Config{URL: server.URL, Workspace: "prod"})
			if err != nil {
				t.Fatal(err)
			}
			var out bytes.Buffer
			r := view.Reader{Client: client, Run: "r", Name: "a.log", Retry: retry.Policy{For: time.Minute, First: time.Millisecond}, Out: &out}
			if err := r.Bytes(t.Context(), api.Span{First: 0, Last: -1}); err != nil {
				t.Fatal(err)
			}
			if out.String() != o.content {
				t.Errorf("printed %q", out.String())
			}
			if o.late {
				t.Error("a range is requested only after the one before it was copied")
			}
		})
	}
}

// lateOutput is a platform whose response under a view begins only after all bytes before it
// were printed, or when the most ranges that r may request ahead were requested.
type lateOutput struct {
	content []byte

	mu      sync.Mutex
	printed int
	waiting map[int]chan struct{} // by first byte; closed when the response may begin
	most    int                   // responses that waited at the same time
}

const lateRange = 10 // bytes of a response

func (o *lateOutput) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.HasSuffix(r.URL.Path, "/views") {
		fmt.Fprintf(w, `{"view":"token","state":"complete","size":%d}`, len(o.content))
		return
	}
	var first int
	_, _ = fmt.Sscanf(r.Header.Get("Range"), "bytes=%d-", &first)
	o.wait(first)
	end := min(first+lateRange, len(o.content))
	w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", first, end-1, len(o.content)))
	w.Header().Set("Strongroom-Output-State", "complete")
	w.WriteHeader(http.StatusPartialContent)
	_, _ = w.Write(o.content[first:end])
}

func (o *lateOutput) wait(first int) {
	o.mu.Lock()
	if o.printed >= first {
		o.mu.Unlock()
		return
	}
	ready := make(chan struct{})
	o.waiting[first] = ready
	o.most = max(o.most, len(o.waiting))
	o.mu.Unlock()
	<-ready
}

// Write implements io.Writer for what is printed.
func (o *lateOutput) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.printed += len(p)
	for first, ready := range o.waiting {
		if first <= o.printed {
			close(ready)
			delete(o.waiting, first)
		}
	}
	return len(p), nil
}

// Each response that has not begun when it is needed makes the reader request one more ahead,
// up to eight.
func TestMoreRangesAreRequestedAheadIfTheyBeginLate(t *testing.T) {
	t.Parallel()
	o := &lateOutput{content: make([]byte, 60*lateRange), waiting: map[int]chan struct{}{}}
	server := httptest.NewServer(o)
	t.Cleanup(server.Close)
	client, err := api.New(api.Config{URL: server.URL, Workspace: "prod"})
	if err != nil {
		t.Fatal(err)
	}
	r := view.Reader{Client: client, Run: "r", Name: "a.log", Retry: retry.Policy{For: time.Minute, First: time.Millisecond}, Out: o}
	if err := r.Bytes(t.Context(), api.Span{First: 0, Last: -1}); err != nil {
		t.Fatal(err)
	}
	if o.printed != len(o.content) {
		t.Errorf("printed %d bytes of %d", o.printed, len(o.content))
	}
	if o.most < 4 || o.most > 8 {
		t.Errorf("%d ranges were requested ahead, not up to 8", o.most)
	}
}
