package infra_test

import (
	"encoding/binary"
	"strings"
	"testing"
	"time"

	"cloud.google.com/go/firestore/apiv1/firestorepb"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
)

// wantNewDataKeys looks in each value of each document for the header of a sealed value:
// 1, then the number of its data key.
func wantNewDataKeys(t *testing.T, c *cloudtest.Cloud) {
	t.Helper()
	found := map[uint32]int{}
	c.Firestore.Walk(func(_, path string, fields map[string]*firestorepb.Value) bool {
		if strings.Contains(path, "/audit/") { // these are under the platform's key
			return true
		}
		for name, value := range bytesIn("", fields) {
			const header, shortest = 5, 5 + 12 + 16 // header, nonce and tag
			if len(value) < shortest || value[0] != 1 {
				continue
			}
			key := binary.BigEndian.Uint32(value[1:header])
			if found[key]++; key == 1 {
				t.Errorf("%s of %s is still under the first data key: add the field to functions/reseal", name, path)
			}
		}
		return true
	})
	if found[2] == 0 {
		t.Error("no value is sealed: this test checks nothing")
	}
}

// resealAll makes the data keys too old, and moves all sealed values to new ones.
func resealAll(t *testing.T, c *cloudtest.Cloud) {
	t.Helper()
	c.Clock.Advance(91 * 24 * time.Hour)
	for range 2 { // the first call creates the new keys
		if err := c.Scheduler.RunNow(t.Context(), "reseal"); err != nil {
			t.Fatal(err)
		}
		c.Clock.Advance(time.Hour)
	}
}

// bytesIn returns the values of type bytes, by field.
func bytesIn(prefix string, fields map[string]*firestorepb.Value) map[string][]byte {
	found := map[string][]byte{}
	for name, value := range fields {
		if b, ok := value.GetValueType().(*firestorepb.Value_BytesValue); ok {
			found[prefix+name] = b.BytesValue
		}
		for inner, b := range bytesIn(prefix+name+".", value.GetMapValue().GetFields()) {
			found[inner] = b
		}
	}
	return found
}
