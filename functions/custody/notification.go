package custody

import (
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/strongroom-dev/strongroom/shared/crc32c"
	"github.com/strongroom-dev/strongroom/shared/event"
	"github.com/strongroom-dev/strongroom/shared/grant"
)

// finalize is the event type of an object that is complete and readable:
// cloud.google.com/storage/docs/pubsub-notifications.
const finalize = "OBJECT_FINALIZE"

// finalizedObject is an object as its bucket describes it.
type finalizedObject struct {
	bucket, name string
	unsigned     bool   // it has metadata that no upload URL allows
	keyName      string // of Cloud KMS that encrypts it, with its version; empty: none
	grant.Finalized
}

// resource holds the fields that custody needs from the object resource of a
// JSON_API_V1 payload. 64-bit numbers are strings in it:
// cloud.google.com/storage/docs/json_api/v1/objects.
type resource struct {
	Bucket      string    `json:"bucket" class:"operational"`
	Name        string    `json:"name" class:"operational"`
	Generation  int64     `json:"generation,string" class:"operational"`
	Size        int64     `json:"size,string" class:"operational"`
	CRC32C      string    `json:"crc32c" class:"operational"`
	ContentType string    `json:"contentType" class:"operational"`
	TimeCreated time.Time `json:"timeCreated" class:"operational"`
	KMSKeyName  string    `json:"kmsKeyName" class:"operational"`

	// An upload URL signs none of the following, so a runner could set them. They
	// change what a download from the bucket returns, or how a browser treats it.
	ContentEncoding    string                    `json:"contentEncoding" class:"operational"`
	ContentDisposition string                    `json:"contentDisposition" class:"operational"`
	ContentLanguage    string                    `json:"contentLanguage" class:"operational"`
	CacheControl       string                    `json:"cacheControl" class:"operational"`
	CustomTime         string                    `json:"customTime" class:"operational"`
	Metadata           map[string]jsontext.Value `json:"metadata" class:"operational"`
}

func (r resource) hasUnsignedMetadata() bool {
	return r.ContentEncoding != "" || r.ContentDisposition != "" || r.ContentLanguage != "" ||
		r.CacheControl != "" || r.CustomTime != "" || len(r.Metadata) > 0
}

// known are the names of the fields of resource.
var known = []string{
	"bucket", "name", "generation", "size", "crc32c", "contentType", "timeCreated", "kmsKeyName",
	"contentEncoding", "contentDisposition", "contentLanguage", "cacheControl", "customTime", "metadata",
}

// parseResource accepts a JSON object whose names are unique. The bucket's
// notifications have more fields than custody needs, and Google may add some. But
// a name that differs from a known one only in case is not the bucket's: another
// reader of the message could take one value for the other.
func parseResource(data []byte) (r resource, err error) {
	var fields map[string]jsontext.Value
	if err := json.Unmarshal(data, &fields); err != nil {
		return resource{}, err
	}
	for name := range fields {
		for _, exact := range known {
			if name != exact && strings.EqualFold(name, exact) {
				return resource{}, errNotification
			}
		}
	}
	return r, json.Unmarshal(data, &r)
}

var errNotification = errors.New("the message is not a notification of a finalized object")

func parseNotification(m event.Message) (finalizedObject, error) {
	r, err := parseResource(m.Data)
	if err != nil || !attributesMatch(m.Attributes, r) {
		return finalizedObject{}, errNotification
	}
	sum, err := crc32c.Decode(r.CRC32C)
	if err != nil || r.Bucket == "" || r.Name == "" || r.Generation <= 0 || r.Size < 0 {
		return finalizedObject{}, errNotification
	}
	return finalizedObject{bucket: r.Bucket, name: r.Name, unsigned: r.hasUnsignedMetadata(), keyName: r.KMSKeyName, Finalized: grant.Finalized{
		Generation: r.Generation, Size: r.Size, CRC32C: sum, ContentType: r.ContentType, Time: r.TimeCreated,
	}}, nil
}

// attributesMatch reports whether a message's attributes and its payload describe
// the same object. A bucket always sends the first two attributes.
func attributesMatch(attributes map[string]string, r resource) bool {
	generation, hasGeneration := attributes["objectGeneration"]
	format, hasFormat := attributes["payloadFormat"]
	return r.Bucket == attributes["bucketId"] && r.Name == attributes["objectId"] &&
		(!hasGeneration || generation == strconv.FormatInt(r.Generation, 10)) &&
		(!hasFormat || format == "JSON_API_V1")
}
