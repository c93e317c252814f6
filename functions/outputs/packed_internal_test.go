package outputs

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func FuzzUnpack(f *testing.F) {
	f.Add(packParts([]part{{generation: 7, size: 5, lines: 2, declared: -1}, {generation: 1 << 60, size: 8 << 20, lines: -1, declared: 0}}))
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01})
	f.Fuzz(func(t *testing.T, data []byte) {
		parts, err := packedIndex{First: 1, Parts: data}.unpack()
		if err != nil {
			return
		}
		offset := int64(0)
		for i, p := range parts {
			if p.number != i+1 || p.offset != offset || p.size < 0 || p.lines < -1 || p.declared < -1 {
				t.Fatalf("part %d is %+v", i+1, p)
			}
			offset += p.size
		}
		again, err := packedIndex{First: 1, Parts: packParts(parts)}.unpack()
		if diff := cmp.Diff(parts, again, cmp.AllowUnexported(part{})); diff != "" || err != nil {
			t.Errorf("packed again: %s, %v", diff, err)
		}
	})
}
