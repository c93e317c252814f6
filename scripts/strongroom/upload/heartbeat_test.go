package upload_test

import (
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/faults"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/upload"
)

// The first heartbeat fails, which stops neither the upload nor the next ones.
func TestARunWithoutOutputSendsHeartbeats(t *testing.T) {
	t.Parallel()
	var beats atomic.Int64
	second := make(chan struct{})
	f := newFixture(t, cloudtest.Shared(t).Tenant(t), faults.HTTPConfig{Fault: func(r *http.Request) faults.Fault {
		if !strings.HasSuffix(r.URL.Path, "/heartbeat") {
			return faults.None
		}
		switch beats.Add(1) {
		case 1:
			return faults.Unavailable
		case 2:
			close(second)
		}
		return faults.None
	}})
	u := upload.Start(t.Context(), upload.Config{
		Client: f.client, Run: f.run, Heartbeat: time.Millisecond,
		Start: api.Start{Task: "t", Start: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)},
	})
	<-second
	if err := u.Wait(); err != nil {
		t.Error(err)
	}
	if err := f.client.Heartbeat(t.Context(), f.run); err != nil {
		t.Error(err)
	}
}

// The report may be retried for long after all outputs are stored.
func TestHeartbeatsContinueAfterTheLastUpload(t *testing.T) {
	t.Parallel()
	beats := make(chan struct{})
	f := newFixture(t, cloudtest.Shared(t).Tenant(t), faults.HTTPConfig{Fault: func(r *http.Request) faults.Fault {
		if strings.HasSuffix(r.URL.Path, "/heartbeat") {
			select {
			case beats <- struct{}{}:
			case <-r.Context().Done():
			}
		}
		return faults.None
	}})
	u := upload.Start(t.Context(), upload.Config{
		Client: f.client, Run: f.run, Heartbeat: time.Millisecond,
		Start: api.Start{Task: "t", Start: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)},
	})
	if err := u.Wait(); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		select {
		case <-beats:
		case <-cloudtest.Context(t).Done():
			t.Fatal("no heartbeat after the last upload")
		}
	}
}
