package custody_test

import (
	"hash/crc32"
	"strconv"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/suite"
	"github.com/strongroom-dev/strongroom/shared/crc32c"
	"github.com/strongroom-dev/strongroom/shared/event"
	"github.com/strongroom-dev/strongroom/shared/storageprobe"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// Notifications arrive in any order, and twice. Whatever else has the name of the probe, the
// verification keeps the notification of the probe itself, and the first one of it.
func TestTheProbeIsFoundInAnyOrderOfNotifications(t *testing.T) {
	t.Parallel()
	for name, order := range map[string]string{
		"the probe first":    "probe other",
		"the probe last":     "other probe",
		"the probe twice":    "other probe other probe",
		"only other objects": "other other",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t, cloudtest.Shared(t), suite.FunctionAccount("custody"))
			v := storageprobe.Verification{ID: uuid.NewString(), Component: tenant.Outputs, Bucket: f.OutputsBucket, Created: true}
			if _, err := storageprobe.Ref(f.db, f.ID, tenant.Outputs).Set(t.Context(), v); err != nil {
				t.Fatal(err)
			}
			content := storageprobe.Content(v.ID)
			sum := crc32.Checksum(content, crc32.MakeTable(crc32.Castagnoli))
			messages := map[string]event.Message{
				"probe": f.message(t, storageprobe.Object(f.ID, v.ID), 1, map[string]any{
					"size": strconv.Itoa(len(content)), "crc32c": crc32c.Encode(sum), "contentType": storageprobe.ContentType, "kmsKeyName": "probe",
				}),
				"other": f.message(t, storageprobe.Object(f.ID, v.ID), 2, map[string]any{"kmsKeyName": "other"}),
			}
			matched := false
			for _, next := range strings.Fields(order) {
				f.handle(t, messages[next])
				matched = matched || next == "probe"
				got := readProbe(t, f)
				if got.Arrived == nil || got.Arrived.Matches != matched || matched && got.Arrived.KeyName != "probe" {
					t.Errorf("after %s: %+v", next, got.Arrived)
				}
			}
		})
	}
}

func readProbe(t *testing.T, f fixture) storageprobe.Verification {
	t.Helper()
	v, err := storageprobe.Read(t.Context(), f.db, f.ID, tenant.Outputs)
	if err != nil {
		t.Fatal(err)
	}
	return v
}
