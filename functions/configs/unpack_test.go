package configs

import (
	"bytes"
	"compress/zlib"
	"crypto/sha1"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/go-git/go-git/v6/plumbing"
	"github.com/go-git/go-git/v6/plumbing/format/packfile"
	"github.com/go-git/go-git/v6/storage/memory"
)

// packOf returns a pack with a header that says count objects.
func packOf(count uint32, objects ...[]byte) []byte {
	pack := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32([]byte("PACK"), 2), count)
	for _, o := range objects {
		pack = append(pack, o...)
	}
	sum := sha1.Sum(pack)
	return append(pack, sum[:]...)
}

// objectOf returns an object whose header says a size.
func objectOf(kind byte, size int64, data []byte) []byte {
	return append(appendHeader(nil, kind, size), compressed(data)...)
}

func compressed(data []byte) []byte {
	var z bytes.Buffer
	w := zlib.NewWriter(&z)
	_, _ = w.Write(data) // a buffer does not fail
	_ = w.Close()
	return z.Bytes()
}

// deltaOf returns an object that is a delta of the object that begins back bytes before it.
func deltaOf(back int64, delta []byte) []byte {
	return append(append(appendHeader(nil, ofsDelta, int64(len(delta))), appendOffset(nil, back)...), compressed(delta)...)
}

// refDeltaOf returns an object that is a delta of another.
func refDeltaOf(base []byte, delta []byte) []byte {
	return append(append(appendHeader(nil, refDelta, int64(len(delta))), base...), compressed(delta)...)
}

const (
	blob     = byte(plumbing.BlobObject)
	ofsDelta = byte(plumbing.OFSDeltaObject)
	refDelta = byte(plumbing.REFDeltaObject)
)

