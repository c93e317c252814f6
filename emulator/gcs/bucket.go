package gcs

import (
	"regexp"
	"time"
)

// Bucket is a bucket with what of it is modelled. Access is uniform. The zero
// Bucket has no name and cannot be created.
type Bucket struct {
	Name              string            `json:"name"`                        // 3 to 63 of a-z, 0-9, "-", "_", "."
	Location          string            `json:"location"`                    // empty: US
	StorageClass      string            `json:"storageClass"`                // empty: STANDARD
	DefaultKMSKeyName string            `json:"defaultKmsKeyName,omitempty"` // projects/…/cryptoKeys/…; empty: a key of the emulator's own
	RetentionPeriod   time.Duration     `json:"retentionPeriod,omitempty"`   // no object is replaced or deleted younger; zero: no policy
	SoftDelete        time.Duration     `json:"softDelete,omitempty"`        // kept as a setting only
	PublicPrevention  string            `json:"publicAccessPrevention"`      // kept as a setting only; empty: enforced
	Labels            map[string]string `json:"labels,omitempty"`

	// NotificationTopic takes OBJECT_FINALIZE, OBJECT_METADATA_UPDATE and
	// OBJECT_DELETE: projects/P/topics/T; empty: nobody is told.
	NotificationTopic string `json:"notificationTopic,omitempty"`
	// NotificationEvents narrows NotificationTopic to these event types; empty: all.
	NotificationEvents []string `json:"notificationEvents,omitempty"`

	ProjectID      string    `json:"projectId,omitempty"`
	Metageneration int64     `json:"metageneration"` // set by the server
	Created        time.Time `json:"created"`        // set by the server
	Updated        time.Time `json:"updated"`        // set by the server
}

// cloud.google.com/storage/docs/buckets#naming, without names of domains.
var bucketName = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{1,61}[a-z0-9]$`)

// CreateBucket makes a bucket, as the JSON API's insert does, without asking
// who wants it. An error says that the name is invalid or taken.
func (s *Server) CreateBucket(b Bucket) error {
	if !bucketName.MatchString(b.Name) {
		return refuse(invalidBucketName, "Invalid bucket name: %q", b.Name)
	}
	b.Location = orDefault(b.Location, "US")
	b.StorageClass = orDefault(b.StorageClass, "STANDARD")
	b.PublicPrevention = orDefault(b.PublicPrevention, "enforced")
	b.Metageneration = 1
	b.Created = s.config.Clock.Now().UTC()
	b.Updated = b.Created
	return s.store.createBucket(b)
}

// Bucket gives a bucket by name. The error of an unknown one is a refusal with
// Google's code NoSuchBucket.
func (s *Server) Bucket(name string) (Bucket, error) { return s.store.bucket(name) }

func orDefault(value, otherwise string) string {
	if value == "" {
		return otherwise
	}
	return value
}
