package replay_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/faults"
	"github.com/strongroom-dev/strongroom/emulator/suite"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
)

func TestAListHasEveryRecordOnceInOrder(t *testing.T) {
	t.Parallel()
	o := newOffice(t, suite.Options{})
	var want []string
	for n := range 7 {
		id := fmt.Sprint(9 - n)
		o.refuse(t, "assistant-update", "no-such-run", id, map[string]string{"run": "r" + id})
		o.refuse(t, "custody", "notification", id, nil)
		want = append(want, id)
	}
	var got []string
	token := ""
	for pages := 1; ; pages++ {
		p := o.list(t, "function=assistant-update&pageSize=3&pageToken="+token)
		for _, r := range p.Records {
			got = append(got, r.Message)
		}
		if token = p.NextPageToken; token == "" || pages > 3 {
			break
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if all := o.list(t, "").Records; len(all) != 14 || all[0].Function != "assistant-update" || all[1].Function != "custody" {
		t.Errorf("all are %+v", all)
	}
	first := o.list(t, "function=custody&pageSize=1")
	o.Do(t, o.staff, http.MethodGet, "/v1/quarantine?function=assistant-update&pageToken="+first.NextPageToken, nil).Want(t, http.StatusUnprocessableEntity)
}

func TestARecordIsListedWhole(t *testing.T) {
	t.Parallel()
	o := newOffice(t, suite.Options{})
	began := o.Clock.Now()
	o.refuse(t, "assistant-update", "no-such-run", "42", map[string]string{"run": "r", "kind": "run.ended"})
	p := o.list(t, "")
	want := page{Records: []record{{
		Function: "assistant-update", Message: "42", Code: "no-such-run", References: map[string]string{"run": "r", "kind": "run.ended"},
	}}}
	if diff := cmp.Diff(want, p, cmpopts.IgnoreTypes(time.Time{})); diff != "" {
		t.Error(diff)
	}
	for _, at := range []time.Time{p.Records[0].Published, p.Records[0].Found} {
		if at.Before(began.Truncate(time.Microsecond)) || at.After(o.Clock.Now()) {
			t.Errorf("a time is %s", at)
		}
	}
}

func TestQuestionsThatAreRefused(t *testing.T) {
	t.Parallel()
	tn := cloudtest.Shared(t).Tenant(t)
	const quarantine, letters = "/v1/quarantine/replay", "/v1/dead-letters/replay"
	for name, test := range map[string]struct {
		method, path string
		body         any
		status       int
		says         string
	}{
		"a list of an unknown function":          {"GET", "/v1/quarantine?function=sweep", nil, 422, "expected one of assistant-update, custody"},
		"a page of nothing":                      {"GET", "/v1/quarantine?pageSize=0", nil, 422, "query.pageSize"},
		"a page of too many":                     {"GET", "/v1/quarantine?pageSize=201", nil, 422, "query.pageSize"},
		"a filter that is not known":             {"GET", "/v1/quarantine?code=x", nil, 422, "code"},
		"a page of another question":             {"GET", "/v1/quarantine?pageToken=x", nil, 422, "ask without it first"},
		"the messages of no function":            {"POST", quarantine, fields{}, 422, "function"},
		"the messages of an unknown function":    {"POST", quarantine, fields{"function": "run-events"}, 422, "expected one of assistant-update, custody"},
		"messages whose data is not kept":        {"POST", quarantine, fields{"function": "custody"}, 422, "gcloud pubsub subscriptions seek custody"},
		"records of before something":            {"POST", quarantine, fields{"function": "assistant-update", "before": "noon"}, 422, "body.before"},
		"the letters of an unknown topic":        {"POST", letters, fields{"topic": "run-events-dead"}, 422, "expected one of object-events, run-events"},
		"the letters of a subscription's path":   {"POST", letters, fields{"topic": "../x"}, 422, "expected one of"},
		"a name that the body does not have":     {"POST", letters, fields{"topic": "run-events", "code": "x"}, 422, "code"},
		"a topic that is given as a query":       {"POST", letters + "?topic=run-events", fields{"topic": "run-events"}, 422, "topic"},
		"a quarantine that is to be written":     {"PUT", "/v1/quarantine", fields{}, 405, "takes only"},
		"a record by its name, which none is at": {"GET", "/v1/quarantine/replay", nil, 405, "takes only"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := tn.Do(t, "platform", test.method, test.path, test.body)
			if r.Status != test.status || !strings.Contains(string(r.Body), test.says) {
				t.Errorf("got %d %s, want %d that says %q", r.Status, r.Body, test.status, test.says)
			}
		})
	}
}

// ended is what the message of an ended run says.
func ended(tn *cloudtest.Tenant, run string) map[string]string {
	return map[string]string{"tenant": string(tn.ID), "workspace": string(tn.Workspace), "run": run, "kind": "run.ended", "entry": run}
}

func TestARefusedMessageIsSentAgainOnceItsRunIsThere(t *testing.T) {
	t.Parallel()
	o := newOffice(t, suite.Options{})
	tn, run := o.tenant, cloudtest.NewRun(t)
	o.publish(t, "run-events", "", ended(tn, run))
	o.Drain(t)
	before := o.list(t, "function=assistant-update").Records
	if len(before) != 1 || before[0].Code != "no-such-run" || !cmp.Equal(before[0].References, ended(tn, run)) {
		t.Fatalf("the quarantine has %+v", before)
	}
	endRun(t, tn, run)
	o.Drain(t)
	if calls := o.loop(t, "quarantine", fields{"function": "assistant-update"}); !cmp.Equal(calls, []int{1}) {
		t.Errorf("sent by call: %v", calls)
	}
	o.Drain(t)
	if left := o.list(t, "").Records; len(left) != 0 {
		t.Errorf("left in quarantine: %+v", left)
	}
	// The message, the run's own, and the message again, which is the same.
	if got := o.published("run-events"); len(got) != 3 || !cmp.Equal(got[2], message{"run-events", "", ended(tn, run)}) {
		t.Errorf("published: %+v", got)
	}
}

func TestWhatIsRefusedAgainIsOneNewRecordAndTheLoopEnds(t *testing.T) {
	t.Parallel()
	o := newOffice(t, suite.Options{})
	o.publish(t, "run-events", "", ended(o.tenant, cloudtest.NewRun(t)))
	o.Drain(t)
	first := o.list(t, "").Records
	d := o.replay(t, "quarantine", fields{"function": "assistant-update"})
	o.Drain(t) // it is back before the client calls again
	again := o.replay(t, "quarantine", fields{"function": "assistant-update", "before": d.AsOf})
	if d.Replayed != 1 || d.More || again.Replayed != 0 || again.More || !again.AsOf.Equal(d.AsOf) {
		t.Errorf("the first call answers %+v, the second %+v", d, again)
	}
	last := o.list(t, "").Records
	if len(first) != 1 || len(last) != 1 || first[0].Message == last[0].Message || !last[0].Found.After(d.AsOf) {
		t.Errorf("the record was %+v and is %+v", first, last)
	}
	ahead := o.replay(t, "quarantine", fields{"function": "assistant-update", "before": o.Clock.Now().Add(time.Hour)})
	if ahead.Replayed != 1 || ahead.AsOf.After(o.Clock.Now()) {
		t.Errorf("of before a time to come: %+v", ahead)
	}
}

func TestAReplayTakesAHundredAtATimeAndOnlyWhatItIsAskedFor(t *testing.T) {
	t.Parallel()
	o := newOffice(t, suite.Options{})
	for n := range 120 {
		o.refuse(t, "assistant-update", "bad-reference", fmt.Sprint(n), map[string]string{"run": fmt.Sprint(n)})
	}
	o.refuse(t, "assistant-update", "odd", "says-nothing", map[string]string{"secret": "not a reference"})
	o.refuse(t, "custody", "bad-reference", "1", nil)
	if d := o.replay(t, "quarantine", fields{"function": "assistant-update", "before": "0000-01-01T00:00:00Z"}); d.Replayed != 0 || d.More || !d.AsOf.Equal(time.Unix(0, 0)) {
		t.Errorf("of before all time: %+v", d)
	}
	if calls := o.loop(t, "quarantine", fields{"function": "assistant-update", "code": "bad-reference"}); !cmp.Equal(calls, []int{100, 20}) {
		t.Errorf("sent by call: %v", calls)
	}
	for n, m := range o.published("run-events") {
		if m.Data != "" || !cmp.Equal(m.Attributes, map[string]string{"run": fmt.Sprint(n)}) {
			t.Fatalf("message %d is %+v", n, m)
		}
	}
	if calls := o.loop(t, "quarantine", fields{"function": "assistant-update", "code": "odd"}); !cmp.Equal(calls, []int{1}) {
		t.Errorf("a message that names nothing: %v", calls)
	}
	if got := o.published("run-events"); len(got) != 121 || !cmp.Equal(got[120].Attributes, map[string]string{"replayed": "says-nothing"}) {
		t.Errorf("%d published, the last is %+v", len(got), got[len(got)-1])
	}
	if left := o.list(t, "function=custody").Records; len(left) != 1 {
		t.Errorf("of another function is left: %+v", left)
	}
	var counts []int64
	for _, e := range o.onRecord(t) {
		if e.Tenant != "" || e.Action != auditlog.ReplayQuarantine || e.Outcome != auditlog.Allowed || e.Resource != "quarantine/assistant-update" || e.Actor.Role != "platform" {
			t.Errorf("on record: %+v", e)
		}
		counts = append(counts, e.Counts["messages"])
	}
	if !cmp.Equal(counts, []int64{100, 20, 1}) {
		t.Errorf("messages on record: %v", counts)
	}
}

func TestARecordStaysUntilItsMessageIsSent(t *testing.T) {
	t.Parallel()
	const body = `{"function":"assistant-update"}`
	for fault, sent := range map[faults.Fault]int{faults.Lost: 0, faults.ReplyLost: 1} {
		t.Run(string(fault), func(t *testing.T) {
			t.Parallel()
			o := newOffice(t, suite.Options{})
			o.refuse(t, "assistant-update", "bad-reference", "1", map[string]string{"run": "r"})
			p, ctx := o.process(t, "Publish", fault)
			if status := p.post(ctx, o, "/v1/quarantine/replay", body); status != http.StatusServiceUnavailable {
				t.Errorf("it answers %d", status)
			}
			if got := len(o.published("run-events")); got != sent {
				t.Errorf("%d messages were published, want %d", got, sent)
			}
			o.Drain(t)
			records := o.list(t, "").Records
			if len(records) == 0 || records[0].Message != "1" {
				t.Fatalf("the quarantine has %+v", records)
			}
			o.loop(t, "quarantine", fields{"function": "assistant-update"})
			if got := len(o.published("run-events")); got <= sent {
				t.Errorf("%d messages were published in all", got)
			}
		})
	}
}
