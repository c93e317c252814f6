package configs

import (
	"bytes"
	"compress/zlib"
	"crypto/sha1"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/go-git/go-git/v6/plumbing"
	"github.com/go-git/go-git/v6/plumbing/format/config"
)

// Limits of a push.
const (
	maxPushBytes   = 8 << 20
	maxPushObjects = 50_000
	maxObjectBytes = 2 << 20 // the tree of a directory with 20,000 files
)

// bounds limit what a pack may have.
type bounds struct {
	objects uint32
	bytes   int64 // of all objects, decompressed
	deltas  int64 // of all deltas, decompressed

	reserved int64                   // memory for objects that is reserved already
	reserve  func(bytes int64) error // reserves more; nil: all is reserved
}

// reserveStep is how much memory is reserved at a time.
const reserveStep = 4 << 20

var (
	ofPush = bounds{objects: maxPushObjects, bytes: maxRepositoryBytes, deltas: maxRepositoryBytes}
	// A stored pack was within the bounds of its pushes.
	ofStored = bounds{objects: math.MaxUint32, bytes: math.MaxInt64, deltas: math.MaxInt64}
)

// errPack is the error of a pack that is not valid. Its text is for git's output.
type errPack string

func (e errPack) Error() string { return string(e) }

var errTruncated = errPack("the pack ends too early, or an object differs from its header; push again")

// The layout of a pack: git-scm.com/docs/gitformat-pack.
const (
	packHeader   = 12 // bytes: PACK, the version, the number of objects
	packChecksum = sha1.Size
)

// unpack returns the objects of a pack in the order in which the pack has them. The pack must
// be complete: a delta changes an object of the same pack. It uses little more memory than
// the objects need, and stops at the first thing that is not within the bounds.
func unpack(pack []byte, limits bounds) ([]*packedObject, error) {
	if len(pack) < packHeader+packChecksum || string(pack[:4]) != "PACK" || binary.BigEndian.Uint32(pack[4:8]) != 2 {
		return nil, errPack("the pack is not complete; push again")
	}
	count := binary.BigEndian.Uint32(pack[8:packHeader])
	if count > limits.objects {
		return nil, errPack(fmt.Sprintf("the pack has %d objects; at most %d are allowed", count, limits.objects))
	}
	body := pack[:len(pack)-packChecksum]
	u := &unpacker{
		limits: limits, input: bytes.NewReader(body), hasher: plumbing.FromObjectFormat(config.SHA1),
		byOffset: map[int]*packedObject{}, byHash: map[plumbing.Hash]*packedObject{}, waiting: map[base][]delta{},
	}
	_, _ = u.input.Seek(packHeader, io.SeekStart) // within the pack
	objects := make([]*packedObject, 0, min(count, maxPushObjects))
	for range count {
		o, err := u.next()
		if err != nil {
			return nil, err
		}
		objects = append(objects, o)
	}
	switch sum := sha1.Sum(body); {
	case u.input.Len() > 0:
		return nil, errPack("the pack has more objects than it says; push again")
	case len(u.waiting) > 0:
		return nil, errPack("the pack has a change to an object that it does not have; push again")
	case !bytes.Equal(sum[:], pack[len(body):]):
		return nil, errPack("the checksum of the pack is wrong; push again")
	}
	return objects, nil
}

// packedObject is an object of a pack. It implements plumbing.EncodedObject, and nothing
// changes it.
type packedObject struct {
	hash         plumbing.Hash
	kind         plumbing.ObjectType
	data         []byte
	offset, next int           // of the object in its pack, and of what follows
	base         *packedObject // that the pack's delta changes; nil: the pack has the whole object
}

// unpacker reads a pack. A delta whose base comes later waits for it.
type unpacker struct {
	limits   bounds
	input    *bytes.Reader
	zlib     io.ReadCloser
	scratch  []byte // of the delta that is applied
	hasher   *plumbing.ObjectHasher
	bytes    int64
	deltas   int64
	byOffset map[int]*packedObject
	byHash   map[plumbing.Hash]*packedObject
	waiting  map[base][]delta
}

// base says which object a delta changes: the one at an offset, or the one with a hash.
type base struct {
	offset int
	hash   plumbing.Hash
}

// delta is the change of an object. Only its place in the pack is kept while it waits.
type delta struct {
	object *packedObject
	start  int   // of its compressed bytes
	size   int64 // decompressed
}

// next reads one object.
func (u *unpacker) next() (*packedObject, error) {
	o := &packedObject{offset: u.position()}
	kind, size, err := readHeader(u.input)
	if err != nil {
		return nil, errTruncated
	}
	if size > maxObjectBytes {
		return nil, errTooLarge
	}
	switch o.kind = plumbing.ObjectType(kind); o.kind {
	case plumbing.OFSDeltaObject, plumbing.REFDeltaObject:
		from, err := u.readBase(o)
		if err != nil {
			return nil, err
		}
		return o, u.readDelta(delta{o, u.position(), size}, from)
	case plumbing.CommitObject, plumbing.TreeObject, plumbing.BlobObject, plumbing.TagObject:
		return o, u.readWhole(o, size)
	}
	return nil, errPack("the pack has an object of an unknown type; push with a current git")
}

