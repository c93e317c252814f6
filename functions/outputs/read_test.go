package outputs_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

func TestReadRange(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	whole := fill(1000)
	f.put(t, part{"stdout.log", 1, whole[:400], false}, part{"stdout.log", 2, whole[400:401], true}, part{"stdout.log", 3, whole[401:], false})
	for name, c := range map[string]struct {
		ask      string
		from, to int
	}{
		"the first byte":                  {"bytes=0-0", 0, 1},
		"the first bytes":                 {"bytes=0-99", 0, 100},
		"over two borders of parts":       {"bytes=390-410", 390, 411},
		"one whole part":                  {"bytes=400-400", 400, 401},
		"an open end":                     {"bytes=990-", 990, 1000},
		"all, with an open end":           {"bytes=0-", 0, 1000},
		"an end behind the end":           {"bytes=999-5000", 999, 1000},
		"the last bytes":                  {"bytes=-10", 990, 1000},
		"more last bytes than there are":  {"bytes=-5000", 0, 1000},
		"the largest number that we take": {"bytes=0-999999999999999999", 0, 1000},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := f.read(t, "stdout.log", "", "Range", c.ask).Want(t, http.StatusPartialContent)
			wantBody(t, got, whole[c.from:c.to])
			wantHeader(t, got, "Content-Range", fmt.Sprintf("bytes %d-%d/1000", c.from, c.to-1), "Accept-Ranges", "bytes",
				"Strongroom-Output-State", "open")
		})
	}
}

func TestReadRefuses(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.put(t, part{"stdout.log", 1, fill(1000), false})
	for name, c := range map[string]struct {
		output, query, ask string
		status             int
	}{
		"a range behind the end":      {"stdout.log", "", "bytes=1000-", http.StatusRequestedRangeNotSatisfiable},
		"several ranges":              {"stdout.log", "", "bytes=0-1,5-6", http.StatusBadRequest},
		"a range in another unit":     {"stdout.log", "", "lines=0-1", http.StatusBadRequest},
		"a range that goes backwards": {"stdout.log", "", "bytes=5-4", http.StatusBadRequest},
		"a range without a number":    {"stdout.log", "", "bytes=-", http.StatusBadRequest},
		"the last zero bytes":         {"stdout.log", "", "bytes=-0", http.StatusBadRequest},
		"a range with a sign":         {"stdout.log", "", "bytes=+1-2", http.StatusBadRequest},
		"a range with a space":        {"stdout.log", "", "bytes=1 -2", http.StatusBadRequest},
		"a range too long to be one":  {"stdout.log", "", "bytes=" + strings.Repeat("1", 500) + "-", http.StatusBadRequest},
		"a number of 19 digits":       {"stdout.log", "", "bytes=0-9999999999999999999", http.StatusBadRequest},
		"line 0":                      {"stdout.log", "?lines=0-1", "", http.StatusBadRequest},
		"lines without a dash":        {"stdout.log", "?lines=5", "", http.StatusBadRequest},
		"lines that go backwards":     {"stdout.log", "?lines=5-4", "", http.StatusBadRequest},
		"the last lines":              {"stdout.log", "?lines=-5", "", http.StatusBadRequest},
		"lines that are no numbers":   {"stdout.log", "?lines=a-b", "", http.StatusBadRequest},
		"a line behind the end":       {"stdout.log", "?lines=500-", "", http.StatusRequestedRangeNotSatisfiable},
		"a range and lines at once":   {"stdout.log", "?lines=1-2", "bytes=0-1", http.StatusBadRequest},
		"an output of another name":   {"stderr.log", "", "", http.StatusNotFound},
		"a misnamed output":           {"..%2Fx", "", "", http.StatusBadRequest},
		"a name that is hidden":       {".x", "", "", http.StatusBadRequest},
		"a name of 201 bytes":         {strings.Repeat("x", 201), "", "", http.StatusBadRequest},
		"a name of broken UTF-8":      {"%ff", "", "", http.StatusBadRequest},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var header []string
			if c.ask != "" {
				header = []string{"Range", c.ask}
			}
			got := f.read(t, c.output, c.query, header...).Want(t, c.status)
			wantHeader(t, got, "Content-Type", "application/problem+json", "Cache-Control", "no-store", "X-Content-Type-Options", "nosniff")
			if c.status == http.StatusRequestedRangeNotSatisfiable {
				wantHeader(t, got, "Content-Range", "bytes */1000", "Strongroom-Output-State", "open")
			}
		})
	}
}

