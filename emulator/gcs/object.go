package gcs

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"strings"
	"time"
	"unicode/utf8"
)

// maxObjectSize is the largest object that Google stores:
// cloud.google.com/storage/quotas#objects.
const maxObjectSize = 5 << 40

// object is the metadata of one live object.
type object struct {
	Bucket         string            `json:"bucket"`
	Name           string            `json:"name"`
	Generation     int64             `json:"generation"` // microseconds, strictly increasing
	Metageneration int64             `json:"metageneration"`
	Size           int64             `json:"size"`
	CRC32C         string            `json:"crc32c"`
	MD5            string            `json:"md5"`
	Created        time.Time         `json:"created"`
	Updated        time.Time         `json:"updated"`
	Headers        contentHeaders    `json:"headers"`
	Metadata       map[string]string `json:"metadata,omitempty"`
	StorageClass   string            `json:"storageClass"`
	TemporaryHold  bool              `json:"temporaryHold,omitempty"` // it cannot be deleted or replaced

	KeyName    string `json:"keyName,omitempty"`    // KMS key; empty: the emulator's own key
	KeyVersion string `json:"keyVersion,omitempty"` // version of KeyName that wrapped the data key
	WrappedKey []byte `json:"wrappedKey"`
	Blob       string `json:"blob"` // file name below objects/
}

// contentHeaders are the headers that are stored with an object and served with it.
type contentHeaders struct {
	ContentType        string `json:"contentType,omitempty"`
	ContentEncoding    string `json:"contentEncoding,omitempty"`
	ContentDisposition string `json:"contentDisposition,omitempty"`
	ContentLanguage    string `json:"contentLanguage,omitempty"`
	CacheControl       string `json:"cacheControl,omitempty"`
}

// etag returns the ETag of the JSON API, which contains generation and metageneration.
func (o object) etag() string {
	raw := binary.BigEndian.AppendUint64(nil, uint64(o.Generation))
	return "C" + base64.RawURLEncoding.EncodeToString(binary.AppendVarint(raw, o.Metageneration))
}

// xmlETag returns the MD5 in hex, or, under a customer's key, the ETag of the JSON API, as at Google.
func (o object) xmlETag() string {
	sum, err := base64.StdEncoding.DecodeString(o.MD5)
	if o.KeyName != "" || err != nil {
		return `"-` + o.etag() + `"`
	}
	return `"` + hex.EncodeToString(sum) + `"`
}

// retainedUntil returns when b's retention policy ends for o.
func (o object) retainedUntil(b Bucket) time.Time { return o.Created.Add(b.RetentionPeriod) }

// checkObjectName follows cloud.google.com/storage/docs/objects#naming.
func checkObjectName(name string) error {
	switch {
	case len(name) > 1024:
		return reject(keyTooLong, "The maximum object length is 1024 characters, but got a name with %d characters.", len(name))
	case name == "", name == ".", name == "..":
		return reject(invalidArgument, "Invalid object name.")
	case !utf8.ValidString(name), strings.ContainsAny(name, "\r\n"):
		return reject(invalidArgument, "Object names must be UTF-8 without carriage return or line feed.")
	case strings.HasPrefix(name, ".well-known/acme-challenge/"):
		return reject(invalidArgument, "Object names must not start with .well-known/acme-challenge/.")
	}
	return nil
}

// preconditions are what must be true of the live object; nil: no condition. Without a
// live object, its generation is zero.
type preconditions struct {
	generation        *int64
	generationNot     *int64
	metageneration    *int64
	metagenerationNot *int64
}

// check returns NotModified instead of PreconditionFailed for a failed "not" condition
// of a read, as Google does.
func (p preconditions) check(generation, metageneration int64, reading bool) error {
	if p.generation != nil && *p.generation != generation || p.metageneration != nil && *p.metageneration != metageneration {
		return reject(preconditionFailed, "")
	}
	if p.generationNot != nil && *p.generationNot == generation || p.metagenerationNot != nil && *p.metagenerationNot == metageneration {
		if reading {
			return reject(notModified, "")
		}
		return reject(preconditionFailed, "")
	}
	return nil
}
