package offboarding

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"cloud.google.com/go/firestore"
	"cloud.google.com/go/kms/apiv1/kmspb"
	"cloud.google.com/go/storage"
	"golang.org/x/sync/errgroup"
	"google.golang.org/api/googleapi"
	"google.golang.org/api/iterator"

	"github.com/strongroom-dev/strongroom/shared/bucket"
	"github.com/strongroom-dev/strongroom/shared/offboard"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// kept are the collections of the tenant that are not deleted: the audit log, and the
// offboarding itself.
var kept = []string{"audit", "auditTrees", "auditCosignatures", "auditDelivery", offboard.Collection}

const (
	concurrent = 16  // objects that are deleted at the same time
	perBatch   = 200 // documents of one commit
)

// stores counts what each store has now. The documents of the tenant are the last one.
func (j *job) stores(ctx context.Context) (all []offboard.Store, err error) {
	for _, name := range j.tenant.ManagedBuckets() {
		s := offboard.Store{Name: name, What: j.what(name)}
		if s, err = j.countObjects(ctx, s); err != nil {
			return nil, err
		}
		all = append(all, s)
	}
	s := offboard.Store{Name: documentsOf(j.tenant), What: "documents of the tenant, and of its workspaces", Documents: true, Erases: true}
	sum := sha256.New()
	err = j.eachDocument(ctx, func(ref *firestore.DocumentRef) error {
		s.Found++
		fmt.Fprintf(sum, "%s\n", ref.Path)
		return nil
	})
	s.Digest = hex.EncodeToString(sum.Sum(nil))
	return append(all, s), err
}

// what says what a bucket has.
func (j *job) what(bucket string) string {
	switch {
	case bucket == j.tenant.ConfigsBucket:
		return "configurations"
	case slices.Contains(j.tenant.Buckets(tenant.Exports), bucket):
		return "exports"
	}
	return "output of runs"
}

// documentsOf names the tenant's documents, and the database if it is the tenant's own.
func documentsOf(t tenant.Record) string {
	name := "tenants/" + string(t.ID)
	if t.DatabaseID == "" {
		return name
	}
	return "projects/" + t.ProjectID + "/databases/" + t.DatabaseID + "/documents/" + name
}

func (j *job) countObjects(ctx context.Context, s offboard.Store) (offboard.Store, error) {
	s.Erases = true
	sum := sha256.New()
	err := j.eachObject(ctx, s.Name, func(o *storage.ObjectAttrs) error {
		s.Found++
		s.Bytes += o.Size
		fmt.Fprintf(sum, "%s %d %08x\n", o.Name, o.Generation, o.CRC32C)
		return nil
	})
	s.Digest = hex.EncodeToString(sum.Sum(nil))
	return s, err
}

func (j *job) eachObject(ctx context.Context, bucketName string, visit func(*storage.ObjectAttrs) error) error {
	query := &storage.Query{Projection: storage.ProjectionNoACL}
	if err := query.SetAttrSelection([]string{"Name", "Size", "Generation", "CRC32C", "RetentionExpirationTime"}); err != nil {
		return fmt.Errorf("list objects: %w", err)
	}
	objects := j.storage.Bucket(bucketName).Objects(ctx, query)
	for {
		o, err := objects.Next()
		if errors.Is(err, iterator.Done) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("list the objects of %s: %w", bucketName, err)
		}
		if err := visit(o); err != nil {
			return err
		}
	}
}

// retainedUntil returns when the retention of the last object ends.
func (j *job) retainedUntil(ctx context.Context) (until time.Time, err error) {
	for _, s := range j.progress.Stores {
		if s.Documents {
			continue
		}
		err := j.eachObject(ctx, s.Name, func(o *storage.ObjectAttrs) error {
			if o.RetentionExpirationTime.After(until) {
				until = o.RetentionExpirationTime
			}
			return nil
		})
		if err != nil {
			return until, err
		}
	}
	return until, nil
}

// deleteObjects deletes the objects of each bucket.
func (j *job) deleteObjects(ctx context.Context) (string, error) {
	if waits, err := j.allowed(ctx); waits != "" || err != nil {
		return waits, err
	}
	if err := j.announce(ctx); err != nil {
		return "", err
	}
	for i, s := range j.progress.Stores {
		if s.Documents {
			continue
		}
		if waits, err := j.emptyBucket(ctx, s.Name); waits != "" || err != nil {
			return waits, err
		}
		j.deleted(i, j.now())
	}
	return "", nil
}

