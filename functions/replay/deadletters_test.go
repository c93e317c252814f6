package replay_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"cloud.google.com/go/kms/apiv1/kmspb"
	"github.com/google/go-cmp/cmp"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/faults"
	"github.com/strongroom-dev/strongroom/emulator/suite"
)

func beginRun(t *testing.T, tn *cloudtest.Tenant, run string) {
	t.Helper()
	tn.Do(t, "runner", http.MethodPut, tn.RunPath(run),
		fields{"task": "dns-check", "slx": "dns", "resource": "cluster-1", "start": "2026-01-02T03:04:05Z"}).Want(t, http.StatusOK)
}

func reportRun(t *testing.T, tn *cloudtest.Tenant, run string) {
	t.Helper()
	tn.Do(t, "runner", http.MethodPost, tn.RunPath(run)+"/report", fields{
		"end": "2026-01-02T03:05:00Z", "outcome": "failure", "exitCode": 1,
		"issues": []fields{{"line": `{"severity":2,"title":"DNS is slow"}`}},
	}).Want(t, http.StatusOK)
}

func endRun(t *testing.T, tn *cloudtest.Tenant, run string) {
	t.Helper()
	beginRun(t, tn, run)
	reportRun(t, tn, run)
}

// countIssues counts the issues of a workspace.
func countIssues(t *testing.T, tn *cloudtest.Tenant) int {
	t.Helper()
	var list struct{ Issues []struct{ ID string } }
	tn.Search(t, "viewer", "/v1/workspaces/"+string(tn.Workspace)+"/issues", "").Want(t, http.StatusOK).JSON(t, &list)
	return len(list.Issues)
}

func TestDeadLetterIsFoldedOnceTheTenantsKeyIsEnabledAgain(t *testing.T) {
	t.Parallel()
	o := newStaffCloud(t, suite.Options{Backoff: time.Millisecond, DeliveryAttempts: 5})
	tn, run := o.tenant, cloudtest.NewRun(t)
	reportRun(t, tn, run)
	o.SetKeyState(t, tn.KeyName, kmspb.CryptoKeyVersion_DISABLED)
	beginRun(t, tn, run) // the event is published now
	o.Drain(t)
	dead := o.published("run-events-dead")
	if len(dead) != 1 || dead[0].Attributes["CloudPubSubDeadLetterSourceDeliveryCount"] != "5" {
		t.Fatalf("dead letters: %+v", dead)
	}
	o.SetKeyState(t, tn.KeyName, kmspb.CryptoKeyVersion_ENABLED)
	if n := countIssues(t, tn); n != 0 {
		t.Fatalf("%d issues before the replay", n)
	}
	if calls := o.replayAll(t, "dead-letters", fields{"topic": "run-events"}); !cmp.Equal(calls, []int{1}) {
		t.Errorf("sent per call: %v", calls)
	}
	o.Drain(t)
	if n := countIssues(t, tn); n != 1 {
		t.Errorf("%d issues after the replay, want 1", n)
	}
	first, again := o.published("run-events"), o.published("replayed-run-events")
	if len(first) != 1 || len(again) != 1 || !cmp.Equal(first[0].Attributes, again[0].Attributes) {
		t.Errorf("the first message is %+v, the replayed one %+v", first, again)
	}
	if calls := o.replayAll(t, "dead-letters", fields{"topic": "run-events"}); !cmp.Equal(calls, []int{0}) {
		t.Errorf("sent by a second replay: %v", calls)
	}
}

func TestDeadLetterIsSentUnchangedWithoutAttributesOfPubSub(t *testing.T) {
	t.Parallel()
	o := newStaffCloud(t, suite.Options{})
	data := "canary \x00\xff\n"
	o.publish(t, "object-events-dead", data, map[string]string{
		"eventType": "OBJECT_DELETE", "odd": "canary = , \x7f", "cloudPubSubDeadLetter": "ours", "": "no name",
		"CloudPubSubDeadLetterSourceDeliveryCount": "20", "CloudPubSubDeadLetterSourceSubscription": "custody", "googclient_deliveryattempt": "20",
	})
	o.publish(t, "run-events-dead", "of another topic", nil)
	if d := o.replay(t, "dead-letters", fields{"topic": "object-events"}); d.Replayed != 1 || d.More {
		t.Errorf("result %+v", d)
	}
	want := []message{{"replayed-object-events", data, map[string]string{
		"eventType": "OBJECT_DELETE", "odd": "canary = , \x7f", "cloudPubSubDeadLetter": "ours", "": "no name",
	}}}
	if diff := cmp.Diff(want, o.published("replayed-object-events")); diff != "" {
		t.Error(diff)
	}
	if log := o.Log.String(); strings.Contains(log, "canary") {
		t.Errorf("the log shows it: %s", log)
	}
}

