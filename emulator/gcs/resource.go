package gcs

import (
	"net/url"
	"strconv"
	"time"
)

// objectResourceJSON is an object in the JSON API's format:
// cloud.google.com/storage/docs/json_api/v1/objects#resource. 64-bit numbers are
// strings.
type objectResourceJSON struct {
	Kind                string            `json:"kind"`
	ID                  string            `json:"id"`
	SelfLink            string            `json:"selfLink"`
	MediaLink           string            `json:"mediaLink"`
	Name                string            `json:"name"`
	Bucket              string            `json:"bucket"`
	Generation          string            `json:"generation"`
	Metageneration      string            `json:"metageneration"`
	ContentType         string            `json:"contentType,omitempty"`
	ContentEncoding     string            `json:"contentEncoding,omitempty"`
	ContentDisposition  string            `json:"contentDisposition,omitempty"`
	ContentLanguage     string            `json:"contentLanguage,omitempty"`
	CacheControl        string            `json:"cacheControl,omitempty"`
	StorageClass        string            `json:"storageClass"`
	Size                string            `json:"size"`
	MD5Hash             string            `json:"md5Hash,omitempty"`
	CRC32C              string            `json:"crc32c,omitempty"`
	ETag                string            `json:"etag"`
	TimeCreated         string            `json:"timeCreated"`
	Updated             string            `json:"updated"`
	TimeStorageClass    string            `json:"timeStorageClassUpdated"`
	TimeFinalized       string            `json:"timeFinalized"`
	RetentionExpiration string            `json:"retentionExpirationTime,omitempty"`
	TemporaryHold       bool              `json:"temporaryHold,omitempty"`
	KMSKeyName          string            `json:"kmsKeyName,omitempty"`
	Metadata            map[string]string `json:"metadata,omitempty"`
}

// objectResourceOf returns o with links below base: http://host, or empty for Google's
// own address.
func objectResourceOf(b Bucket, o object, base string) objectResourceJSON {
	base = orDefault(base, "https://www.googleapis.com")
	path := "/storage/v1/b/" + o.Bucket + "/o/" + url.PathEscape(o.Name)
	generation := strconv.FormatInt(o.Generation, 10)
	shown := objectResourceJSON{
		Kind:               "storage#object",
		ID:                 o.Bucket + "/" + o.Name + "/" + generation,
		SelfLink:           base + path,
		MediaLink:          base + "/download" + path + "?generation=" + generation + "&alt=media",
		Name:               o.Name,
		Bucket:             o.Bucket,
		Generation:         generation,
		Metageneration:     strconv.FormatInt(o.Metageneration, 10),
		ContentType:        o.Headers.ContentType,
		ContentEncoding:    o.Headers.ContentEncoding,
		ContentDisposition: o.Headers.ContentDisposition,
		ContentLanguage:    o.Headers.ContentLanguage,
		CacheControl:       o.Headers.CacheControl,
		StorageClass:       o.StorageClass,
		Size:               strconv.FormatInt(o.Size, 10),
		MD5Hash:            o.MD5,
		CRC32C:             o.CRC32C,
		ETag:               o.etag(),
		TimeCreated:        rfc3339(o.Created),
		Updated:            rfc3339(o.Updated),
		TimeStorageClass:   rfc3339(o.Created),
		TimeFinalized:      rfc3339(o.Created),
		TemporaryHold:      o.TemporaryHold,
		KMSKeyName:         orDefault(o.KeyVersion, o.KeyName),
		Metadata:           o.Metadata,
	}
	if b.RetentionPeriod > 0 {
		shown.RetentionExpiration = rfc3339(o.retainedUntil(b))
	}
	return shown
}

// bucketResourceJSON is a bucket in the JSON API's format:
// cloud.google.com/storage/docs/json_api/v1/buckets#resource.
type bucketResourceJSON struct {
	Kind           string            `json:"kind,omitempty"`
	ID             string            `json:"id,omitempty"`
	SelfLink       string            `json:"selfLink,omitempty"`
	ProjectNumber  string            `json:"projectNumber,omitempty"`
	Name           string            `json:"name,omitempty"`
	Metageneration string            `json:"metageneration,omitempty"`
	Location       string            `json:"location,omitempty"`
	LocationType   string            `json:"locationType,omitempty"`
	StorageClass   string            `json:"storageClass,omitempty"`
	ETag           string            `json:"etag,omitempty"`
	TimeCreated    string            `json:"timeCreated,omitempty"`
	Updated        string            `json:"updated,omitempty"`
	Labels         map[string]string `json:"labels,omitempty"`
	Encryption     *encryptionJSON   `json:"encryption,omitempty"`
	Retention      *retentionJSON    `json:"retentionPolicy,omitempty"`
	SoftDelete     *softDeleteJSON   `json:"softDeletePolicy,omitempty"`
	IAM            *bucketAccessJSON `json:"iamConfiguration,omitempty"`
}

type encryptionJSON struct {
	DefaultKMSKeyName string `json:"defaultKmsKeyName"`
}

type retentionJSON struct {
	Period    int64  `json:"retentionPeriod,string"` // seconds
	Effective string `json:"effectiveTime,omitempty"`
}

type softDeleteJSON struct {
	Duration  int64  `json:"retentionDurationSeconds,string"`
	Effective string `json:"effectiveTime,omitempty"`
}

type bucketAccessJSON struct {
	Uniform          *uniformJSON `json:"uniformBucketLevelAccess,omitempty"`
	PolicyOnly       *uniformJSON `json:"bucketPolicyOnly,omitempty"`
	PublicPrevention string       `json:"publicAccessPrevention,omitempty"`
}

type uniformJSON struct {
	Enabled    bool   `json:"enabled"`
	LockedTime string `json:"lockedTime,omitempty"`
}

func bucketResourceOf(b Bucket, base string) bucketResourceJSON {
	shown := bucketResourceJSON{
		Kind:           "storage#bucket",
		ID:             b.Name,
		SelfLink:       base + "/storage/v1/b/" + b.Name,
		ProjectNumber:  "1",
		Name:           b.Name,
		Metageneration: strconv.FormatInt(b.Metageneration, 10),
		Location:       b.Location,
		LocationType:   "region",
		StorageClass:   b.StorageClass,
		ETag:           object{Generation: 1, Metageneration: b.Metageneration}.etag(),
		TimeCreated:    rfc3339(b.Created),
		Updated:        rfc3339(b.Updated),
		Labels:         b.Labels,
		SoftDelete:     &softDeleteJSON{int64(b.SoftDelete / time.Second), rfc3339(b.Created)},
		IAM:            &bucketAccessJSON{&uniformJSON{Enabled: true}, &uniformJSON{Enabled: true}, b.PublicPrevention},
	}
	if b.DefaultKMSKeyName != "" {
		shown.Encryption = &encryptionJSON{b.DefaultKMSKeyName}
	}
	if b.RetentionPeriod > 0 {
		shown.Retention = &retentionJSON{int64(b.RetentionPeriod / time.Second), rfc3339(b.Updated)}
	}
	return shown
}
