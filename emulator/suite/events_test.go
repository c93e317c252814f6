package suite_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/google/uuid"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/suite"
	"github.com/strongroom-dev/strongroom/shared/quarantine"
)

// malformed are pushes that are not Pub/Sub messages, by type and body.
var malformed = map[string][2]string{
	"an event of another type":     {"google.cloud.storage.object.v1.finalized", `{"message":{"messageId":"1","data":"Y2FuYXJ5"}}`},
	"data that is no object":       {published, `["canary"]`},
	"data that ends early":         {published, `{"message":{"messageId":"canary`},
	"a message without an id":      {published, `{"message":{"attributes":{"run":"canary","eventType":"canary"}}}`},
	"a message that is no base64":  {published, `{"message":{"messageId":"1","data":"canary!"}}`},
	"a message with odd attribute": {published, `{"message":{"messageId":"1","attributes":{"run":["canary"]}}}`},
}

const published = "google.cloud.pubsub.topic.v1.messagePublished"

// A push that is not a message is acknowledged, because delivering it again cannot
// help. It is therefore recorded once, with its ID and a code but without its text.
func TestAMalformedPushIsRecorded(t *testing.T) {
	t.Parallel()
	c := cloudtest.New(t, suite.Options{})
	for name, function := range c.Suite.Functions {
		if function.Topic == "" {
			continue
		}
		for what, push := range malformed {
			t.Run(name+" gets "+what, func(t *testing.T) {
				id := uuid.NewString()
				for range 2 {
					if got := pushTo(t, c, name, id, push); got.Status/100 != 2 {
						t.Errorf("status %d, so it is delivered again", got.Status)
					}
				}
				want := []quarantine.Record{{Function: name, Message: id, Code: "malformed", References: map[string]string{}}}
				if diff := cmp.Diff(want, quarantined(t, c, name, id), cmpopts.IgnoreFields(quarantine.Record{}, "Published", "Found")); diff != "" {
					t.Error(diff)
				}
			})
		}
	}
	if log := c.Log.String(); strings.Contains(log, "canary") {
		t.Errorf("the log contains the push: %s", log)
	}
}

// While the record cannot be written, nothing is acknowledged.
func TestAMalformedPushThatCannotBeRecordedIsRetried(t *testing.T) {
	t.Parallel()
	c := cloudtest.New(t, suite.Options{})
	for name, function := range c.Suite.Functions {
		if function.Topic == "" {
			continue
		}
		without(t, c, databaseRole(t, c, name))
		if got := pushTo(t, c, name, uuid.NewString(), malformed["data that is no object"]); got.Status < http.StatusInternalServerError {
			t.Errorf("%s returns %d without a record", name, got.Status)
		}
	}
}

// pushTo pushes an event to a function as Pub/Sub does.
func pushTo(t *testing.T, c *cloudtest.Cloud, function, id string, event [2]string) cloudtest.Response {
	t.Helper()
	token, err := c.IAM.SignJWT(suite.Account("pubsub-push"), map[string]any{"aud": c.LoadBalancer.Endpoint(function)})
	if err != nil {
		t.Fatal(err)
	}
	return c.Do(t, token, http.MethodPost, "/functions/"+function, []byte(event[1]),
		"Ce-Id", id, "Ce-Source", "//pubsub.googleapis.com/projects/p/topics/t", "Ce-Specversion", "1.0", "Ce-Type", event[0])
}

// quarantined are a function's records of one message.
func quarantined(t *testing.T, c *cloudtest.Cloud, function, message string) (found []quarantine.Record) {
	t.Helper()
	docs, err := quarantine.Find(operatorDB(t, c), quarantine.Filter{Function: function}).Documents(t.Context()).GetAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, doc := range docs {
		r, err := quarantine.Decode(doc)
		if err != nil {
			t.Fatal(err)
		}
		if r.Message == message {
			found = append(found, r)
		}
	}
	return found
}
