package view_test

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/retry"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/view"
)

// growingOutput is a platform whose output a.log gets another line with each second look.
type growingOutput struct {
	mu       sync.Mutex
	lines    []string // to be added
	stored   string
	looks    int
	requests []string
}

func (o *growingOutput) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	o.mu.Lock()
	defer o.mu.Unlock()
	_, end, _ := strings.Cut(r.URL.Path, "/outputs")
	o.requests = append(o.requests, strings.TrimSpace(r.Method+" "+end))
	state := func() string {
		if len(o.lines) == 0 {
			return "complete"
		}
		return "open"
	}
	switch {
	case end == "" && len(o.requests) == 1:
		fmt.Fprint(w, `{"run":{"state":"running"},"outputs":[]}`)
	case end == "":
		fmt.Fprintf(w, `{"run":{"state":"running"},"outputs":[{"name":"a.log","state":%q,"size":%d}]}`, state(), len(o.stored))
	case strings.HasSuffix(end, "/views"):
		if o.looks++; o.looks%2 == 0 && len(o.lines) > 0 {
			o.stored, o.lines = o.stored+o.lines[0], o.lines[1:]
		}
		fmt.Fprintf(w, `{"view":"token","state":%q,"size":%d}`, state(), len(o.stored))
	default:
		var first int
		_, _ = fmt.Sscanf(r.Header.Get("Range"), "bytes=%d-", &first)
		w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", first, len(o.stored)-1, len(o.stored)))
		w.Header().Set("Strongroom-Output-State", state())
		w.WriteHeader(http.StatusPartialContent)
		fmt.Fprint(w, o.stored[first:])
	}
}

func TestAFollowerAsksForOneOutput(t *testing.T) {
	t.Parallel()
	o := &growingOutput{stored: "one\n", lines: []string{"two\n", "three\n"}}
	server := httptest.NewServer(o)
	t.Cleanup(server.Close)
	client, err := api.New(api.Config{URL: server.URL, Workspace: "prod"})
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	r := view.Reader{Client: client, Run: "r", Name: "a.log", Retry: retry.Policy{}, Out: &out}
	if err := r.Follow(t.Context()); err != nil {
		t.Fatal(err)
	}
	if out.String() != "one\ntwo\nthree\n" {
		t.Errorf("printed %q", out.String())
	}
	look, read := "POST /a.log/views", "GET /a.log"
	want := []string{"GET", "GET", look, read, look, read, look, look, read, look}
	if diff := cmp.Diff(want, o.requests); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
}
