package configs

import (
	"errors"
	"io"

	"github.com/go-git/go-git/v6/plumbing"
	"github.com/go-git/go-git/v6/storage/memory"
)

// quarantine is the storer of one push. What is pushed stays apart from the repository, in
// memory only, until the reference moves. While the pack is unpacked, the repository is
// hidden: a pack must be complete in itself.
type quarantine struct {
	*memory.Storage                                    // what is pushed, and the references
	base            *memory.Storage                    // the repository
	unpacked        bool                               // base is visible
	move            func(to, from plumbing.Hash) error // moves main
}

// PackfileWriter implements storer.PackfileWriter. The pack is unpacked already, so go-git
// does not do it again.
func (*quarantine) PackfileWriter() (io.WriteCloser, error) { return discard{}, nil }

// discard writes nothing.
type discard struct{}

// Write implements io.Writer.
func (discard) Write(p []byte) (int, error) { return len(p), nil }

// Close implements io.Closer.
func (discard) Close() error { return nil }

var errNotAllowed = errors.New("only refs/heads/main can be moved")

// EncodedObject implements storer.EncodedObjectStorer.
func (q *quarantine) EncodedObject(t plumbing.ObjectType, h plumbing.Hash) (plumbing.EncodedObject, error) {
	o, err := q.Storage.EncodedObject(t, h)
	if err != nil && q.unpacked {
		return q.base.EncodedObject(t, h)
	}
	return o, err
}

// HasEncodedObject implements storer.EncodedObjectStorer.
func (q *quarantine) HasEncodedObject(h plumbing.Hash) error {
	err := q.Storage.HasEncodedObject(h)
	if err != nil && q.unpacked {
		return q.base.HasEncodedObject(h)
	}
	return err
}

// EncodedObjectSize implements storer.EncodedObjectStorer.
func (q *quarantine) EncodedObjectSize(h plumbing.Hash) (int64, error) {
	n, err := q.Storage.EncodedObjectSize(h)
	if err != nil && q.unpacked {
		return q.base.EncodedObjectSize(h)
	}
	return n, err
}

// SetReference implements storer.ReferenceStorer. It creates main.
func (q *quarantine) SetReference(ref *plumbing.Reference) error {
	return q.CheckAndSetReference(ref, nil)
}

// CheckAndSetReference implements storer.ReferenceStorer.
func (q *quarantine) CheckAndSetReference(ref, old *plumbing.Reference) error {
	if ref == nil || ref.Name() != mainBranch || !q.unpacked {
		return errNotAllowed
	}
	from := plumbing.ZeroHash
	if old != nil {
		from = old.Hash()
	}
	return q.move(ref.Hash(), from)
}

// RemoveReference implements storer.ReferenceStorer.
func (q *quarantine) RemoveReference(plumbing.ReferenceName) error { return errNotAllowed }