func TestPackIsRefusedBeforeGitReadsIt(t *testing.T) {
	t.Parallel()
	hello := objectOf(blob, 5, []byte("hello"))
	whole := packOf(1, hello)
	zeros := make([]byte, maxObjectBytes+1)
	bomb := []byte{10, 0x80, 0x80, 0x80, 0x80, 0x28} // a delta that makes 10 GiB
	for name, test := range map[string]struct {
		pack []byte
		want string // in the error; empty: the pack is accepted
	}{
		"a pack":                                        {whole, ""},
		"no object":                                     {packOf(0), ""},
		"a truncated pack":                              {whole[:len(whole)-5], "ends too early"},
		"a pack without its end":                        {whole[:20], "not complete"},
		"200,000 objects":                               {packOf(200_000), "at most 50000"},
		"more objects than it says":                     {packOf(1, objectOf(blob, 1, []byte("a")), objectOf(blob, 1, []byte("b"))), "more objects than it says"},
		"fewer objects than it says":                    {packOf(2, objectOf(blob, 1, []byte("a"))), "ends too early"},
		"an object that is larger than it says":         {packOf(1, objectOf(blob, 4, []byte("hello"))), "differs from its header"},
		"an object that is smaller than it says":        {packOf(1, objectOf(blob, 6, []byte("hello"))), "differs from its header"},
		"an object that says 10 GiB":                    {packOf(1, objectOf(blob, 10<<30, []byte("hello"))), "more than 2097152"},
		"an object that is too large":                   {packOf(1, objectOf(blob, int64(len(zeros)), zeros)), "more than 2097152"},
		"a delta that makes 10 GiB":                     {packOf(1, refDeltaOf(make([]byte, 20), bomb)), "more than 2097152"},
		"a delta of an object that is missing":          {packOf(1, refDeltaOf(make([]byte, 20), []byte{5, 1, 1, 'a'})), "does not have"},
		"a delta of the middle of an object":            {packOf(2, hello, deltaOf(int64(len(hello))-1, []byte{5, 1, 1, 'a'})), "does not have"},
		"a delta of what is before the pack":            {packOf(2, hello, deltaOf(500, []byte{5, 1, 1, 'a'})), "ends too early"},
		"a delta of an object of another size":          {packOf(2, hello, deltaOf(int64(len(hello)), []byte{4, 1, 1, 'a'})), "does not fit"},
		"a delta that copies too much":                  {packOf(2, hello, deltaOf(int64(len(hello)), []byte{5, 6, 0x90, 6})), "does not fit"},
		"a delta that makes less than it says":          {packOf(2, hello, deltaOf(int64(len(hello)), []byte{5, 6, 0x90, 5})), "does not fit"},
		"a delta":                                       {packOf(2, hello, deltaOf(int64(len(hello)), []byte{5, 6, 0x90, 5, 1, '!'})), ""},
		"a delta before its base":                       {packOf(2, refDeltaOf(hashOf("hello"), []byte{5, 6, 0x90, 5, 1, '!'}), hello), ""},
		"deltas that depend on themselves":              {packOf(2, refDeltaOf(hashOf("a"), []byte{1, 1, 1, 'b'}), refDeltaOf(hashOf("b"), []byte{1, 1, 1, 'a'})), "does not have"},
		"many deltas that are large, of a small object": {packOf(26, append([][]byte{hello}, largeDeltas(hello, 25)...)...), "together"},
		"an unknown type":                               {packOf(1, objectOf(5, 1, []byte("a"))), "unknown type"},
		"a checksum of other bytes":                     {append(whole[:len(whole)-1:len(whole)-1], whole[len(whole)-1]^1), "checksum"},
		"another version":                               {bytes.Replace(whole, []byte("PACK\x00\x00\x00\x02"), []byte("PACK\x00\x00\x00\x09"), 1), "not complete"},
		"many objects that are large together":          {packOf(30, bytes.Repeat(objectOf(blob, maxObjectBytes, zeros[1:]), 30)), "together"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := unpack(test.pack, ofPush)
			if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}

// Whatever the bytes are, the objects of a pack are those that go-git finds in it.
func FuzzUnpack(f *testing.F) {
	hello := objectOf(blob, 5, []byte("hello"))
	f.Add(packOf(1, hello))
	f.Add(packOf(2, hello, deltaOf(int64(len(hello)), []byte{5, 6, 0x90, 5, 1, '!'})))
	f.Add(packOf(2, refDeltaOf(hashOf("hello"), []byte{5, 6, 0x90, 5, 1, '!'}), hello))
	f.Fuzz(func(t *testing.T, pack []byte) {
		objects, err := unpack(pack, bounds{objects: 100, bytes: 1 << 20, deltas: 1 << 20})
		if err != nil {
			var public errPack
			if !errors.As(err, &public) {
				t.Fatalf("the error is not for git: %v", err)
			}
			return
		}
		st := memory.NewStorage()
		if _, err := packfile.NewParser(bytes.NewReader(pack), packfile.WithStorage(st)).Parse(); err != nil && len(objects) > 0 {
			t.Fatalf("go-git refuses the pack: %v", err)
		}
		mine := map[plumbing.Hash]bool{}
		for _, o := range objects {
			mine[o.hash] = true
			if other, err := st.EncodedObject(o.kind, o.hash); err != nil || other.Size() != o.Size() {
				t.Errorf("go-git does not find the object %s: %v", o.hash, err)
			}
		}
		if len(mine) != len(st.Objects) {
			t.Errorf("%d objects, go-git finds %d", len(mine), len(st.Objects))
		}
	})
}

// largeDeltas returns deltas of almost 2 MiB of the object hello before them. Each makes an
// eighth of that: it copies one byte at a time, with eight bytes.
func largeDeltas(hello []byte, n int) (deltas [][]byte) {
	back := len(hello)
	const copies = maxObjectBytes/8 - 1
	change := append([]byte{5, copies&0x7f | 0x80, copies>>7&0x7f | 0x80, copies >> 14}, bytes.Repeat([]byte{0xff, 0, 0, 0, 0, 1, 0, 0}, copies)...)
	for range n {
		d := deltaOf(int64(back), change)
		deltas, back = append(deltas, d), back+len(d)
	}
	return deltas
}

func hashOf(text string) []byte {
	sum := sha1.Sum(fmt.Appendf(nil, "blob %d\x00%s", len(text), text))
	return sum[:]
}

func FuzzSplitPush(f *testing.F) {
	f.Add([]byte("00000000"))
	f.Add([]byte("0009a\x00push-options00000000PACK"))
	f.Fuzz(func(t *testing.T, body []byte) {
		if pack, err := splitPush(body); err == nil && len(pack) > len(body) {
			t.Fatal("the pack is longer than the push")
		}
	})
}
