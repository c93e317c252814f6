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

// Component is what is in a bucket that can be the customer's, and the bucket's label
// "component". The zero Component is not valid.
type Component string

// The components.
const (
	Outputs Component = "outputs" // output of runs
	Exports Component = "exports" // files of exports
)

// Buckets returns the buckets of a component, the oldest first and the one of new runs or exports
// last. After a change, a run or an export stays in its bucket.
func (r Record) Buckets(c Component) []string {
	if c == Exports {
		return append(slices.Clone(r.EarlierExportsBuckets), r.ExportsBucket)
	}
	return append(slices.Clone(r.EarlierOutputsBuckets), r.OutputsBucket)
}

// Bucket returns the bucket of new runs or exports.
func (r Record) Bucket(c Component) string {
	all := r.Buckets(c)
	return all[len(all)-1]
}

// BucketOf returns the bucket of a run's output or of an export's files. remembered is what the
// run, the grant of one of its parts, or the export has as its bucket. It is empty if they are
// older than this memory: their bucket is the first one that the tenant had. The error is
// ErrForeignBucket if the bucket is not one of the tenant's for this component.
func (r Record) BucketOf(c Component, remembered string) (string, error) {
	all := r.Buckets(c)
	if remembered == "" {
		return all[0], nil
	}
	if !slices.Contains(all, remembered) {
		return "", fmt.Errorf("%s bucket %s of tenant %s: %w", c, remembered, r.ID, ErrForeignBucket)
	}
	return remembered, nil
}

// IsCustomers reports whether a bucket is in the customer's project, where the platform can
// neither hold nor erase anything.
func (r Record) IsCustomers(bucket string) bool { return slices.Contains(r.CustomerBuckets, bucket) }

// ManagedBuckets returns the buckets with the tenant's data that the platform manages: the
// outputs buckets, oldest first, then that of configurations, then the exports buckets. It leaves
// out the customer's.
func (r Record) ManagedBuckets() []string {
	all := slices.Concat(r.Buckets(Outputs), []string{r.ConfigsBucket}, r.Buckets(Exports))
	return slices.DeleteFunc(all, r.IsCustomers)
}

// KeyOf returns the key that encrypts new objects of a component.
func (r Record) KeyOf(c Component) string {
	if r.IsCustomers(r.Bucket(c)) && r.StorageKeyName != "" {
		return r.StorageKeyName
	}
	return r.KeyName
}

// validateStorage makes sure that a bucket has one meaning, and that the customer's buckets are
// buckets of the record.
func (r Record) validateStorage() error {
	errs := []error{
		validateEarlier("earlierOutputsBuckets", r.Buckets(Outputs)), validateEarlier("earlierExportsBuckets", r.Buckets(Exports)),
	}
	if r.StorageKeyName != "" && len(r.CustomerBuckets) == 0 {
		errs = append(errs, errors.New("storageKeyName is the key of the customer's buckets, and customerBuckets has none"))
	}
	for _, bucket := range r.CustomerBuckets {
		switch outputs, exports := slices.Contains(r.Buckets(Outputs), bucket), slices.Contains(r.Buckets(Exports), bucket); {
		case outputs && exports:
			errs = append(errs, fmt.Errorf("customerBuckets: %s is a bucket of outputs and of exports; use two buckets", bucket))
		case !outputs && !exports:
			errs = append(errs, fmt.Errorf("customerBuckets: %s is no outputs or exports bucket of the tenant", bucket))
		}
	}
	return errors.Join(errs...)
}

// validateEarlier validates the buckets of a component, of which the last one is the present one.
// field is the field of the earlier ones.
func validateEarlier(field string, all []string) error {
	var errs []error
	earlier := all[:len(all)-1]
	if len(earlier) > MaxEarlierBuckets {
		errs = append(errs, fmt.Errorf("%s has more than %d buckets", field, MaxEarlierBuckets))
	}
	for i, bucket := range earlier {
		switch {
		case !ValidBucket(bucket):
			errs = append(errs, fmt.Errorf("%s: %q is not the name of a bucket", field, bucket))
		case slices.Contains(all[i+1:], bucket):
			errs = append(errs, fmt.Errorf("%s: %s is there twice, or is the present bucket", field, bucket))
		}
	}
	return errors.Join(errs...)
}
