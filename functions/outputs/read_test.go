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
	f.put(t, counted("stdout.log", 1, whole[:400]), uncounted("stdout.log", 2, whole[400:401]), counted("stdout.log", 3, whole[401:]))
	for name, c := range map[string]struct {
		header   string
		from, to int
	}{
		"the first byte":                 {"bytes=0-0", 0, 1},
		"the first bytes":                {"bytes=0-99", 0, 100},
		"across three parts":             {"bytes=390-410", 390, 411},
		"one whole part":                 {"bytes=400-400", 400, 401},
		"an open end":                    {"bytes=990-", 990, 1000},
		"all, with an open end":          {"bytes=0-", 0, 1000},
		"an end after the last byte":     {"bytes=999-5000", 999, 1000},
		"the last bytes":                 {"bytes=-10", 990, 1000},
		"more last bytes than there are": {"bytes=-5000", 0, 1000},
		"the largest number accepted":    {"bytes=0-999999999999999999", 0, 1000},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := f.read(t, "stdout.log", "", "Range", c.header).Want(t, http.StatusPartialContent)
			wantBody(t, got, whole[c.from:c.to])
			wantHeader(t, got, "Content-Range", fmt.Sprintf("bytes %d-%d/1000", c.from, c.to-1), "Accept-Ranges", "bytes",
				"Strongroom-Output-State", "open")
		})
	}
}

func TestReadRejects(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.put(t, counted("stdout.log", 1, fill(1000)))
	for name, c := range map[string]struct {
		output, query, rangeHeader string
		status                     int
	}{
		"a range after the end":         {output: "stdout.log", rangeHeader: "bytes=1000-", status: http.StatusRequestedRangeNotSatisfiable},
		"several ranges":                {output: "stdout.log", rangeHeader: "bytes=0-1,5-6", status: http.StatusBadRequest},
		"a range in another unit":       {output: "stdout.log", rangeHeader: "lines=0-1", status: http.StatusBadRequest},
		"a range with its ends swapped": {output: "stdout.log", rangeHeader: "bytes=5-4", status: http.StatusBadRequest},
		"a range without a number":      {output: "stdout.log", rangeHeader: "bytes=-", status: http.StatusBadRequest},
		"the last zero bytes":           {output: "stdout.log", rangeHeader: "bytes=-0", status: http.StatusBadRequest},
		"a range with a sign":           {output: "stdout.log", rangeHeader: "bytes=+1-2", status: http.StatusBadRequest},
		"a range with a space":          {output: "stdout.log", rangeHeader: "bytes=1 -2", status: http.StatusBadRequest},
		"a range of 500 digits":         {output: "stdout.log", rangeHeader: "bytes=" + strings.Repeat("1", 500) + "-", status: http.StatusBadRequest},
		"a number of 19 digits":         {output: "stdout.log", rangeHeader: "bytes=0-9999999999999999999", status: http.StatusBadRequest},
		"line 0":                        {output: "stdout.log", query: "?lines=0-1", status: http.StatusBadRequest},
		"lines without a dash":          {output: "stdout.log", query: "?lines=5", status: http.StatusBadRequest},
		"lines with their ends swapped": {output: "stdout.log", query: "?lines=5-4", status: http.StatusBadRequest},
		"the last lines":                {output: "stdout.log", query: "?lines=-5", status: http.StatusBadRequest},
		"lines that are not numbers":    {output: "stdout.log", query: "?lines=a-b", status: http.StatusBadRequest},
		"a line after the end":          {output: "stdout.log", query: "?lines=500-", status: http.StatusRequestedRangeNotSatisfiable},
		"a range and lines at once":     {output: "stdout.log", query: "?lines=1-2", rangeHeader: "bytes=0-1", status: http.StatusBadRequest},
		"an output that does not exist": {output: "stderr.log", status: http.StatusNotFound},
		"an output with a slash":        {output: "..%2Fx", status: http.StatusBadRequest},
		"a name that starts with a dot": {output: ".x", status: http.StatusBadRequest},
		"a name of 401 bytes":           {output: strings.Repeat("x", 401), status: http.StatusBadRequest},
		"a name of invalid UTF-8":       {output: "%ff", status: http.StatusBadRequest},
		"a name in another form":        {output: "a~41", status: http.StatusBadRequest},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var header []string
			if c.rangeHeader != "" {
				header = []string{"Range", c.rangeHeader}
			}
			got := f.read(t, c.output, c.query, header...).Want(t, c.status)
			wantHeader(t, got, "Content-Type", "application/problem+json", "Cache-Control", "no-store", "X-Content-Type-Options", "nosniff")
			if c.status == http.StatusRequestedRangeNotSatisfiable {
				wantHeader(t, got, "Content-Range", "bytes */1000", "Strongroom-Output-State", "open")
			}
		})
	}
}

func TestReadMakesBrowsersShowPlainText(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	page := []byte("<html><script>alert(1)</script></html>")
	size := int64(len(page))
	u := f.Mint(t, f.run, partOf("log.html", "text/html; charset=utf-8", size))[0]
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
	f.put(t, counted("empty.log", 1, nil), counted("unclaimed.log", 1, []byte("a\n")))
	f.report(t, "empty.log", 1, "partless.log", 0)
	for _, name := range []string{"empty.log", "partless.log"} {
		got := f.read(t, name, "").Want(t, http.StatusOK)
		wantBody(t, got, nil)
		wantHeader(t, got, "Strongroom-Output-State", "complete", "Content-Length", "0")
		got = f.read(t, name, "", "Range", "bytes=0-").Want(t, http.StatusRequestedRangeNotSatisfiable)
		wantHeader(t, got, "Content-Range", "bytes */0", "Strongroom-Output-State", "complete")
		f.read(t, name, "?lines=1-").Want(t, http.StatusRequestedRangeNotSatisfiable)
		if v := f.openView(t, name, map[string]any{}); v.State != "complete" || v.Size != 0 {
			t.Errorf("a view of %s is %+v", name, v)
		}
	}
	f.read(t, "unclaimed.log", "").Want(t, http.StatusNotFound)
}

func TestReadStopsAtEightMebibytes(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	whole := fill(20 << 20)
	f.put(t, counted("big.log", 1, whole[:8<<20]), counted("big.log", 2, whole[8<<20:16<<20]), counted("big.log", 3, whole[16<<20:]))
	f.report(t, "big.log", 3)

	got := f.read(t, "big.log", "").Want(t, http.StatusRequestEntityTooLarge)
	if !strings.Contains(string(got.Body), "bytes=0-8388607") || !strings.Contains(string(got.Body), "20971520") {
		t.Errorf("the problem does not say how to read the output: %s", got.Body)
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
		t.Error("the output read in steps differs")
	}
}

func TestHeadSendsNothing(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.put(t, counted("stdout.log", 1, fill(1000)))
	got := f.Do(t, "viewer", http.MethodHead, f.path("stdout.log"), nil).Want(t, http.StatusOK)
	wantHeader(t, got, "Content-Length", "1000")
	if ends := f.audited(t, "outputs.read.end"); len(ends) != 1 || ends[0].Counts["bytes"] != 0 {
		t.Errorf("the audit log has %v", ends)
	}
}
