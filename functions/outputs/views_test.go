package outputs_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/suite"
)

// opened is the response to the request for a view.
type opened struct {
	View          string
	State         string
	Size          int64
	Lines         *int64
	LinesVerified bool
	PartSizes     []int64
	PartLines     []int64
}

func (f fixture) openView(t testing.TB, output string, body map[string]any) opened {
	t.Helper()
	var v opened
	f.Do(t, "viewer", http.MethodPost, f.path(output)+"/views", body).Want(t, http.StatusOK).JSON(t, &v)
	return v
}

func (f fixture) closeView(t testing.TB, output, view string) cloudtest.Response {
	t.Helper()
	return f.Do(t, "viewer", http.MethodPost, f.path(output)+"/views/close", map[string]any{"view": view})
}

func TestAViewReadsWhatAReadWithoutOneReads(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	whole := fill(3000)
	f.put(t, counted("stdout.log", 1, whole[:1000]), uncounted("stdout.log", 2, whole[1000:1001]), counted("stdout.log", 3, whole[1001:]))
	for _, final := range []bool{false, true} {
		if final {
			f.report(t, "stdout.log", 3)
			f.sweep(t)
			f.openView(t, "stdout.log", map[string]any{}) // stores the final index, which the next view reads
		}
		v := f.openView(t, "stdout.log", map[string]any{})
		if diff := cmp.Diff([]int64{1000, 1, 1999}, v.PartSizes); diff != "" || v.Size != 3000 {
			t.Errorf("the view has the size %d and the parts %v", v.Size, v.PartSizes)
		}
		random := rand.New(rand.NewPCG(1, 2))
		for range 20 {
			from := random.IntN(3000)
			header := fmt.Sprintf("bytes=%d-%d", from, from+random.IntN(2000))
			want := f.read(t, "stdout.log", "", "Range", header).Want(t, http.StatusPartialContent)
			got := f.read(t, "stdout.log", "", "Range", header, "Strongroom-View", v.View).Want(t, http.StatusPartialContent)
			wantBody(t, got, want.Body)
			wantHeader(t, got, "Content-Range", want.Header.Get("Content-Range"), "Strongroom-Output-State", want.Header.Get("Strongroom-Output-State"))
		}
		for _, lines := range []string{"1-3", "20-40", "50-"} {
			want := f.read(t, "stdout.log", "?lines="+lines).Want(t, http.StatusOK)
			wantBody(t, f.read(t, "stdout.log", "?lines="+lines, "Strongroom-View", v.View).Want(t, http.StatusOK), want.Body)
		}
	}
}

// sweep runs the function sweep, which makes the uploads of ended runs final.
func (f fixture) sweep(t testing.TB) {
	t.Helper()
	if err := f.Cloud.Scheduler.RunNow(cloudtest.Context(t), "sweep"); err != nil {
		t.Fatal(err)
	}
	f.Cloud.Drain(t)
}

func TestAViewHasTwoAuditEntries(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.put(t, counted("stdout.log", 1, fill(1000)))
	v := f.openView(t, "stdout.log", map[string]any{})
	for from := range 10 {
		f.read(t, "stdout.log", "", "Range", fmt.Sprintf("bytes=%d-%d", from*100, from*100+9), "Strongroom-View", v.View).Want(t, http.StatusPartialContent)
	}
	f.openView(t, "stdout.log", map[string]any{"view": v.View})
	for range 2 { // the second has no effect
		f.closeView(t, "stdout.log", v.View).Want(t, http.StatusOK)
	}
	begun, ended := f.audited(t, "outputs.read"), f.audited(t, "outputs.read.end")
	if len(begun) != 1 || len(ended) != 1 || ended[0].Of != begun[0].ID {
		t.Fatalf("the audit log has %v and %v", begun, ended)
	}
	if diff := cmp.Diff(map[string]int64{"bytes": 100, "reserved": 100}, ended[0].Counts); diff != "" {
		t.Errorf("counts of the end: %s", diff)
	}
	got := f.read(t, "stdout.log", "", "Range", "bytes=0-1", "Strongroom-View", v.View).Want(t, http.StatusGone)
	if !strings.Contains(string(got.Body), `"view-ended"`) {
		t.Errorf("the problem is %s", got.Body)
	}
}

func TestSweepEndsAViewThatNobodyClosed(t *testing.T) {
	t.Parallel()
	c := cloudtest.New(t, suite.Options{})
	f := fixture{c.Tenant(t), cloudtest.NewRun(t)}
	f.put(t, counted("stdout.log", 1, fill(1000)))
	v := f.openView(t, "stdout.log", map[string]any{})
	f.read(t, "stdout.log", "", "Range", "bytes=0-99", "Strongroom-View", v.View).Want(t, http.StatusPartialContent)
	c.Clock.Advance(3 * time.Hour)
	f.read(t, "stdout.log", "", "Range", "bytes=0-99", "Strongroom-View", v.View).Want(t, http.StatusGone)
	for range 2 {
		f.sweep(t)
	}
	ended := f.audited(t, "outputs.read.end")
	if len(ended) != 1 || ended[0].Counts["reserved"] < 100 || ended[0].Actor.Role != "viewer" {
		t.Errorf("the audit log has %v", ended)
	}
}