// readWhole reads an object that is no delta.
func (u *unpacker) readWhole(o *packedObject, size int64) (err error) {
	if err := u.count(&u.bytes, size, u.limits.bytes); err != nil {
		return err
	}
	if o.data, err = u.inflate(make([]byte, size)); err != nil {
		return err
	}
	o.next = u.position()
	return u.resolved(o)
}

var errTooLarge = errPack(fmt.Sprintf("an object has more than %d bytes; remove the large file", maxObjectBytes))

// readDelta reads a delta, and applies it if its base is there already.
func (u *unpacker) readDelta(d delta, from base) error {
	if err := u.count(&u.deltas, d.size, u.limits.deltas); err != nil {
		return err
	}
	change, err := u.readChange(d)
	if err != nil {
		return err
	}
	_, size, err := deltaSizes(change)
	if err == nil {
		err = u.count(&u.bytes, size, u.limits.bytes)
	}
	if err != nil {
		return err
	}
	d.object.next = u.position()
	parent := u.byOffset[from.offset]
	if from.offset == 0 {
		parent = u.byHash[from.hash]
	}
	if parent == nil {
		u.waiting[from] = append(u.waiting[from], d)
		return nil
	}
	if err := u.apply(d.object, parent, change); err != nil {
		return err
	}
	return u.resolved(d.object)
}

// readChange reads the bytes of a delta. They are valid until the next delta is read.
func (u *unpacker) readChange(d delta) ([]byte, error) {
	if int64(cap(u.scratch)) < d.size {
		u.scratch = make([]byte, d.size)
	}
	_, _ = u.input.Seek(int64(d.start), io.SeekStart) // within the pack
	return u.inflate(u.scratch[:d.size])
}

// apply makes an object from its base.
func (u *unpacker) apply(o, parent *packedObject, change []byte) (err error) {
	o.base, o.kind = parent, parent.kind
	o.data, err = applyDelta(parent.data, change)
	return err
}

// resolved computes the hash of an object, and applies the deltas that wait for it, and those
// that wait for them.
func (u *unpacker) resolved(first *packedObject) (err error) {
	at := u.position()
	for next := []*packedObject{first}; len(next) > 0; {
		o := next[len(next)-1]
		next = next[:len(next)-1]
		if o.hash, err = u.hasher.Compute(o.kind, o.data); err != nil {
			return fmt.Errorf("hash object: %w", err)
		}
		u.byOffset[o.offset] = o
		if u.byHash[o.hash] == nil {
			u.byHash[o.hash] = o
		}
		for _, key := range []base{{offset: o.offset}, {hash: o.hash}} {
			for _, d := range u.waiting[key] {
				change, err := u.readChange(d)
				if err == nil {
					err = u.apply(d.object, o, change)
				}
				if err != nil {
					return err
				}
				next = append(next, d.object)
			}
			delete(u.waiting, key)
		}
	}
	_, _ = u.input.Seek(int64(at), io.SeekStart) // within the pack
	return nil
}

// readBase reads which object a delta changes.
func (u *unpacker) readBase(o *packedObject) (base, error) {
	if o.kind == plumbing.OFSDeltaObject {
		back, err := readOffset(u.input)
		if err != nil || back <= 0 || back > int64(o.offset-packHeader) {
			return base{}, errTruncated
		}
		return base{offset: o.offset - int(back)}, nil
	}
	var sum [sha1.Size]byte
	if _, err := io.ReadFull(u.input, sum[:]); err != nil {
		return base{}, errTruncated
	}
	hash, _ := plumbing.FromBytes(sum[:]) // it has the right length
	return base{hash: hash}, nil
}

// count adds to a total that has a limit, before the memory is used.
func (u *unpacker) count(total *int64, size, limit int64) error {
	if *total += size; *total > limit {
		return errPack(fmt.Sprintf("the objects have more than %d bytes together; remove large files", limit))
	}
	for u.limits.reserve != nil && u.limits.reserved < u.bytes {
		if err := u.limits.reserve(reserveStep); err != nil {
			return err
		}
		u.limits.reserved += reserveStep
	}
	return nil
}

func (u *unpacker) position() int { return int(u.input.Size()) - u.input.Len() }

// inflate fills a buffer. A stream that has more or fewer bytes is refused.
func (u *unpacker) inflate(into []byte) ([]byte, error) {
	err := errors.ErrUnsupported
	if u.zlib == nil {
		u.zlib, err = zlib.NewReader(u.input)
	} else if z, ok := u.zlib.(zlib.Resetter); ok {
		err = z.Reset(u.input, nil)
	}
	if err != nil {
		return nil, errTruncated
	}
	if _, err := io.ReadFull(u.zlib, into); err != nil {
		return nil, errTruncated
	}
	if n, err := u.zlib.Read(make([]byte, 1)); n > 0 || !errors.Is(err, io.EOF) {
		return nil, errTruncated
	}
	return into, nil
}
