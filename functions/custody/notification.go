package custody

import (
	"encoding/json"
	"errors"
	"time"

	"github.com/strongroom-dev/strongroom/shared/crc32c"
	"github.com/strongroom-dev/strongroom/shared/event"
	"github.com/strongroom-dev/strongroom/shared/grant"
)

// finalize is the event of an object that is whole and readable:
// cloud.google.com/storage/docs/pubsub-notifications.
const finalize = "OBJECT_FINALIZE"

// notified is an object as its bucket tells of it.
type notified struct {
	bucket, name string
	grant.Finalized
}

// resource is what is used of the object resource that JSON_API_V1 carries;
// 64-bit numbers are strings in it: cloud.google.com/storage/docs/json_api/v1/objects.
type resource struct {
	Bucket      string    `json:"bucket"`
	Name        string    `json:"name"`
	Generation  int64     `json:"generation,string"`
	Size        int64     `json:"size,string"`
	CRC32C      string    `json:"crc32c"`
	ContentType string    `json:"contentType"`
	TimeCreated time.Time `json:"timeCreated"`
}

var errNotification = errors.New("the message is no notification of a finalized object")

func parseNotification(m event.Message) (notified, error) {
	var r resource
	if err := json.Unmarshal(m.Data, &r); err != nil {
		return notified{}, errNotification
	}
	sum, err := crc32c.Decode(r.CRC32C)
	if err != nil || r.Bucket == "" || r.Name == "" || r.Generation <= 0 || r.Size < 0 ||
		r.Bucket != m.Attributes["bucketId"] || r.Name != m.Attributes["objectId"] {
		return notified{}, errNotification
	}
	return notified{r.Bucket, r.Name, grant.Finalized{
		Generation: r.Generation, Size: r.Size, CRC32C: sum, ContentType: r.ContentType, Time: r.TimeCreated,
	}}, nil
}
