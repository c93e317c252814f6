package outputs

import (
	"fmt"
	"strings"
	"testing"
)

func FuzzParseSelection(f *testing.F) {
	for _, seed := range [][2]string{
		{"", ""}, {"bytes=0-0", ""}, {"bytes=5-", ""}, {"bytes=-5", ""}, {"bytes=0-1,2-3", ""}, {"", "1-2"}, {"", "7-"}, {"bytes=0-", "1-"},
		{"bytes=00-001", ""}, {"bytes=--1", ""}, {"bytes=1-+2", ""}, {"", "0-0"}, {"", "999999999999999999-"}, {"", "1_0-2"},
	} {
		f.Add(seed[0], seed[1], int64(10))
	}
	f.Fuzz(func(t *testing.T, header, lines string, size int64) {
		got, err := parseSelection(header, lines)
		if err != nil {
			if got.bytes != nil || got.lines != nil {
				t.Errorf("an error, but also %+v", got)
			}
			return
		}
		if (got.bytes != nil) != (header != "") || (got.lines != nil) != (lines != "") {
			t.Fatalf("%q and %q are %+v", header, lines, got)
		}
		if got.bytes != nil {
			checkBytes(t, header, *got.bytes, max(0, size))
		}
		if l := got.lines; l != nil {
			if l.first < 1 || (l.last >= 0 && l.last < l.first) || trimZeros(lines) != formatRange(l.first, l.last) {
				t.Errorf("%q is %+v", lines, l)
			}
		}
	})
}

// checkBytes checks that the range equals the header and lies within size.
func checkBytes(t *testing.T, header string, r byteRange, size int64) {
	want := "bytes=" + formatRange(r.first, r.last)
	if r.first < 0 {
		want = fmt.Sprintf("bytes=-%d", r.suffix)
	}
	if "bytes="+trimZeros(strings.TrimPrefix(header, "bytes=")) != want {
		t.Errorf("%q is %+v", header, r)
	}
	if s, ok := r.resolve(size); ok && (s.from < 0 || s.to > size || s.length() <= 0) {
		t.Errorf("%q of %d bytes is %+v", header, size, s)
	}
}

func formatRange(first, last int64) string {
	if last < 0 {
		return fmt.Sprintf("%d-", first)
	}
	return fmt.Sprintf("%d-%d", first, last)
}

// trimZeros removes leading zeros from both numbers.
func trimZeros(s string) string {
	first, last, _ := strings.Cut(s, "-")
	return trimZero(first) + "-" + trimZero(last)
}

func trimZero(number string) string {
	if short := strings.TrimLeft(number, "0"); short != "" || number == "" {
		return short
	}
	return "0"
}
