package gcs

import (
	"regexp"
	"time"
)

// Bucket is a bucket with the settings that are modeled. Access is uniform. The zero
// Bucket has no name and cannot be created.
type Bucket struct {
	Name              string            `json:"name"`                        // 3 to 63 characters of a-z, 0-9, "-", "_" and "."
	Location          string            `json:"location"`                    // empty: US
	StorageClass      string            `json:"storageClass"`                // empty: STANDARD
	DefaultKMSKeyName string            `json:"defaultKmsKeyName,omitempty"` // projects/…/cryptoKeys/…; empty: a key of the emulator
	RetentionPeriod   time.Duration     `json:"retentionPeriod,omitempty"`   // age before an object can be replaced or deleted; zero: no policy
	SoftDelete        time.Duration     `json:"softDelete,omitempty"`        // stored, but without effect
	PublicPrevention  string            `json:"publicAccessPrevention"`      // stored, but without effect; empty: enforced
	Labels            map[string]string `json:"labels,omitempty"`

	// NotificationTopic receives OBJECT_FINALIZE, OBJECT_METADATA_UPDATE and
	// OBJECT_DELETE: projects/P/topics/T. Empty: no notifications.
	NotificationTopic string `json:"notificationTopic,omitempty"`
	// NotificationEvents limits notifications to these event types. Empty: all types.
	NotificationEvents []string `json:"notificationEvents,omitempty"`

	ProjectID      string    `json:"projectId,omitempty"`
	Metageneration int64     `json:"metageneration"` // set by the server
	Created        time.Time `json:"created"`        // set by the server
	Updated        time.Time `json:"updated"`        // set by the server
}

// bucketName follows cloud.google.com/storage/docs/buckets#naming, without domain names.
var bucketName = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{1,61}[a-z0-9]$`)

// CreateBucket creates a bucket, as the JSON API's insert does, without checking
// permissions. It returns an error if the name is invalid or exists.
func (s *Server) CreateBucket(b Bucket) error {
	if !bucketName.MatchString(b.Name) {
		return reject(invalidBucketName, "Invalid bucket name: %q", b.Name)
	}
	b.Location = orDefault(b.Location, "US")
	b.StorageClass = orDefault(b.StorageClass, "STANDARD")
	b.PublicPrevention = orDefault(b.PublicPrevention, "enforced")
	b.Metageneration = 1
	b.Created = s.config.Clock.Now().UTC()
	b.Updated = b.Created
	return s.store.createBucket(b)
}

// Bucket returns a bucket. The error for a bucket that does not exist has Google's
// code NoSuchBucket.
func (s *Server) Bucket(name string) (Bucket, error) { return s.store.bucket(name) }

func orDefault(value, fallback string) string {
	if value == "" {
		return fallback
	}
	return value
}
