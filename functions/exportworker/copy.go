package exportworker

import (
	"context"
	"fmt"

	"cloud.google.com/go/firestore"
	"cloud.google.com/go/storage"
	"golang.org/x/sync/errgroup"

	"github.com/strongroom-dev/strongroom/shared/bucket"
	"github.com/strongroom-dev/strongroom/shared/export"
	"github.com/strongroom-dev/strongroom/shared/grant"
	"github.com/strongroom-dev/strongroom/shared/records"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// maxConcurrentCopies limits how many objects one part copies at a time. A copy is a
// call of Cloud Storage, which moves the bytes.
const maxConcurrentCopies = 16

// copiedType is the content type of copies. The runner's own is in the row: a copy
// must not be displayed by a browser that opens its URL.
const copiedType = "application/octet-stream"

// copyParts writes the rows of the parts of outputs in the range, and copies the
// objects of those that are stored.
func (t *task) copyParts(ctx context.Context, file *rowsFile) (rest export.Range, more bool, copies []export.File, err error) {
	grants, rest, more, err := t.readGrants(ctx)
	if err != nil {
		return rest, false, nil, err
	}
	if err := t.copyObjects(ctx, grants); err != nil {
		return rest, false, nil, err
	}
	files := assembly{first: int(t.part.Range.Begin), offset: t.part.Range.End}
	if files.first > 0 {
		files.next, _ = grant.ParseObject(t.part.Range.From)
	}
	for _, g := range grants {
		copied := files.add(g)
		if err := file.add(export.NewPartRow(g, copied)); err != nil {
			return rest, false, nil, err
		}
		if copied != nil {
			copies = append(copies, *copied)
		}
	}
	if more && files.next.Name() == rest.From {
		rest.Begin, rest.End = int64(files.first), files.offset
	}
	return rest, more, copies, nil
}

// readGrants reads the grants of the range until it or a limit ends. It returns the
// rest of the range, and whether there may be more grants in it. The limits depend on
// the grants only, so whoever reads them again stops at the same one.
func (t *task) readGrants(ctx context.Context) (grants []grant.Grant, rest export.Range, more bool, err error) {
	rest = export.Range{From: t.part.Range.From, To: t.part.Range.To}
	copies, copied := 0, int64(0)
	more, err = t.readDocuments(ctx, t.grants(rest), func(doc *firestore.DocumentSnapshot) (bool, error) {
		g, err := records.Decode[grant.Grant](doc)
		if err != nil {
			return false, malformed(err)
		}
		rest.From = after(g.Object())
		if t.isBefore(doc) {
			return false, nil
		}
		grants = append(grants, g)
		if g.State == grant.Stored {
			copies, copied = copies+1, copied+g.Stored.Size
		}
		return copies == t.limits.copies || copied >= t.limits.copied, nil
	})
	return grants, rest, more, err
}

// copyObjects copies the objects of the grants that are stored. It changes the state of
// a grant whose object cannot be copied.
func (t *task) copyObjects(ctx context.Context, grants []grant.Grant) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(maxConcurrentCopies)
	for i := range grants {
		if grants[i].State == grant.Stored {
			group.Go(func() error { return t.copyObject(ctx, &grants[i]) })
		}
	}
	return group.Wait()
}

// copyObject copies the object of a grant in the generation that the grant names. A
// copy that exists is that of an earlier attempt, so it has the same bytes. The grant
// becomes missing if the object does not exist any more.
func (t *task) copyObject(ctx context.Context, g *grant.Grant) error {
	if g.Disputed {
		if err := t.resolveDispute(ctx, g); err != nil || g.State != grant.Stored {
			return err
		}
	}
	stored, err := t.storedObject(ctx, g)
	if err != nil {
		return err
	}
	source := stored.Generation(g.Stored.Generation)
	target := t.bucket.Object(string(t.export.ID) + "/" + export.NewCopy(*g, export.Copy{}).Name)
	attrs, err := bucket.Copy(ctx, target, source, copiedType)
	switch {
	case bucket.IsMissing(err):
		g.State = grant.Missing
	case err != nil:
		return err
	case attrs != nil && (attrs.Size != g.Stored.Size || attrs.CRC32C != g.Stored.CRC32C):
		g.State = grant.Quarantined
	}
	return nil
}

// storedObject returns the object of a grant, in the bucket of its run.
func (t *task) storedObject(ctx context.Context, g *grant.Grant) (*storage.ObjectHandle, error) {
	source, err := t.tenantsBucket(ctx, tenant.Outputs, g.Bucket)
	if err != nil {
		return nil, err
	}
	return source.Object(g.Object().Name()), nil
}

// resolveDispute asks the bucket which object a grant has whose notifications
// contradict each other. The bucket returns its properties, not its bytes.
func (t *task) resolveDispute(ctx context.Context, g *grant.Grant) error {
	stored, err := t.storedObject(ctx, g)
	if err != nil {
		return err
	}
	attrs, err := stored.Attrs(ctx)
	if bucket.IsMissing(err) {
		g.State = grant.Missing
		return nil
	}
	if err != nil {
		return fmt.Errorf("read the properties of a disputed object: %w", err)
	}
	live := grant.Finalized{Generation: attrs.Generation, Size: attrs.Size, CRC32C: attrs.CRC32C, ContentType: attrs.ContentType, Time: attrs.Created}
	g.Stored = &live
	if bucket.HasUnsignedMetadata(attrs) || !g.Declared.Allows(live) {
		g.State = grant.Quarantined
	}
	return nil
}

// assembly tracks the file that the parts of an output are assembled into.
type assembly struct {
	next   grant.Object // the object that would continue the file
	first  int          // number of the file's first part
	offset int64        // where next begins in the file, in bytes
}

// add returns the copy of a part, or nil if it is not copied. The parts come in order.
func (a *assembly) add(g grant.Grant) *export.File {
	if g.State != grant.Stored {
		return nil
	}
	o := g.Object()
	if o != a.next {
		a.first, a.offset = g.Part, 0
	}
	f := export.NewCopy(g, export.Copy{Generation: g.Stored.Generation, First: a.first, Offset: a.offset})
	a.offset += g.Stored.Size
	o.Part++
	a.next = o
	return &f
}
