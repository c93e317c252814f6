package outputs

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"net/http"
	"slices"
	"time"

	"cloud.google.com/go/firestore"

	"github.com/strongroom-dev/strongroom/shared/access"
	"github.com/strongroom-dev/strongroom/shared/api"
	"github.com/strongroom-dev/strongroom/shared/dataclass"
	"github.com/strongroom-dev/strongroom/shared/gcp"
	"github.com/strongroom-dev/strongroom/shared/records"
	"github.com/strongroom-dev/strongroom/shared/run"
)

// packedParts is the number of parts in one document of a packed index. A part takes
// at most 40 bytes, so a document has at most 400 KB, within Firestore's 1 MiB.
const packedParts = 10000

// maxPacked is the number of documents of the largest packed index.
const maxPacked = 10

const packedCollection = records.IndexesCollection

var _ = dataclass.Stored[packedIndex]("tenants/{tenant}/workspaces/{workspace}/" + records.RunsCollection + "/{run}/" + packedCollection + "/{index}")

// packedIndex is one document of the index of an output. The parts that it has never
// change, so an index of fewer parts is the beginning of an index of more.
type packedIndex struct {
	ContentType string `firestore:"contentType" class:"operational"`
	Total       int    `firestore:"total" class:"operational"`  // number of parts in all documents of the index
	Final       bool   `firestore:"final" class:"operational"`  // the uploads of the run were final
	First       int    `firestore:"first" class:"operational"`  // number of the first part in this document, from 1
	Offset      int64  `firestore:"offset" class:"operational"` // of that part's first byte, within the output
	Parts       []byte `firestore:"parts" class:"operational"`  // see packParts

	ExpireTime time.Time `firestore:"expireTime,omitempty" class:"operational"` // as of its run; see package retention
}

// packParts returns the generation, the size, and the counted and the declared number
// of lines of each part, as varints. The numbers of lines are one more, so that zero
// means unknown.
func packParts(parts []part) []byte {
	var b []byte
	for _, p := range parts {
		b = binary.AppendUvarint(b, uint64(p.generation))
		b = binary.AppendUvarint(b, uint64(p.size))
		b = binary.AppendUvarint(b, uint64(p.lines+1))
		b = binary.AppendUvarint(b, uint64(p.declared+1))
	}
	return b
}

var errPacked = errors.New("the packed index cannot be decoded")

// unpack returns the parts of a document.
func (x packedIndex) unpack() ([]part, error) {
	var parts []part
	offset := x.Offset
	for b := x.Parts; len(b) > 0; {
		var values [4]int64
		for i := range values {
			v, n := binary.Uvarint(b)
			if n <= 0 || int64(v) < 0 {
				return nil, errPacked
			}
			values[i], b = int64(v), b[n:]
		}
		p := part{
			number: x.First + len(parts), generation: values[0], offset: offset,
			size: values[1], lines: values[2] - 1, declared: values[3] - 1,
		}
		if offset += p.size; offset < 0 || len(parts) == packedParts {
			return nil, errPacked
		}
		parts = append(parts, p)
	}
	return parts, nil
}

// pack returns the documents of an index.
func (x *index) pack(final bool) []packedIndex {
	docs := []packedIndex{}
	for chunk := range slices.Chunk(x.parts, packedParts) {
		docs = append(docs, packedIndex{
			ContentType: x.contentType, Total: len(x.parts), Final: final,
			First: chunk[0].number, Offset: chunk[0].offset, Parts: packParts(chunk),
		})
	}
	if len(docs) == 0 {
		docs = append(docs, packedIndex{ContentType: x.contentType, Final: final, First: 1, Parts: []byte{}})
	}
	return docs
}

// packedRef returns the reference of the n-th document of an output's index.
func packedRef(s access.Session, id run.ID, output string, n int) *firestore.DocumentRef {
	runRef := records.NewRunRef(s.DB, s.Tenant.ID, s.Workspace, id).Record
	return runRef.Collection(packedCollection).Doc(fmt.Sprintf("%s.%02d", output, n))
}

