package plaintext_test

import (
	"fmt"
	"io"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/strongroom-dev/strongroom/shared/plaintext"
)

func Example() {
	fmt.Println(plaintext.Clean("Look: ![x](https://example.com/?q=secret)\x1b[2J"))
	// Output: Look: ![x] (https:/ /example.com/?q=secret)[2J
}

func TestCleanRemovesWhatCouldAct(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct{ text, want string }{
		"ordinary text stays":                        {"Rate < 5/s, see *logs* (2 of 3).\n\t- a/b", "Rate < 5/s, see *logs* (2 of 3).\n\t- a/b"},
		"other scripts stay":                         {"Größe 测试 👩‍💻 नमस्ते", "Größe 测试 👩‍💻 नमस्ते"},
		"a sequence that controls a terminal":        {"a\x1b]8;;https://e.com\x07b\r\x9b", "a]8;;https:/ /e.comb"},
		"characters that reverse text":               {"a\u202egnp\u202c\u2066b", "agnpb"},
		"invisible characters":                       {"a\u200bb\ufeff\U000e0041", "ab"},
		"bytes that are not UTF-8":                   {"a\xffb\xc3", "ab"},
		"an image":                                   {"![a](https://e.com/x.png)", "![a] (https:/ /e.com/x.png)"},
		"an image without a scheme":                  {"![a](//e.com/x.png)", "![a] (/ /e.com/x.png)"},
		"an image by a reference":                    {"![a][b]\n[b]: //e.com/x.png", "![a] [b]\n[b] : / /e.com/x.png"},
		"a link to a script":                         {"[a](javascript:alert(1))", "[a] (javascript:alert(1))"},
		"a tag":                                      {"<img src=x onerror=y></a><!-- c --><?x", "< img src=x onerror=y>< /a>< !-- c -->< ?x"},
		"an address that GitHub's Markdown links":    {"WWW.e.com www.e.com", "WWW .e.com www .e.com"},
		"an address split by an invisible character": {"https:/\u200b/e.com", "https:/ /e.com"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := plaintext.Clean(row.text); got != row.want {
				t.Errorf("%q becomes %q, want %q", row.text, got, row.want)
			}
		})
	}
}

func TestLineIsOneBoundedLine(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		text  string
		limit int
		want  string
	}{
		{" a\n\tb  c ", 10, "a b c"},
		{"alpha beta gamma", 12, "alpha beta"},
		{"ünüsüal", 4, "ün"},
		{strings.Repeat("x", 1<<20), 5, "xxxxx"},
		{"", 5, ""},
	} {
		if got := plaintext.Line(row.text, row.limit); got != row.want {
			t.Errorf("%.20q in %d bytes is %q, want %q", row.text, row.limit, got, row.want)
		}
	}
}

// FuzzClean wants the same text wherever it is split, and nothing in it that acts.
func FuzzClean(f *testing.F) {
	for _, text := range []string{"![a](//e.com)", "👩‍💻", "a\u202eb", "\xff<b>", "www.e.com", "a\u200d"} {
		f.Add(text, 3)
	}
	f.Fuzz(func(t *testing.T, text string, at int) {
		whole := plaintext.Clean(text)
		var b strings.Builder
		w := plaintext.NewWriter(&b)
		at = max(0, min(at, len(text)))
		for _, piece := range []string{text[:at], text[at:]} {
			if _, err := io.WriteString(w, piece); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Flush(); err != nil || b.String() != whole {
			t.Errorf("%q split at %d is %q, whole it is %q: %v", text, at, b.String(), whole, err)
		}
		for _, acts := range []string{"://", "](", "<a", "</", "<!"} {
			if strings.Contains(whole, acts) {
				t.Errorf("%q becomes %q, which has %q", text, whole, acts)
			}
		}
		if !utf8.ValidString(whole) || strings.ContainsFunc(whole, func(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\t' }) {
			t.Errorf("%q becomes %q", text, whole)
		}
		if again := plaintext.Clean(whole); again != whole {
			t.Errorf("%q becomes %q, and then %q", text, whole, again)
		}
	})
}
