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

// issues counts those of a workspace.
func issues(t *testing.T, tn *cloudtest.Tenant) int {
	t.Helper()
	var list struct{ Issues []struct{ ID string } }
	tn.Do(t, "viewer", http.MethodGet, "/v1/workspaces/"+string(tn.Workspace)+"/issues", nil).Want(t, http.StatusOK).JSON(t, &list)
	return len(list.Issues)
}

func TestARunThatDiedWithItsTenantsKeyIsFoldedOnceTheKeyIsBack(t *testing.T) {
	t.Parallel()
	o := newOffice(t, suite.Options{Backoff: time.Millisecond, DeliveryAttempts: 5})
	tn, run := o.tenant, cloudtest.NewRun(t)
	reportRun(t, tn, run)
	o.SwitchKey(t, tn.KeyName, kmspb.CryptoKeyVersion_DISABLED)
	beginRun(t, tn, run) // only now is there an event
	o.Drain(t)
	dead := o.published("run-events-dead")
	if len(dead) != 1 || dead[0].Attributes["CloudPubSubDeadLetterSourceDeliveryCount"] != "5" {
		t.Fatalf("dead letters: %+v", dead)
	}
	o.SwitchKey(t, tn.KeyName, kmspb.CryptoKeyVersion_ENABLED)
	if n := issues(t, tn); n != 0 {
		t.Fatalf("%d issues before the replay", n)
	}
	if calls := o.loop(t, "dead-letters", fields{"topic": "run-events"}); !cmp.Equal(calls, []int{1}) {
		t.Errorf("sent by call: %v", calls)
	}
	o.Drain(t)
	if n := issues(t, tn); n != 1 {
		t.Errorf("%d issues after the replay, want 1", n)
	}
	got := o.published("run-events")
	if len(got) != 2 || !cmp.Equal(got[0], got[1]) {
		t.Errorf("at first, and then again: %+v", got)
	}
	if calls := o.loop(t, "dead-letters", fields{"topic": "run-events"}); !cmp.Equal(calls, []int{0}) {
		t.Errorf("sent once more: %v", calls)
	}
}

func TestALetterIsSentByteForByteWithoutWhatPubSubAdded(t *testing.T) {
	t.Parallel()
	o := newOffice(t, suite.Options{})
	data := "canary \x00\xff\n"
	o.publish(t, "object-events-dead", data, map[string]string{
		"eventType": "OBJECT_DELETE", "odd": "canary = , \x7f", "cloudPubSubDeadLetter": "ours", "": "no name",
		"CloudPubSubDeadLetterSourceDeliveryCount": "20", "CloudPubSubDeadLetterSourceSubscription": "custody", "googclient_deliveryattempt": "20",
	})
	o.publish(t, "run-events-dead", "of another topic", nil)
	if d := o.replay(t, "dead-letters", fields{"topic": "object-events"}); d.Replayed != 1 || d.More {
		t.Errorf("it answers %+v", d)
	}
	want := []message{{"object-events", data, map[string]string{
		"eventType": "OBJECT_DELETE", "odd": "canary = , \x7f", "cloudPubSubDeadLetter": "ours", "": "no name",
	}}}
	if diff := cmp.Diff(want, o.published("object-events")); diff != "" {
		t.Error(diff)
	}
	if log := o.Log.String(); strings.Contains(log, "canary") {
		t.Errorf("the log has it: %s", log)
	}
}

func TestLettersThatAreYoungerThanTheReplayAreGivenBack(t *testing.T) {
	t.Parallel()
	o := newOffice(t, suite.Options{})
	letter := func(n int) { o.publish(t, "run-events-dead", "", map[string]string{"n": fmt.Sprint(n)}) }
	letter(0)
	before := o.Clock.Now()
	for n := range 120 {
		letter(n + 1)
	}
	taken := 0
	for range 20 { // the backend gives them in any order
		d := o.replay(t, "dead-letters", fields{"topic": "run-events", "before": before})
		if taken += d.Replayed; d.More != (d.Replayed > 0) {
			t.Fatalf("it answers %+v", d)
		}
	}
	if got := o.published("run-events"); taken != len(got) || taken > 1 || taken == 1 && got[0].Attributes["n"] != "0" {
		t.Fatalf("%d taken; published: %+v", taken, got)
	}
	calls := o.loop(t, "dead-letters", fields{"topic": "run-events"})
	if !cmp.Equal(calls, []int{100, 21 - taken}) {
		t.Errorf("sent by call: %v", calls)
	}
	var sent []string
	for _, m := range o.published("run-events") {
		sent = append(sent, m.Attributes["n"])
	}
	if slices.Sort(sent); len(sent) != 121 || len(slices.Compact(sent)) != 121 {
		t.Errorf("sent: %v", sent)
	}
}

// A letter that dies again while somebody replays is not taken twice.
func TestALetterThatDiesAgainEndsTheLoop(t *testing.T) {
	t.Parallel()
	o := newOffice(t, suite.Options{})
	o.publish(t, "run-events-dead", "", map[string]string{"n": "1"})
	d := o.replay(t, "dead-letters", fields{"topic": "run-events"})
	o.publish(t, "run-events-dead", "", map[string]string{"n": "1"})
	again := o.replay(t, "dead-letters", fields{"topic": "run-events", "before": d.AsOf})
	if d.Replayed != 1 || again.Replayed != 0 || again.More {
		t.Errorf("the first call answers %+v, the second %+v", d, again)
	}
	if d := o.replay(t, "dead-letters", fields{"topic": "run-events"}); d.Replayed != 1 {
		t.Errorf("a later replay answers %+v", d)
	}
}

func TestALetterIsTakenOffOnlyWhenItIsSent(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		method string
		fault  faults.Fault
		calls  []string // of Pub/Sub
		sent   int      // messages, by then
		left   int      // letters
	}{
		"the pull is lost":                          {"Pull", faults.Lost, []string{"Pull"}, 0, 1},
		"the publishing is lost":                    {"Publish", faults.Lost, []string{"Pull", "Publish", "Publish", "ModifyAckDeadline"}, 0, 1},
		"the answer to the publishing is lost":      {"Publish", faults.ReplyLost, []string{"Pull", "Publish", "Publish", "ModifyAckDeadline"}, 1, 1},
		"the acknowledgement is lost":               {"Acknowledge", faults.Lost, []string{"Pull", "Publish", "Acknowledge", "Acknowledge", "ModifyAckDeadline"}, 1, 1},
		"the answer to the acknowledgement is lost": {"Acknowledge", faults.ReplyLost, []string{"Pull", "Publish", "Acknowledge", "Acknowledge", "ModifyAckDeadline"}, 1, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := newOffice(t, suite.Options{})
			o.publish(t, "run-events-dead", "canary", map[string]string{"n": "canary"})
			p, ctx := o.process(t, test.method, test.fault)
			if status := p.post(ctx, o, "/v1/dead-letters/replay", `{"topic":"run-events"}`); status != http.StatusServiceUnavailable {
				t.Errorf("it answers %d", status)
			}
			if diff := cmp.Diff(test.calls, p.called()); diff != "" {
				t.Error(diff)
			}
			if sent := len(o.published("run-events")); sent != test.sent {
				t.Errorf("%d messages were published, want %d", sent, test.sent)
			}
			if d := o.replay(t, "dead-letters", fields{"topic": "run-events"}); d.Replayed != test.left {
				t.Errorf("after that it answers %+v, want %d", d, test.left)
			}
			if log := o.Log.String(); strings.Contains(log, "canary") {
				t.Errorf("the log has it: %s", log)
			}
		})
	}
}
