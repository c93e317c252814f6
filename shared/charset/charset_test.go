package charset_test

import (
	"encoding/binary"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/strongroom-dev/strongroom/shared/charset"
)

func encode(order binary.AppendByteOrder, text string) []byte {
	var data []byte
	for _, unit := range utf16.Encode([]rune(text)) {
		data = order.AppendUint16(data, unit)
	}
	return data
}

func TestUTF16IsRecognized(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"\ufeff", "\ufeffx", "\ufeff日本", "Größe: 5\r\n", `{"title":"DNS is slow"}`, strings.Repeat("a long text ", 1000)} {
		if got := charset.UTF16(encode(binary.LittleEndian, text)); got != charset.UTF16LE || got.Order() != binary.LittleEndian {
			t.Errorf("%.20q in little-endian is %q", text, got)
		}
		if got := charset.UTF16(encode(binary.BigEndian, text)); got != charset.UTF16BE || got.Order() != binary.BigEndian {
			t.Errorf("%.20q in big-endian is %q", text, got)
		}
	}
}

func TestOtherTextIsNotUTF16(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]charset.Encoding{
		"": "", "a": "", "Größe": "", "\ufeff{}": "", "nul:\x00:end\n": "", strings.Repeat("\x00", 512): "",
		"a\x00b\x00": "", "Pr\xfcfe Latin": charset.Other, "\x1f\x8b\x08\x00\x00\x00\x00\x00": charset.Other, "\x00a\x00bcdefghij": "",
	} {
		if got := charset.UTF16([]byte(text)); got != "" {
			t.Errorf("%q is %s", text, got)
		}
		if got := charset.Of([]byte(text)); got != want {
			t.Errorf("%q is %q, want %q", text, got, want)
		}
	}
}

func FuzzOf(f *testing.F) {
	f.Add([]byte("a\x00b\x00c\x00d\x00"))
	f.Add([]byte("\xfe\xff"))
	f.Fuzz(func(t *testing.T, text []byte) {
		if e := charset.UTF16(text); e != "" && charset.Of(text) != e {
			t.Errorf("%q is %q or %q", text, e, charset.Of(text))
		}
	})
}
