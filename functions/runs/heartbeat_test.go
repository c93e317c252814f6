package runs_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
)

// A runner may not read metadata, so a heartbeat returns none.
func TestAHeartbeatReturnsOnlyTheLease(t *testing.T) {
	t.Parallel()
	tn := cloudtest.Shared(t).Tenant(t)
	id := cloudtest.NewRun(t)
	begin(t, tn, id, aStart).Want(t, http.StatusOK)
	heartbeat := func() (got map[string]string) {
		tn.Do(t, "runner", http.MethodPost, tn.RunPath(id)+"/heartbeat", nil).Want(t, http.StatusOK).JSON(t, &got)
		return got
	}
	var recorded struct{ LeaseExpires time.Time }
	get(t, tn, "/runs/"+id).Want(t, http.StatusOK).JSON(t, &recorded)
	want := map[string]string{"id": id, "leaseExpires": recorded.LeaseExpires.Format(time.RFC3339Nano)}
	if diff := cmp.Diff(want, heartbeat()); diff != "" {
		t.Errorf("while the run is running: %s", diff)
	}
	finish(t, tn, id, aReport).Want(t, http.StatusOK)
	if diff := cmp.Diff(map[string]string{"id": id}, heartbeat()); diff != "" {
		t.Errorf("after the run ended: %s", diff)
	}
}