func TestDeadLettersYoungerThanTheReplayAreReleased(t *testing.T) {
	t.Parallel()
	o := newStaffCloud(t, suite.Options{})
	letter := func(n int) { o.publish(t, "run-events-dead", "", map[string]string{"n": fmt.Sprint(n)}) }
	letter(0)
	before := o.Clock.Now()
	for n := range 120 {
		letter(n + 1)
	}
	replayed := 0
	for range 20 { // Pub/Sub delivers in any order
		d := o.replay(t, "dead-letters", fields{"topic": "run-events", "before": before})
		if replayed += d.Replayed; d.More != (d.Replayed > 0) {
			t.Fatalf("result %+v", d)
		}
	}
	if got := o.published("replayed-run-events"); replayed != len(got) || replayed > 1 || replayed == 1 && got[0].Attributes["n"] != "0" {
		t.Fatalf("%d replayed; published: %+v", replayed, got)
	}
	calls := o.replayAll(t, "dead-letters", fields{"topic": "run-events"})
	if !cmp.Equal(calls, []int{100, 21 - replayed}) {
		t.Errorf("sent per call: %v", calls)
	}
	var sent []string
	for _, m := range o.published("replayed-run-events") {
		sent = append(sent, m.Attributes["n"])
	}
	if slices.Sort(sent); len(sent) != 121 || len(slices.Compact(sent)) != 121 {
		t.Errorf("sent: %v", sent)
	}
}

// A message that becomes a dead letter again during a replay is not replayed twice.
func TestLoopEndsAtAMessageThatFailsAgain(t *testing.T) {
	t.Parallel()
	o := newStaffCloud(t, suite.Options{})
	o.publish(t, "run-events-dead", "", map[string]string{"n": "1"})
	d := o.replay(t, "dead-letters", fields{"topic": "run-events"})
	o.publish(t, "run-events-dead", "", map[string]string{"n": "1"})
	again := o.replay(t, "dead-letters", fields{"topic": "run-events", "before": d.AsOf})
	if d.Replayed != 1 || again.Replayed != 0 || again.More {
		t.Errorf("the first call returns %+v, the second %+v", d, again)
	}
	if d := o.replay(t, "dead-letters", fields{"topic": "run-events"}); d.Replayed != 1 {
		t.Errorf("a later replay returns %+v", d)
	}
}

func TestDeadLetterIsAcknowledgedOnlyAfterItIsSent(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		method string
		fault  faults.Fault
		calls  []string // of Pub/Sub
		sent   int      // messages sent despite the fault
		left   int      // dead letters that remain
	}{
		"the pull is lost":                     {method: "Pull", fault: faults.Lost, calls: []string{"Pull"}, left: 1},
		"the publish is lost":                  {method: "Publish", fault: faults.Lost, calls: []string{"Pull", "Publish", "Publish", "ModifyAckDeadline"}, left: 1},
		"the reply to the publish is lost":     {method: "Publish", fault: faults.ReplyLost, calls: []string{"Pull", "Publish", "Publish", "ModifyAckDeadline"}, sent: 1, left: 1},
		"the acknowledge is lost":              {method: "Acknowledge", fault: faults.Lost, calls: []string{"Pull", "Publish", "Acknowledge", "Acknowledge", "ModifyAckDeadline"}, sent: 1, left: 1},
		"the reply to the acknowledge is lost": {method: "Acknowledge", fault: faults.ReplyLost, calls: []string{"Pull", "Publish", "Acknowledge", "Acknowledge", "ModifyAckDeadline"}, sent: 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := newStaffCloud(t, suite.Options{})
			o.publish(t, "run-events-dead", "canary", map[string]string{"n": "canary"})
			p, ctx := o.process(t, test.method, test.fault)
			if status := p.post(ctx, o, "/v1/dead-letters/replay", `{"topic":"run-events"}`); status != http.StatusServiceUnavailable {
				t.Errorf("status %d", status)
			}
			if diff := cmp.Diff(test.calls, p.called()); diff != "" {
				t.Error(diff)
			}
			if sent := len(o.published("replayed-run-events")); sent != test.sent {
				t.Errorf("%d messages were published, want %d", sent, test.sent)
			}
			if d := o.replay(t, "dead-letters", fields{"topic": "run-events"}); d.Replayed != test.left {
				t.Errorf("the next replay returns %+v, want %d", d, test.left)
			}
			if log := o.Log.String(); strings.Contains(log, "canary") {
				t.Errorf("the log shows it: %s", log)
			}
		})
	}
}