func (j *job) emptyBucket(ctx context.Context, name string) (string, error) {
	group, deleting := errgroup.WithContext(ctx)
	group.SetLimit(concurrent)
	late := false
	var retained atomic.Bool
	errLate := errors.New("the time is over")
	err := j.eachObject(ctx, name, func(o *storage.ObjectAttrs) error {
		if late = !j.now().Before(j.end); late {
			return errLate
		}
		group.Go(func() error {
			err := j.storage.Bucket(name).Object(o.Name).Delete(deleting)
			if refused := (*googleapi.Error)(nil); errors.As(err, &refused) && refused.Code == http.StatusForbidden {
				retained.Store(true) // by a retention policy, or by an object hold that is not released yet
				return nil
			}
			if err != nil && !bucket.IsMissing(err) {
				return fmt.Errorf("delete an object of %s: %w", name, err)
			}
			return nil
		})
		return nil
	})
	if err := group.Wait(); err != nil {
		return "", err
	}
	if late {
		j.result.More = true
		return offboard.Time, nil
	}
	if err == nil && retained.Load() {
		return offboard.Retained, nil
	}
	return "", err
}

// deleteDocuments deletes all documents of the tenant that are not kept.
func (j *job) deleteDocuments(ctx context.Context) (string, error) {
	if waits, err := j.allowed(ctx); waits != "" || err != nil {
		return waits, err
	}
	if err := j.announce(ctx); err != nil {
		return "", err
	}
	var batch []*firestore.DocumentRef
	flush := func() error {
		err := j.deleteBatch(ctx, batch)
		batch = nil
		return err
	}
	err := j.eachDocument(ctx, func(ref *firestore.DocumentRef) error {
		if batch = append(batch, ref); len(batch) < perBatch {
			return nil
		}
		return flush()
	})
	if err := errors.Join(err, flush()); err != nil {
		return "", err
	}
	for i, s := range j.progress.Stores {
		if s.Documents {
			j.deleted(i, j.now())
		}
	}
	return "", nil
}

func (j *job) deleteBatch(ctx context.Context, refs []*firestore.DocumentRef) error {
	if len(refs) == 0 {
		return nil
	}
	err := j.db.RunTransaction(ctx, func(_ context.Context, tx *firestore.Transaction) error {
		for _, ref := range refs {
			if err := tx.Delete(ref); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("delete documents: %w", err)
	}
	return nil
}

// eachDocument visits each document below the tenant that exists and is not kept, the deepest
// first.
func (j *job) eachDocument(ctx context.Context, visit func(*firestore.DocumentRef) error) error {
	return eachBelow(ctx, j.db.Collection("tenants").Doc(string(j.tenant.ID)), kept, visit)
}

func eachBelow(ctx context.Context, parent *firestore.DocumentRef, except []string, visit func(*firestore.DocumentRef) error) error {
	collections, err := parent.Collections(ctx).GetAll()
	if err != nil {
		return fmt.Errorf("list collections: %w", err)
	}
	for _, c := range collections {
		if slices.Contains(except, c.ID) {
			continue
		}
		refs, err := c.DocumentRefs(ctx).GetAll() // also of documents that do not exist and have others below them
		if err != nil {
			return fmt.Errorf("list the documents of %s: %w", c.ID, err)
		}
		for _, ref := range refs {
			if err := eachBelow(ctx, ref, nil, visit); err != nil {
				return err
			}
		}
		docs, err := c.Select().Documents(ctx).GetAll()
		if err != nil {
			return fmt.Errorf("list the documents of %s: %w", c.ID, err)
		}
		for _, doc := range docs {
			if err := visit(doc.Ref); err != nil {
				return err
			}
		}
	}
	return nil
}

// versions returns the versions of the tenant's key.
func (j *job) versions(ctx context.Context) (all []*kmspb.CryptoKeyVersion, err error) {
	versions := j.kms.ListCryptoKeyVersions(ctx, &kmspb.ListCryptoKeyVersionsRequest{Parent: j.tenant.KeyName})
	for {
		v, err := versions.Next()
		if errors.Is(err, iterator.Done) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("list the versions of the key: %w", err)
		}
		all = append(all, v)
	}
	slices.SortFunc(all, func(a, b *kmspb.CryptoKeyVersion) int { return strings.Compare(a.GetName(), b.GetName()) })
	return all, nil
}
