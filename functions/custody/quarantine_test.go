package custody_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/suite"
	"github.com/strongroom-dev/strongroom/shared/event"
	"github.com/strongroom-dev/strongroom/shared/quarantine"
)

func TestRejectedNotificationIsRecordedByItsReferences(t *testing.T) {
	t.Parallel()
	f := newFixture(t, cloudtest.Shared(t), suite.FunctionAccount("custody"))
	m := event.Message{ID: uuid.NewString(), Data: []byte("a canary"), Attributes: map[string]string{
		"eventType": "OBJECT_FINALIZE", "bucketId": f.OutputsBucket, "objectId": f.object(1).Name(),
		"objectGeneration": "42", "notificationConfig": "another canary",
	}}
	for range 2 {
		if err := f.handler.Handle(t.Context(), m); !event.IsPermanent(err) {
			t.Fatalf("got %v, want a permanent error", err)
		}
	}
	want := map[string]string{
		"eventType": "OBJECT_FINALIZE", "bucketId": f.OutputsBucket, "objectId": f.object(1).Name(), "objectGeneration": "42",
	}
	docs, err := quarantine.Find(f.db, quarantine.Filter{Function: "custody"}).Documents(t.Context()).GetAll()
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, doc := range docs {
		r, err := quarantine.Decode(doc)
		if err != nil {
			t.Fatal(err)
		}
		if r.Message != m.ID {
			continue
		}
		found++
		if diff := cmp.Diff(want, r.References); diff != "" || r.Code != "notification" {
			t.Errorf("code %q, references: %s", r.Code, diff)
		}
	}
	if found != 1 {
		t.Errorf("%d records, want 1", found)
	}
}
