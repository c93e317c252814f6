package view_test

import (
	"bytes"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/view"
	"github.com/strongroom-dev/strongroom/shared/charset"
)

// onTerminal returns what a terminal gets of an output that arrives in pieces.
func onTerminal(t *testing.T, colors bool, pieces ...string) string {
	t.Helper()
	var screen bytes.Buffer
	escaper := view.NewEscaper(&screen)
	escaper.Colors = colors
	frames := view.NewFrames(escaper)
	for _, piece := range pieces {
		if n, err := frames.Write([]byte(piece)); n != len(piece) || err != nil {
			t.Fatal(n, err)
		}
	}
	if err := frames.Flush(); err != nil {
		t.Fatal(err)
	}
	return screen.String()
}

func TestLinesAreReadableOnATerminal(t *testing.T) {
	t.Parallel()
	bar := ""
	for _, percent := range []string{"0%", "50%", "100%"} {
		bar += "progress " + percent + "\r"
	}
	for name, c := range map[string]struct{ text, want string }{
		"lines":                              {"a\nb\n", "a\nb\n"},
		"a line without its end":             {"a\nb", "a\nb"},
		"CRLF":                               {"a\r\nb\r\n\r\n", "a\nb\n\n"},
		"a carriage return too many":         {"a\r\r\nb", "a\nb"},
		"a progress bar":                     {bar + "\ndone\n", "progress 100% [replaced 2 earlier versions of this line]\ndone\n"},
		"one that ends with text":            {bar + "done\nmore", "done [replaced 3 earlier versions of this line]\nmore"},
		"one that returns first":             {"\ra\rb\r\n", "b [replaced 1 earlier version of this line]\n"},
		"one that erases":                    {"\r\x1b[Ka\r\x1b[2Kb\n", "b [replaced 1 earlier version of this line]\n"},
		"one that moves to the first column": {"a\x1b[1Gb\x1b[Gc\n", "c [replaced 2 earlier versions of this line]\n"},
		"text that erases itself":            {"secret\r      \rshown\n", "shown [replaced 1 earlier version of this line]\n"},
		"other control characters":           {"a\x1b[2Jb\x1b[1Ac\x00\x08\n", `a\x1b[2Jb\x1b[1Ac\x00\x08` + "\n"},
		"bytes that are not UTF-8":           {"a\xff\xfeb\n", `a\xff\xfeb` + "\n"},
	} {
		if got := onTerminal(t, false, c.text); got != c.want {
			t.Errorf("%s: the terminal gets %q, want %q", name, got, c.want)
		}
	}
}

// TestALineIsShownWhileItGrows has pieces as they arrive with --follow.
func TestALineIsShownWhileItGrows(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		pieces []string
		want   string
	}{
		"a line":              {[]string{"a", "b\n"}, "ab\n"},
		"a bar":               {[]string{"10%\r", "20%\r", "\n"}, "10%\r\x1b[K20% [replaced 1 earlier version of this line]\n"},
		"CRLF in two pieces":  {[]string{"a\r", "\nb"}, "a\nb"},
		"é in two pieces":     {[]string{"\xc3", "\xa9\r", "b\n"}, "é\r\x1b[Kb [replaced 1 earlier version of this line]\n"},
		"half a character":    {[]string{"\xc3\r", "b\n"}, `\xc3` + "\r\x1b[Kb [replaced 1 earlier version of this line]\n"},
		"half an escape code": {[]string{"\x1b", "[31mred\n"}, `\x1b[31mred` + "\n"},
	} {
		if got := onTerminal(t, false, c.pieces...); got != c.want {
			t.Errorf("%s: the terminal gets %q, want %q", name, got, c.want)
		}
	}
}

