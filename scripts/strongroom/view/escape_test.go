package view_test

import (
	"bytes"
	"runtime"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/view"
)

func escape(t testing.TB, chunks ...string) string {
	t.Helper()
	var out bytes.Buffer
	e := view.NewEscaper(&out)
	for _, chunk := range chunks {
		if n, err := e.Write([]byte(chunk)); n != len(chunk) || err != nil {
			t.Fatalf("wrote %d of %d: %v", n, len(chunk), err)
		}
	}
	if err := e.Flush(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestEscaperShowsControlCharacters(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		chunks []string
		want   string
	}{
		"plain text":                   {[]string{"a\tb\n"}, "a\tb\n"},
		"a colour":                     {[]string{"\x1b[31mred"}, `\x1b[31mred`},
		"a carriage return and a bell": {[]string{"a\r\x07"}, `a\x0d\x07`},
		"a C1 control":                 {[]string{"\u009b31m"}, `\u009b31m`},
		"a change of direction":        {[]string{"\u202edrow"}, `\u202edrow`},
		"a zero-width space":           {[]string{"dns\u200b-check"}, `dns\u200b-check`},
		"a tag":                        {[]string{"dns\U000e0041"}, `dns\U000e0041`},
		"a joiner between ASCII":       {[]string{"dns\u200d", "-check"}, `dns\u200d-check`},
		"a joiner at the end":          {[]string{"\u06cc\u200d"}, `ی\u200d`},
		"a family of emoji":            {[]string{"👩\u200d", "💻 ❤\ufe0f 1\ufe0f", "\u20e3"}, "👩\u200d💻 ❤\ufe0f 1\ufe0f\u20e3"},
		"letters beyond ASCII":         {[]string{"Grüße 🌍"}, "Grüße 🌍"},
		"a letter in two writes":       {[]string{"\xc3", "\xbc"}, "ü"},
		"bytes that are not UTF-8":     {[]string{"\xff\xc3("}, `\xff\xc3(`},
		"the start of a letter only":   {[]string{"x\xf0\x9f"}, `x\xf0\x9f`},
	}
	for name, c := range cases {
		if got := escape(t, c.chunks...); got != c.want {
			t.Errorf("%s: %q, not %q", name, got, c.want)
		}
	}
}

func FuzzEscaper(f *testing.F) {
	f.Add("a\x1b[31m\u202e", 1)
	f.Add("\xf0\x9f\x8c\x8d", 2)
	f.Fuzz(func(t *testing.T, text string, at int) {
		at = max(0, min(at, len(text)))
		got := escape(t, text[:at], text[at:])
		if !utf8.ValidString(got) || got != escape(t, text) {
			t.Errorf("%q, cut at %d, gave %q", text, at, got)
		}
		if strings.ContainsFunc(got, func(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\t' }) {
			t.Errorf("%q gave %q", text, got)
		}
	})
}

// TestEscapingCopiesNothingForEachCharacter counts allocations, so it is not parallel.
func TestEscapingCopiesNothingForEachCharacter(t *testing.T) {
	if cloudtest.RaceDetector {
		t.Skip("the race detector allocates, too")
	}
	for name, text := range map[string]string{
		"ASCII":          "a",
		"letters":        "ü",
		"emoji":          "👩\u200d💻",
		"invalid bytes":  "\xff",
		"controls":       "\x07",
		"colors":         "\x1b[31m",
		"broken colors":  "\x1b[31",
		"part of a rune": "\xf0\x9f",
	} {
		const characters = 4000
		data := []byte(strings.Repeat(text, characters))
		var out bytes.Buffer
		e := view.NewEscaper(&out)
		e.Colors = true
		before := heapBytes()
		for range 10 {
			_, _ = e.Write(data) // a buffer does not fail
		}
		perCharacter := (heapBytes() - before) / (10 * characters)
		if limit := uint64(600); perCharacter > limit {
			t.Errorf("%s: %d bytes were allocated for each character, over %d", name, perCharacter, limit)
		}
	}
}

// heapBytes returns how many bytes the process has allocated since its start.
func heapBytes() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.TotalAlloc
}