func TestReadTellsBrowsersToShowPlainTextOnly(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	page := []byte("<html><script>alert(1)</script></html>")
	size := int64(len(page))
	u := f.Mint(t, f.run, asked("log.html", "text/html; charset=utf-8", size))[0]
	u.Put(t, page).Want(t, http.StatusOK)
	f.Cloud.Drain(t)
	for _, query := range []string{"", "?lines=1-"} {
		got := f.read(t, "log.html", query).Want(t, http.StatusOK)
		wantBody(t, got, page)
		wantHeader(t, got, "Content-Type", "text/plain; charset=utf-8", "X-Content-Type-Options", "nosniff", "Cache-Control", "no-store",
			"Content-Security-Policy", "sandbox; default-src 'none'", "Content-Length", fmt.Sprint(size))
	}
}

func TestReadEmptyOutput(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.put(t, part{"empty.log", 1, nil, false})
	f.report(t, "empty.log", 1)
	got := f.read(t, "empty.log", "").Want(t, http.StatusOK)
	wantBody(t, got, nil)
	wantHeader(t, got, "Strongroom-Output-State", "complete", "Content-Length", "0")
	got = f.read(t, "empty.log", "", "Range", "bytes=0-").Want(t, http.StatusRequestedRangeNotSatisfiable)
	wantHeader(t, got, "Content-Range", "bytes */0", "Strongroom-Output-State", "complete")
	f.read(t, "empty.log", "?lines=1-").Want(t, http.StatusRequestedRangeNotSatisfiable)
}

func TestReadIsCutAtEightMebibytes(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	whole := fill(20 << 20)
	f.put(t, part{"big.log", 1, whole[:8<<20], false}, part{"big.log", 2, whole[8<<20 : 16<<20], false}, part{"big.log", 3, whole[16<<20:], false})
	f.report(t, "big.log", 3)

	got := f.read(t, "big.log", "").Want(t, http.StatusRequestEntityTooLarge)
	if !strings.Contains(string(got.Body), "bytes=0-8388607") || !strings.Contains(string(got.Body), "20971520") {
		t.Errorf("the problem does not say how to ask: %s", got.Body)
	}
	got = f.read(t, "big.log", "", "Range", "bytes=1000-").Want(t, http.StatusPartialContent)
	wantBody(t, got, whole[1000:1000+maxResponse])
	wantHeader(t, got, "Content-Range", "bytes 1000-8389607/20971520", "Strongroom-Output-State", "complete")
	got = f.read(t, "big.log", "", "Range", "bytes=-20000000").Want(t, http.StatusPartialContent)
	wantHeader(t, got, "Content-Range", "bytes 971520-9360127/20971520")

	var all []byte
	for len(all) < len(whole) {
		got := f.read(t, "big.log", "", "Range", fmt.Sprintf("bytes=%d-", len(all))).Want(t, http.StatusPartialContent)
		all = append(all, got.Body...)
	}
	if string(all) != string(whole) {
		t.Error("the output read in steps is another one")
	}
}

func TestHeadSendsNothing(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.put(t, part{"stdout.log", 1, fill(1000), false})
	got := f.Do(t, "viewer", http.MethodHead, f.path("stdout.log"), nil).Want(t, http.StatusOK)
	wantHeader(t, got, "Content-Length", "1000")
	if ends := f.audited(t, "outputs.read.end"); len(ends) != 1 || ends[0].Counts["bytes"] != 0 {
		t.Errorf("on record is %v", ends)
	}
}