func TestColorsAreTheOnlySequencesThatPass(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"\x1b[31mred\x1b[0m\n":                   "\x1b[31mred\x1b[0m\n",
		"\x1b[1;38;5;8mgrey":                     "\x1b[1;38;5;8mgrey\x1b[0m",
		"\x1b[38;2;8;8;8mgrey\x1b[m":             "\x1b[38;2;8;8;8mgrey\x1b[m",
		"\x1b[38:5:8mgrey":                       "\x1b[38:5:8mgrey\x1b[0m",
		"\x1b[8mhidden":                          `\x1b[8mhidden`,
		"\x1b[1;08mhidden":                       `\x1b[1;08mhidden`,
		"\x1b[38;5;1;8mhidden":                   `\x1b[38;5;1;8mhidden`,
		"\x1b[2J\x1b[1A\x1b]0;title\x07":         `\x1b[2J\x1b[1A\x1b]0;title\x07`,
		"\x1b[?25l\x1b[>4m":                      `\x1b[?25l\x1b[>4m`,
		"\x1b[31":                                `\x1b[31`,
		"\u009b31m":                              `\u009b31m`,
		"\x1b[" + strings.Repeat("1;", 40) + "m": `\x1b[` + strings.Repeat("1;", 40) + "m",
	} {
		if got := onTerminal(t, true, text); got != want {
			t.Errorf("%q: the terminal gets %q, want %q", text, got, want)
		}
		if got := onTerminal(t, true, strings.SplitAfter(text, "")...); got != want {
			t.Errorf("%q in pieces: the terminal gets %q, want %q", text, got, want)
		}
	}
}

func TestUTF16IsNamedAndShown(t *testing.T) {
	t.Parallel()
	little := "\xff\xfeG\x00r\x00\xf6\x00\xdf\x00e\x00\n\x00=\xd8\x00\xde"
	for name, c := range map[string]struct {
		text  string
		keep  bool
		want  string
		named charset.Encoding
	}{
		"with a mark":       {text: little, keep: false, want: "Größe\n😀", named: charset.UTF16LE},
		"for a pipe":        {text: little, keep: true, want: little, named: charset.UTF16LE},
		"without a mark":    {text: "\x00G\x00r\x00e\x00y\x00\n", keep: false, want: "Grey\n", named: charset.UTF16BE},
		"with half a unit":  {text: "\xff\xfea\x00b", keep: false, want: "ab", named: charset.UTF16LE},
		"with half a pair":  {text: "\xff\xfea\x00=\xd8", keep: false, want: "a\ufffd", named: charset.UTF16LE},
		"UTF-8":             {text: "\ufeffGröße", keep: false, want: "\ufeffGröße", named: ""},
		"bytes of any kind": {text: "\x00\x01\x02\x03\x04\x05", keep: false, want: "\x00\x01\x02\x03\x04\x05", named: ""},
	} {
		for _, size := range []int{len(c.text), 9, 10, 11} {
			var out bytes.Buffer
			var named charset.Encoding
			decoder := view.NewDecoder(&out, c.keep, func(e charset.Encoding) { named = e })
			for rest := []byte(c.text); len(rest) > 0; rest = rest[min(size, len(rest)):] {
				if _, err := decoder.Write(rest[:min(size, len(rest))]); err != nil {
					t.Fatal(err)
				}
			}
			if err := decoder.Flush(); err != nil || out.String() != c.want || named != c.named {
				t.Errorf("%s in pieces of %d: %q is %q, want %q (%v)", name, size, out.String(), named, c.want, err)
			}
		}
	}
}

// FuzzFrames checks that no text controls the terminal, in whatever pieces it arrives.
func FuzzFrames(f *testing.F) {
	f.Add("a\rb\r\n\x1b[31mc", 1, true)
	f.Add("\xc3\r\xa9\x1b[K\n", 2, false)
	f.Fuzz(func(t *testing.T, text string, size int, colors bool) {
		if size < 1 || size > 100 || len(text) > 1000 {
			return
		}
		var pieces []string
		for rest := text; rest != ""; rest = rest[min(size, len(rest)):] {
			pieces = append(pieces, rest[:min(size, len(rest))])
		}
		got := strings.ReplaceAll(onTerminal(t, colors, pieces...), "\r\x1b[K", "")
		if !utf8.ValidString(got) || strings.ContainsAny(got, "\r\x07\x08\u009b") || !colors && strings.Contains(got, "\x1b") || strings.Contains(got, "\x1b[8m") {
			t.Errorf("%q: the terminal gets %q", text, got)
		}
	})
}