func TestAViewBelongsToItsReaderRunAndOutput(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.put(t, counted("stdout.log", 1, fill(1000)), counted("other.log", 1, fill(1000)))
	other := fixture{f.Tenant, cloudtest.NewRun(t)}
	other.put(t, counted("stdout.log", 1, fill(1000)))
	v := f.openView(t, "stdout.log", map[string]any{})
	for name, c := range map[string]struct{ persona, path, view string }{
		"another reader":    {"admin", f.path("stdout.log"), v.View},
		"another output":    {"viewer", f.path("other.log"), v.View},
		"another run":       {"viewer", other.path("stdout.log"), v.View},
		"a forged token":    {"viewer", f.path("stdout.log"), swapFirst(v.View)},
		"a shortened token": {"viewer", f.path("stdout.log"), v.View[1:]},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f.Do(t, c.persona, http.MethodGet, c.path, nil, "Range", "bytes=0-1", "Strongroom-View", c.view).Want(t, http.StatusBadRequest)
			f.Do(t, c.persona, http.MethodPost, c.path+"/search", map[string]any{"view": c.view, "text": "line"}).Want(t, http.StatusBadRequest)
			f.Do(t, c.persona, http.MethodPost, c.path+"/views/close", map[string]any{"view": c.view}).Want(t, http.StatusBadRequest)
		})
	}
}

// swapFirst returns a text whose first character is another one.
func swapFirst(text string) string {
	if text[0] == 'A' {
		return "B" + text[1:]
	}
	return "A" + text[1:]
}

// match is a line of the response to a search.
type match struct {
	Offset, Length, Line, Column int64
	Text                         string
	End                          *bool
	SearchedTo                   int64
	Continue                     string
}

// search returns all matches, and the number of requests.
func (f fixture) search(t testing.TB, output string, body map[string]any) (all []match, requests int) {
	t.Helper()
	for {
		requests++
		r := f.Do(t, "viewer", http.MethodPost, f.path(output)+"/search", body).Want(t, http.StatusOK)
		var last match
		for line := range bytes.Lines(r.Body) {
			last = match{}
			if err := json.Unmarshal(line, &last); err != nil {
				t.Fatal(err)
			}
			if last.End == nil {
				all = append(all, last)
			}
		}
		if last.End == nil {
			t.Fatal("the response has no end")
		}
		if *last.End {
			return all, requests
		}
		body["continue"] = last.Continue
	}
}

func TestSearchFindsWhatTheOutputHas(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	long := strings.Repeat("x", 700<<10) + "needle" + strings.Repeat("y", 10)
	whole := []byte("first needle\nNEEDLE and needle\n\nno\n" + long + "\nneedle without a line break")
	f.put(t, counted("stdout.log", 1, whole[:20]), counted("stdout.log", 2, whole[20:]))
	v := f.openView(t, "stdout.log", map[string]any{})
	for name, c := range map[string]struct {
		body  map[string]any
		lines []int64
	}{
		"a text":                 {map[string]any{"text": "needle"}, []int64{1, 2, 5, 6}},
		"a text in any case":     {map[string]any{"text": "needle", "ignoreCase": true}, []int64{1, 2, 2, 5, 6}},
		"a pattern":              {map[string]any{"pattern": `(?:^|and )needle`}, []int64{2, 6}},
		"the end of a line":      {map[string]any{"pattern": `needle$`}, []int64{1, 2}},
		"a text that is no RE2":  {map[string]any{"text": `need(`}, nil},
		"a text across no lines": {map[string]any{"text": "needleNEEDLE"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c.body["view"] = v.View
			var lines []int64
			found, _ := f.search(t, "stdout.log", c.body)
			for _, m := range found {
				lines = append(lines, m.Line)
				if got := string(whole[m.Offset : m.Offset+m.Length]); !strings.Contains(strings.ToLower(got), "needle") || !strings.Contains(m.Text, got) {
					t.Errorf("the match is %q in %q", got, m.Text)
				}
			}
			if diff := cmp.Diff(c.lines, lines); diff != "" {
				t.Errorf("lines: %s", diff)
			}
		})
	}
}

func TestSearchContinuesAfterItsBound(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.put(t, counted("stdout.log", 1, bytes.Repeat([]byte("match\n"), 25000)))
	v := f.openView(t, "stdout.log", map[string]any{})
	found, requests := f.search(t, "stdout.log", map[string]any{"view": v.View, "text": "match"})
	if len(found) != 25000 || requests != 3 || found[24999].Line != 25000 {
		t.Errorf("%d matches in %d requests", len(found), requests)
	}
}

func TestSearchRejects(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.put(t, counted("stdout.log", 1, fill(100)))
	v := f.openView(t, "stdout.log", map[string]any{})
	for name, body := range map[string]map[string]any{
		"neither text nor pattern":            {},
		"both":                                {"text": "a", "pattern": "a"},
		"a pattern that is not RE2":           {"pattern": "("},
		"a pattern that repeats too often":    {"pattern": "((a{100}){100}){100}"},
		"a pattern that matches an empty one": {"pattern": "a*"},
		"a text with a line break":            {"text": "a\nb"},
		"a text of 1025 characters":           {"text": strings.Repeat("a", 1025)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			body["view"] = v.View
			got := f.Do(t, "viewer", http.MethodPost, f.path("stdout.log")+"/search", body).Want(t, http.StatusUnprocessableEntity)
			if strings.Contains(string(got.Body), "a{100}") {
				t.Errorf("the problem repeats the pattern: %s", got.Body)
			}
		})
	}
}
