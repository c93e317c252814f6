package custody

import (
	"testing"

	"github.com/strongroom-dev/strongroom/shared/event"
)

func FuzzParseNotification(f *testing.F) {
	good := `{"bucket":"b","name":"o","generation":"1","size":"2","crc32c":"AAAAAA==","contentType":"t","timeCreated":"2026-01-02T03:04:05Z"}`
	f.Add([]byte(good), "b", "o")
	f.Add([]byte(`{"bucket":"b","name":"o","generation":1}`), "b", "o")
	f.Add([]byte(`{"bucket":"b","Bucket":"c","name":"o","generation":"1","size":"0","crc32c":"AAAAAA=="}`), "c", "o")
	f.Add([]byte(`[]`), "", "")
	f.Add([]byte(`null`), "", "")
	f.Fuzz(func(t *testing.T, data []byte, bucket, object string) {
		n, err := parseNotification(event.Message{Data: data, Attributes: map[string]string{"bucketId": bucket, "objectId": object}})
		if err != nil {
			return
		}
		if n.bucket != bucket || n.name != object || n.bucket == "" || n.name == "" || n.Generation <= 0 || n.Size < 0 {
			t.Errorf("%q of %q, %q is %+v", data, bucket, object, n)
		}
	})
}
