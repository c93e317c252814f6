package custody

import (
	"encoding/json"
	"errors"
	"time"

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
}

var errNotification = errors.New("the message is not a notification of a finalized object")

func parseNotification(m event.Message) (finalizedObject, error) {
	var r resource
	if err := json.Unmarshal(m.Data, &r); err != nil {
		return finalizedObject{}, errNotification
	}
	sum, err := crc32c.Decode(r.CRC32C)
	if err != nil || r.Bucket == "" || r.Name == "" || r.Generation <= 0 || r.Size < 0 ||
		r.Bucket != m.Attributes["bucketId"] || r.Name != m.Attributes["objectId"] {
		return finalizedObject{}, errNotification
	}
	return finalizedObject{bucket: r.Bucket, name: r.Name, Finalized: grant.Finalized{
		Generation: r.Generation, Size: r.Size, CRC32C: sum, ContentType: r.ContentType, Time: r.TimeCreated,
	}}, nil
}
