package tenant

import (
	"errors"
	"fmt"
	"slices"

	"github.com/strongroom-dev/strongroom/shared/lazyregexp"
)

// bucketName follows cloud.google.com/storage/docs/buckets#naming.
var bucketName = lazyregexp.New(`^[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]$`)

// MaxEarlierBuckets limits how often the storage of a tenant can change.
const MaxEarlierBuckets = 20

// ErrForeignBucket is the error of a bucket that is not the tenant's.
var ErrForeignBucket = errors.New("the bucket is not of the tenant")

// ValidBucket reports whether name can be the name of a bucket.
func ValidBucket(name string) bool { return bucketName.MatchString(name) }

// OutputsBuckets returns the outputs buckets of the tenant, the oldest first and the one of new
// runs last.
func (r Record) OutputsBuckets() []string {
	return append(slices.Clone(r.EarlierOutputsBuckets), r.OutputsBucket)
}

// BucketOfRun returns the bucket of a run's output. remembered is what the run, or the grant of
// one of its parts, has as its bucket. It is empty if they are older than this memory: their
// bucket is the first one that the tenant had. The error is ErrForeignBucket if the bucket is
// not one of the tenant's.
func (r Record) BucketOfRun(remembered string) (string, error) {
	all := r.OutputsBuckets()
	if remembered == "" {
		return all[0], nil
	}
	if !slices.Contains(all, remembered) {
		return "", fmt.Errorf("bucket %s of tenant %s: %w", remembered, r.ID, ErrForeignBucket)
	}
	return remembered, nil
}

// IsCustomers reports whether a bucket is in the customer's project, where the platform can
// neither hold nor erase anything.
func (r Record) IsCustomers(bucket string) bool { return slices.Contains(r.CustomerBuckets, bucket) }

// ManagedBuckets returns the buckets with the tenant's data that the platform manages: the
// outputs buckets, oldest first, then configurations and exports. It leaves out the customer's.
func (r Record) ManagedBuckets() []string {
	all := append(r.OutputsBuckets(), r.ConfigsBucket, r.ExportsBucket)
	return slices.DeleteFunc(all, r.IsCustomers)
}

// KeyOfStorage returns the key that encrypts new output.
func (r Record) KeyOfStorage() string {
	if r.IsCustomers(r.OutputsBucket) && r.StorageKeyName != "" {
		return r.StorageKeyName
	}
	return r.KeyName
}

// validateStorage makes sure that a bucket has one meaning, and that the customer's buckets are
// buckets of the record.
func (r Record) validateStorage() error {
	var errs []error
	if len(r.EarlierOutputsBuckets) > MaxEarlierBuckets {
		errs = append(errs, fmt.Errorf("earlierOutputsBuckets has more than %d buckets", MaxEarlierBuckets))
	}
	all := r.OutputsBuckets()
	for i, bucket := range all[:len(all)-1] {
		switch {
		case !ValidBucket(bucket):
			errs = append(errs, fmt.Errorf("earlierOutputsBuckets: %q is not the name of a bucket", bucket))
		case slices.Contains(all[i+1:], bucket):
			errs = append(errs, fmt.Errorf("earlierOutputsBuckets: %s is there twice, or is the outputs bucket", bucket))
		}
	}
	if r.StorageKeyName != "" && len(r.CustomerBuckets) == 0 {
		errs = append(errs, errors.New("storageKeyName is the key of the customer's buckets, and customerBuckets has none"))
	}
	for _, bucket := range r.CustomerBuckets {
		if !slices.Contains(all, bucket) && bucket != r.ExportsBucket {
			errs = append(errs, fmt.Errorf("customerBuckets: %s is no outputs or exports bucket of the tenant", bucket))
		}
	}
	return errors.Join(errs...)
}