// storePacked stores the documents of an index, unless the stored one has more parts.
func (v *view) storePacked(ctx context.Context, docs []packedIndex) error {
	if len(docs) == 0 {
		return nil
	}
	err := gcp.Transact(ctx, v.session.DB, func(_ context.Context, tx *firestore.Transaction) error {
		stored, err := tx.GetAll([]*firestore.DocumentRef{packedRef(v.session, v.run.ID, v.index.name, 0)})
		if err != nil {
			return err
		}
		before, err := decodePacked(stored[0])
		if err != nil || before.Total > docs[0].Total || before.Final && before.Total == docs[0].Total {
			return err
		}
		for n, doc := range docs {
			doc.ExpireTime = v.run.ExpireTime
			if err := tx.Set(packedRef(v.session, v.run.ID, v.index.name, n), doc); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("store packed index: %w", err)
	}
	return nil
}

func decodePacked(doc *firestore.DocumentSnapshot) (packedIndex, error) {
	var x packedIndex
	if !doc.Exists() {
		return x, nil
	}
	if err := doc.DataTo(&x); err != nil {
		return x, fmt.Errorf("read packed index: %w", err)
	}
	return x, nil
}

// readPacked reads documents of an index, from the first to the last.
func (v *view) readPacked(ctx context.Context, first, last int) ([]packedIndex, error) {
	var refs []*firestore.DocumentRef
	for n := first; n <= last; n++ {
		refs = append(refs, packedRef(v.session, v.run.ID, v.index.name, n))
	}
	docs, err := v.session.DB.GetAll(ctx, refs)
	if err != nil {
		return nil, fmt.Errorf("read packed index: %w", err)
	}
	all := make([]packedIndex, len(docs))
	for i, doc := range docs {
		if all[i], err = decodePacked(doc); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// addPacked adds the parts of documents to the view's index.
func (v *view) addPacked(docs []packedIndex) error {
	for _, doc := range docs {
		parts, err := doc.unpack()
		if err != nil {
			return err
		}
		v.index.parts = append(v.index.parts, parts...)
	}
	return nil
}

// sumOf identifies the objects that parts name, by a checksum. Numbers of lines are not
// in it, because they are counted later.
func sumOf(parts []part) uint32 {
	var b []byte
	for _, p := range parts {
		b = binary.AppendUvarint(b, uint64(p.generation))
		b = binary.AppendUvarint(b, uint64(p.size))
	}
	return crc32.Checksum(b, castagnoli)
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// loadUnder adds the parts that the view's token names to its index, from the first to the
// last document. It reads only the documents that this instance has not cached.
func (v *view) loadUnder(ctx context.Context, first, last int) error {
	t, all := v.index.under, make([][]part, last-first+1)
	for n := first; n <= last; n++ {
		parts, ok := v.handler.indexes.get(v.cachedDocument(n))
		if !ok {
			read, err := v.readUnder(ctx, n, t.Documents[n])
			if err != nil {
				return err
			}
			parts = read
		}
		all[n-first] = parts
	}
	v.index.parts = slices.Concat(all...)
	return nil
}

// readUnder reads the parts of a document that the view's token names.
func (v *view) readUnder(ctx context.Context, n int, named viewDocument) ([]part, error) {
	docs, err := v.readPacked(ctx, n, n)
	if err != nil {
		return nil, err
	}
	parts, err := docs[0].unpack()
	if err != nil {
		return nil, err
	}
	if len(parts) < named.Parts || sumOf(parts[:named.Parts]) != named.Sum {
		return nil, api.Refuse(http.StatusGone, api.ViewEndedText) // the parts were stored again after the view opened
	}
	parts = slices.Clip(parts[:named.Parts])
	v.handler.indexes.put(v.cachedDocument(n), parts)
	return parts, nil
}

// cachedDocument returns the name of the n-th document that the view's token names.
func (v *view) cachedDocument(n int) cachedDocument {
	named := v.index.under.Documents[n]
	return cachedDocument{
		path:  packedRef(v.session, v.run.ID, v.index.name, n).Path,
		parts: named.Parts,
		sum:   named.Sum,
	}
}

// cacheCounts adds the counted newlines to the documents that this instance has cached.
func (v *view) cacheCounts() {
	if v.index.under == nil || len(v.counts) == 0 {
		return
	}
	for n, named := range v.index.under.Documents {
		first := n * packedParts // parts are numbered from 1; lines are read with all documents
		if first+named.Parts <= len(v.index.parts) {
			v.handler.indexes.put(v.cachedDocument(n), slices.Clone(v.index.parts[first:first+named.Parts]))
		}
	}
}

// saveCountsInIndex adds the counted newlines to the documents of the packed index,
// in the transaction tx. It must be called before the transaction writes. It returns
// the function that writes.
func (v *view) saveCountsInIndex(tx *firestore.Transaction) (write func() error, err error) {
	refs := map[int]*firestore.DocumentRef{}
	for _, c := range v.counts {
		n := (c.part - 1) / packedParts
		refs[n] = packedRef(v.session, v.run.ID, v.index.name, n)
	}
	changed := map[*firestore.DocumentRef][]byte{}
	for _, ref := range refs {
		docs, err := tx.GetAll([]*firestore.DocumentRef{ref})
		if err != nil {
			return nil, err
		}
		x, err := decodePacked(docs[0])
		if err != nil {
			return nil, err
		}
		parts, err := x.unpack()
		if err != nil {
			return nil, err
		}
		for _, c := range v.counts {
			i := c.part - x.First
			if i >= 0 && i < len(parts) && parts[i].generation == c.count.Generation {
				parts[i].lines = c.count.Lines
			}
		}
		changed[ref] = packParts(parts)
	}
	return func() error {
		for ref, parts := range changed {
			if err := tx.Update(ref, []firestore.Update{{Path: "parts", Value: parts}}); err != nil {
				return err
			}
		}
		return nil
	}, nil
}
