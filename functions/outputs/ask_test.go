package outputs

import (
	"fmt"
	"strings"
	"testing"
)

func FuzzParseAsk(f *testing.F) {
	for _, seed := range [][2]string{
		{"", ""}, {"bytes=0-0", ""}, {"bytes=5-", ""}, {"bytes=-5", ""}, {"bytes=0-1,2-3", ""}, {"", "1-2"}, {"", "7-"}, {"bytes=0-", "1-"},
		{"bytes=00-001", ""}, {"bytes=--1", ""}, {"bytes=1-+2", ""}, {"", "0-0"}, {"", "999999999999999999-"}, {"", "1_0-2"},
	} {
		f.Add(seed[0], seed[1], int64(10))
	}
	f.Fuzz(func(t *testing.T, header, lines string, size int64) {
		want, err := parseAsk(header, lines)
		if err != nil {
			if want.bytes != nil || want.lines != nil {
				t.Errorf("refused, and yet %+v", want)
			}
			return
		}
		if (want.bytes != nil) != (header != "") || (want.lines != nil) != (lines != "") {
			t.Fatalf("%q and %q are %+v", header, lines, want)
		}
		if want.bytes != nil {
			checkBytes(t, header, *want.bytes, max(0, size))
		}
		if l := want.lines; l != nil {
			if l.first < 1 || (l.last >= 0 && l.last < l.first) || unzero(lines) != spell(l.first, l.last) {
				t.Errorf("%q is %+v", lines, l)
			}
		}
	})
}

// checkBytes wants the range to say what header says, and to lie within size.
func checkBytes(t *testing.T, header string, r byteRange, size int64) {
	want := "bytes=" + spell(r.first, r.last)
	if r.first < 0 {
		want = fmt.Sprintf("bytes=-%d", r.suffix)
	}
	if "bytes="+unzero(strings.TrimPrefix(header, "bytes=")) != want {
		t.Errorf("%q is %+v", header, r)
	}
	if s, ok := r.within(size); ok && (s.from < 0 || s.to > size || s.length() <= 0) {
		t.Errorf("%q of %d bytes is %+v", header, size, s)
	}
}

func spell(first, last int64) string {
	if last < 0 {
		return fmt.Sprintf("%d-", first)
	}
	return fmt.Sprintf("%d-%d", first, last)
}

// unzero takes leading zeros off both numbers.
func unzero(s string) string {
	first, last, _ := strings.Cut(s, "-")
	return trim(first) + "-" + trim(last)
}

func trim(number string) string {
	if short := strings.TrimLeft(number, "0"); short != "" || number == "" {
		return short
	}
	return "0"
}
