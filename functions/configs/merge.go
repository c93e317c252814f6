package configs

import (
	"bytes"
	"compress/zlib"
	"crypto/sha1"
	"encoding/binary"
	"fmt"

	"github.com/go-git/go-git/v6/plumbing"
)

// maxMergedBytes limits the packs that a push merges, because their bytes are in memory.
const maxMergedBytes = 8 << 20

// loadedPack is a pack of the repository, or of a push, in memory.
type loadedPack struct {
	pack
	data    []byte // nil: only the objects are needed
	objects []*packedObject
}

// mergeCount returns how many of the newest packs become one with a new pack of a size: those
// of which the next older one is at most twice as large as all newer ones together. So each
// pack is less than half as large as the one before it, unless both together are larger than
// maxMergedBytes. A repository has about 30 packs at most, and a byte is written again only
// when its pack grows by half.
func mergeCount(packs []pack, size int64) (n int) {
	for n < len(packs) {
		next := packs[len(packs)-1-n].Size
		if next > 2*size || size+next > maxMergedBytes {
			break
		}
		size += next
		n++
	}
	return n
}

// merge adds to a move the pack to store: that of the push, together with the newest packs of
// the repository. They are not listed any more when the move takes effect.
func (p *push) merge(m move) (move, []byte, error) {
	n := len(p.packs) - mergeCount(p.old.Packs, int64(len(p.pack)))
	older, newest := p.packs[:n], append([]loadedPack{}, p.packs[n:]...)
	data, dropped, err := join(append(newest, loadedPack{data: p.pack, objects: p.objects}))
	if err != nil {
		return move{}, nil, err
	}
	m.Pack, m.Replaces, m.Bytes = newPack(data), p.old.Packs[n:], p.bytes-dropped
	m.Pack.Fresh = !p.repeats(older)
	return m, data, nil
}

// repeats reports whether some packs have an object of the packs after them, or of the push.
func (p *push) repeats(older []loadedPack) bool {
	seen := map[plumbing.Hash]bool{}
	for _, l := range older {
		for _, o := range l.objects {
			seen[o.hash] = true
		}
	}
	for _, l := range append(p.packs[len(older):len(p.packs):len(p.packs)], loadedPack{objects: p.objects}) {
		for _, o := range l.objects {
			if seen[o.hash] {
				return true
			}
		}
	}
	return false
}

// join returns one pack with the objects of packs, and how many bytes of objects it has left
// out because an earlier pack has them. It copies what is compressed, so it is fast.
func join(packs []loadedPack) (data []byte, dropped int64, err error) {
	j := joiner{seen: map[plumbing.Hash]bool{}}
	size := packHeader + packChecksum
	for _, l := range packs {
		size += len(l.data)
	}
	j.out.Grow(size)
	j.out.Write(make([]byte, packHeader))
	for _, l := range packs {
		if err := j.add(l); err != nil {
			return nil, 0, err
		}
	}
	data = j.out.Bytes()
	copy(data, "PACK\x00\x00\x00\x02")
	binary.BigEndian.PutUint32(data[8:], j.count)
	sum := sha1.Sum(data)
	return append(data, sum[:]...), j.dropped, nil
}

// joiner writes the objects of packs, each once.
type joiner struct {
	out     bytes.Buffer
	seen    map[plumbing.Hash]bool
	count   uint32
	dropped int64 // bytes of objects that are there already
}

// add writes the objects of a pack that are new.
func (j *joiner) add(l loadedPack) error {
	kept := make(map[*packedObject]bool, len(l.objects))
	for _, o := range l.objects {
		if j.seen[o.hash] {
			j.dropped += o.Size()
			continue
		}
		j.seen[o.hash], kept[o] = true, true
	}
	at := make(map[*packedObject]int, len(kept)) // where the objects are now
	for _, o := range l.objects {
		if !kept[o] {
			continue
		}
		at[o] = j.out.Len()
		j.count++
		if err := j.write(l.data[o.offset:o.next], o, kept[o.base], at); err != nil {
			return err
		}
	}
	return nil
}

// write writes one object. A delta stays one if its base is kept too; otherwise, the object
// is written as a whole. So deltas do not become deeper.
func (j *joiner) write(entry []byte, o *packedObject, baseKept bool, at map[*packedObject]int) error {
	if o.base == nil {
		j.out.Write(entry)
		return nil
	}
	if !baseKept {
		return j.writeWhole(o)
	}
	r := bytes.NewReader(entry)
	kind, size, err := readHeader(r)
	if err != nil {
		return err
	}
	if plumbing.ObjectType(kind) == plumbing.REFDeltaObject {
		j.out.Write(entry)
		return nil
	}
	if _, err := readOffset(r); err != nil {
		return err
	}
	back := int64(j.out.Len() - at[o.base])
	j.out.Write(appendHeader(nil, kind, size))
	j.out.Write(appendOffset(nil, back))
	j.out.Write(entry[len(entry)-r.Len():])
	return nil
}

func (j *joiner) writeWhole(o *packedObject) error {
	j.out.Write(appendHeader(nil, byte(o.kind), o.Size()))
	z := zlib.NewWriter(&j.out)
	if _, err := z.Write(o.data); err != nil {
		return fmt.Errorf("compress object: %w", err)
	}
	if err := z.Close(); err != nil {
		return fmt.Errorf("compress object: %w", err)
	}
	return nil
}

// appendHeader is the opposite of readHeader.
func appendHeader(b []byte, kind byte, size int64) []byte {
	first := kind<<4 | byte(size&15)
	for size >>= 4; size > 0; size >>= 7 {
		b = append(b, first|0x80)
		first = byte(size & 0x7f)
	}
	return append(b, first)
}

// appendOffset is the opposite of readOffset.
func appendOffset(b []byte, n int64) []byte {
	digits := []byte{byte(n & 0x7f)}
	for n >>= 7; n > 0; n >>= 7 {
		n--
		digits = append(digits, byte(n&0x7f)|0x80)
	}
	for i := len(digits) - 1; i >= 0; i-- {
		b = append(b, digits[i])
	}
	return b
}
