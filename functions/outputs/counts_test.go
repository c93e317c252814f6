package outputs_test

import (
	"bytes"
	"fmt"
	"net/http"
	"testing"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
)

// declare uploads a part with a number of lines that may be wrong.
func (f fixture) declare(t *testing.T, output string, number int, data []byte, lines int64) {
	t.Helper()
	requested := cloudtest.PartOf(output, number, data)
	requested.Lines = &lines
	f.Mint(t, f.run, requested)[0].Put(t, data).Want(t, http.StatusOK)
	f.Cloud.Drain(t)
}

// lineCount is what the list says about the lines of an output.
type lineCount struct {
	Lines                      *int64
	LinesVerified, LinesDiffer bool
}

func (f fixture) lineCount(t *testing.T) lineCount {
	t.Helper()
	var list struct{ Outputs []lineCount }
	f.Do(t, "viewer", http.MethodGet, f.RunPath(f.run)+"/outputs", nil).Want(t, http.StatusOK).JSON(t, &list)
	return list.Outputs[0]
}

func TestWrongLineCountsHideNothing(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ first, second int64 }{
		"too few lines":      {0, 1},
		"too many lines":     {6, 1},
		"more in the second": {3, 2},
		"the right sum":      {2, 2},
		"the right ones":     {3, 1},
		"none in any part":   {0, 0},
		"as many as can be":  {6, 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			f.declare(t, "stdout.log", 1, []byte("a\nb\nc\n"), c.first)
			f.declare(t, "stdout.log", 2, []byte("d\n"), c.second)
			wrong := c.first != 3 || c.second != 1
			for range 2 { // the second time, from the stored counts
				for lines, want := range map[string]string{"1-1": "a\n", "2-3": "b\nc\n", "3-4": "c\nd\n", "4-": "d\n", "1-9": "a\nb\nc\nd\n"} {
					wantBody(t, f.read(t, "stdout.log", "?lines="+lines).Want(t, http.StatusOK), []byte(want))
				}
			}
			f.read(t, "stdout.log", "?lines=5-").Want(t, http.StatusRequestedRangeNotSatisfiable)
			differ := map[bool]string{true: "true"}[wrong]
			wantHeader(t, f.read(t, "stdout.log", "?lines=4-4"), "Strongroom-Lines-Differ", differ)
			if got := f.lineCount(t); got.Lines == nil || *got.Lines != 4 || !got.LinesVerified || got.LinesDiffer != wrong {
				t.Errorf("the list has %+v", got)
			}
		})
	}
}

func TestDeclaredLinesAreShownAsNotVerified(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.declare(t, "stdout.log", 1, []byte("a\nb\n"), 1)
	if got := f.lineCount(t); got.Lines == nil || *got.Lines != 1 || got.LinesVerified || got.LinesDiffer {
		t.Errorf("the list has %+v", got)
	}
}

// follow requests lines until the response is not 202, and returns it with the number
// of requests.
func (f fixture) follow(t *testing.T, output, lines string) (got cloudtest.Response, requests int) {
	t.Helper()
	query := "?lines=" + lines
	for requests = 1; ; requests++ {
		got = f.read(t, output, query)
		if got.Status != http.StatusAccepted {
			return got, requests
		}
		if next := got.Header.Get("Strongroom-Continue"); len(got.Body) > 0 || next == "" {
			t.Fatalf("status 202 with %d bytes and Strongroom-Continue %q", len(got.Body), next)
		} else {
			query = "?lines=" + lines + "&continue=" + next
		}
	}
}

func TestALineSearchStopsAndGoesOn(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	const parts, perMint = 240, 80
	for first := 1; first <= parts; first += perMint {
		var batch []part
		for i := first; i < first+perMint; i++ {
			batch = append(batch, part{output: "many.log", number: i, data: fmt.Appendf(nil, "line %d\n", i), uncounted: i%2 == 0})
		}
		f.put(t, batch...)
	}
	got, requests := f.follow(t, "many.log", fmt.Sprintf("%d-", parts))
	wantBody(t, got.Want(t, http.StatusOK), fmt.Appendf(nil, "line %d\n", parts))
	if requests != 2 {
		t.Errorf("%d requests, want 2", requests)
	}
	if _, again := f.follow(t, "many.log", fmt.Sprintf("%d-", parts)); again != 1 {
		t.Errorf("%d requests after the lines were counted, want 1", again)
	}
	if got, _ := f.follow(t, "many.log", fmt.Sprintf("%d-", parts+1)); got.Status != http.StatusRequestedRangeNotSatisfiable {
		t.Errorf("a line after the end: %d %s", got.Status, got.Body)
	}
	f.read(t, "many.log", "?lines=9-&continue=x").Want(t, http.StatusBadRequest)
	f.read(t, "many.log", "?lines=9-&continue=0").Want(t, http.StatusBadRequest)
	f.read(t, "many.log", "?continue=2").Want(t, http.StatusBadRequest)
}

func TestALineSearchIsBoundedByBytesAndAudited(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	data := bytes.Repeat([]byte("x"), maxResponse)
	for i := 1; i <= 9; i++ {
		f.put(t, uncounted("big.log", i, data))
	}
	f.put(t, uncounted("big.log", 10, []byte("\nthe second line")))
	first := f.read(t, "big.log", "?lines=2-").Want(t, http.StatusAccepted)
	wantHeader(t, first, "Strongroom-Continue", "9", "Content-Range", fmt.Sprintf("bytes */%d", 9*maxResponse+16))
	got := f.read(t, "big.log", "?lines=2-&continue=9").Want(t, http.StatusOK)
	wantBody(t, got, []byte("the second line"))
	ends := f.audited(t, auditlog.EndReadOutput)
	if len(ends) != 2 || ends[0].Counts["scanned"] != 64<<20 || ends[0].Counts["bytes"] != 0 ||
		ends[1].Counts["scanned"] != maxResponse+16 || ends[1].Counts["offset"] != 9*maxResponse+1 || ends[1].Counts["bytes"] != 15 {
		t.Errorf("the audit log has %+v", ends)
	}
}
