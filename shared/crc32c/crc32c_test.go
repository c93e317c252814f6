package crc32c_test

import (
	"testing"

	"github.com/strongroom-dev/strongroom/shared/crc32c"
)

func FuzzDecode(f *testing.F) {
	for _, seed := range []string{"", "AAAAAA==", "NT3Yvg==", "NT3Yvh==", "NT3Y", "////////", "NT3Yvg", "NT3Y\nvg==", "0123abcd"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		sum, err := crc32c.Decode(text)
		if err == nil && crc32c.Encode(sum) != text {
			t.Errorf("%q is read as %d, which is written %q", text, sum, crc32c.Encode(sum))
		}
	})
}

func FuzzEncode(f *testing.F) {
	f.Add(uint32(0))
	f.Add(uint32(0x353dd8be))
	f.Fuzz(func(t *testing.T, sum uint32) {
		if got, err := crc32c.Decode(crc32c.Encode(sum)); err != nil || got != sum {
			t.Errorf("%d comes back as %d, %v", sum, got, err)
		}
	})
}
