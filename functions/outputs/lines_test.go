package outputs_test

import (
	"bytes"
	"fmt"
	"net/http"
	"testing"
)

func TestReadLines(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	parts := []string{"one\ntwo\nthr", "ee\nfour", "", "\n\nsix\n", "seven"}
	var whole string
	for i, text := range parts {
		f.put(t,
			counted("counted.log", i+1, []byte(text)),
			uncounted("uncounted.log", i+1, []byte(text)),
			part{output: "mixed.log", number: i + 1, data: []byte(text), uncounted: i%2 == 0})
		whole += text
	}
	for name, c := range map[string]struct{ query, text, lines string }{
		"the first":                      {"1-1", "one\n", "1-1"},
		"the first two":                  {"1-2", "one\ntwo\n", "1-2"},
		"one across two parts":           {"3-3", "three\n", "3-3"},
		"one that ends in the next part": {"4-4", "four\n", "4-4"},
		"an empty one":                   {"5-5", "\n", "5-5"},
		"the last, without a newline":    {"7-7", "seven", "7-7"},
		"to after the end":               {"6-900", "six\nseven", "6-7"},
		"an open end":                    {"5-", "\nsix\nseven", "5-7"},
		"all":                            {"1-", whole, "1-7"},
		"all, over several parts":        {"2-6", "two\nthree\nfour\n\nsix\n", "2-6"},
		"the largest number accepted":    {"7-999999999999999999", "seven", "7-7"},
		"none, just after the end":       {"8-8", "", ""},
		"none, far after the end":        {"800-", "", ""},
		"none, with the largest number":  {"999999999999999999-", "", ""},
	} {
		for _, output := range []string{"counted.log", "uncounted.log", "mixed.log"} {
			t.Run(name+" of "+output, func(t *testing.T) {
				t.Parallel()
				got := f.read(t, output, "?lines="+c.query)
				if c.lines == "" {
					got.Want(t, http.StatusRequestedRangeNotSatisfiable)
					return
				}
				wantBody(t, got.Want(t, http.StatusOK), []byte(c.text))
				wantHeader(t, got, "Strongroom-Lines", c.lines, "Strongroom-Truncated", "")
			})
		}
	}
}

func TestReadLinesOfOutputThatEndsWithNewline(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.put(t, counted("stdout.log", 1, []byte("a\nb\n")))
	got := f.read(t, "stdout.log", "?lines=2-9").Want(t, http.StatusOK)
	wantBody(t, got, []byte("b\n"))
	wantHeader(t, got, "Strongroom-Lines", "2-2", "Content-Range", "bytes 2-3/4")
	f.read(t, "stdout.log", "?lines=3-").Want(t, http.StatusRequestedRangeNotSatisfiable)
}

func TestReadSingleLineOfSeveralMebibytes(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	line := bytes.Repeat([]byte("x"), 2_700_000)
	text := append(append([]byte("head\n"), line...), "\ntail"...)
	f.put(t, uncounted("stdout.log", 1, text[:1<<20]), counted("stdout.log", 2, text[1<<20:]))
	got := f.read(t, "stdout.log", "?lines=2-2").Want(t, http.StatusOK)
	wantBody(t, got, append(line, '\n'))
	wantHeader(t, got, "Strongroom-Lines", "2-2")
	wantBody(t, f.read(t, "stdout.log", "?lines=3-").Want(t, http.StatusOK), []byte("tail"))
}

func TestReadLinesStopsAtEightMebibytes(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	line := append(bytes.Repeat([]byte("y"), 3<<20-1), '\n') // lines of 3 MiB each
	whole := bytes.Repeat(line, 4)
	f.put(t, counted("wide.log", 1, whole[:8<<20]), uncounted("wide.log", 2, whole[8<<20:]))

	got := f.read(t, "wide.log", "?lines=1-4").Want(t, http.StatusOK)
	wantBody(t, got, whole[:maxResponse])
	wantHeader(t, got, "Strongroom-Truncated", "true", "Strongroom-Lines", "1-3", "Content-Range", fmt.Sprintf("bytes 0-8388607/%d", len(whole)))

	got = f.read(t, "wide.log", "?lines=1-2").Want(t, http.StatusOK)
	wantBody(t, got, whole[:6<<20])
	wantHeader(t, got, "Strongroom-Truncated", "", "Strongroom-Lines", "1-2")

	got = f.read(t, "wide.log", "?lines=3-").Want(t, http.StatusOK)
	wantBody(t, got, whole[6<<20:])
	wantHeader(t, got, "Strongroom-Truncated", "", "Strongroom-Lines", "3-4")
}
