package configs

import (
	"bytes"
	"errors"
	"io"

	"github.com/go-git/go-git/v6/plumbing"
)

// Hash implements plumbing.EncodedObject.
func (o *packedObject) Hash() plumbing.Hash { return o.hash }

// Type implements plumbing.EncodedObject.
func (o *packedObject) Type() plumbing.ObjectType { return o.kind }

// SetType implements plumbing.EncodedObject. The type does not change.
func (*packedObject) SetType(plumbing.ObjectType) {}

// Size implements plumbing.EncodedObject.
func (o *packedObject) Size() int64 { return int64(len(o.data)) }

// SetSize implements plumbing.EncodedObject. The size does not change.
func (*packedObject) SetSize(int64) {}

// Reader implements plumbing.EncodedObject.
func (o *packedObject) Reader() (io.ReadCloser, error) {
	return io.NopCloser(bytes.NewReader(o.data)), nil
}

// Writer implements plumbing.EncodedObject. It returns an error.
func (*packedObject) Writer() (io.WriteCloser, error) {
	return nil, errors.New("an object of a pack does not change")
}
