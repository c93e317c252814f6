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
