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

func TestListHasEveryRecordOnceInOrder(t *testing.T) {
	t.Parallel()
	o := newStaffCloud(t, suite.Options{})
	var want []string
	for n := range 7 {
		id := fmt.Sprint(9 - n)
		o.quarantine(t, "assistant-update", "no-such-run", id, map[string]string{"run": "r" + id})
		o.quarantine(t, "custody", "notification", id, nil)
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
		t.Errorf("the whole list is %+v", all)
	}
	first := o.list(t, "function=custody&pageSize=1")
	o.Do(t, o.staff, http.MethodGet, "/v1/quarantine?function=assistant-update&pageToken="+first.NextPageToken, nil).Want(t, http.StatusBadRequest)
}

func TestListShowsEveryField(t *testing.T) {
	t.Parallel()
	o := newStaffCloud(t, suite.Options{})
	began := o.Clock.Now()
	o.quarantine(t, "assistant-update", "no-such-run", "42", map[string]string{"run": "r", "kind": "run.ended"})
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

func TestInvalidRequestsAreRejected(t *testing.T) {
	t.Parallel()
	tn := cloudtest.Shared(t).Tenant(t)
	const quarantine, letters = "/v1/quarantine/replay", "/v1/dead-letters/replay"
	for name, test := range map[string]struct {
		method, path string
		body         any
		status       int
		want         string
	}{
		"a list of an unknown function":    {method: "GET", path: "/v1/quarantine?function=sweep", status: 422, want: "assistant-update, config-graph, custody"},
		"a page size of 0":                 {method: "GET", path: "/v1/quarantine?pageSize=0", status: 422, want: "query.pageSize"},
		"a page size of 201":               {method: "GET", path: "/v1/quarantine?pageSize=201", status: 422, want: "query.pageSize"},
		"an unknown filter":                {method: "GET", path: "/v1/quarantine?code=x", status: 422, want: "code"},
		"an invalid page token":            {method: "GET", path: "/v1/quarantine?pageToken=x", status: 400, want: "pageToken"},
		"a replay without a function":      {method: "POST", path: quarantine, body: fields{}, status: 422, want: "function"},
		"a replay of an unknown function":  {method: "POST", path: quarantine, body: fields{"function": "run-events"}, status: 422, want: "expected one of assistant-update, config-graph, custody"},
		"messages with data":               {method: "POST", path: quarantine, body: fields{"function": "custody"}, status: 422, want: "gcloud pubsub subscriptions seek custody"},
		"a before that is no time":         {method: "POST", path: quarantine, body: fields{"function": "assistant-update", "before": "noon"}, status: 422, want: "body.before"},
		"dead letters of an unknown topic": {method: "POST", path: letters, body: fields{"topic": "run-events-dead"}, status: 422, want: "expected one of config-events, export-parts, object-events, run-events"},
		"dead letters of a path":           {method: "POST", path: letters, body: fields{"topic": "../x"}, status: 422, want: "expected one of"},
		"an unknown field in the body":     {method: "POST", path: letters, body: fields{"topic": "run-events", "code": "x"}, status: 422, want: "code"},
		"a topic in the query":             {method: "POST", path: letters + "?topic=run-events", body: fields{"topic": "run-events"}, status: 422, want: "topic"},
		"a PUT of the quarantine":          {method: "PUT", path: "/v1/quarantine", body: fields{}, status: 405, want: "supports only"},
		"a GET of a replay":                {method: "GET", path: "/v1/quarantine/replay", status: 405, want: "supports only"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := tn.Do(t, "platform", test.method, test.path, test.body)
			if r.Status != test.status || !strings.Contains(string(r.Body), test.want) {
				t.Errorf("got %d %s, want %d with %q", r.Status, r.Body, test.status, test.want)
			}
		})
	}
}

// runEnded returns the attributes of the event of an ended run.
func runEnded(tn *cloudtest.Tenant, run string) map[string]string {
	return map[string]string{"tenant": string(tn.ID), "workspace": string(tn.Workspace), "run": run, "kind": "run.ended", "entry": run}
}

func TestQuarantinedMessageIsReplayedOnceItsRunExists(t *testing.T) {
	t.Parallel()
	o := newStaffCloud(t, suite.Options{})
	tn, run := o.tenant, cloudtest.NewRun(t)
	o.publish(t, "run-events", "", runEnded(tn, run))
	o.Drain(t)
	before := o.list(t, "function=assistant-update").Records
	if len(before) != 1 || before[0].Code != "no-such-run" || !cmp.Equal(before[0].References, runEnded(tn, run)) {
		t.Fatalf("the quarantine has %+v", before)
	}
	endRun(t, tn, run)
	o.Drain(t)
	if calls := o.replayAll(t, "quarantine", fields{"function": "assistant-update"}); !cmp.Equal(calls, []int{1}) {
		t.Errorf("sent per call: %v", calls)
	}
	o.Drain(t)
	if left := o.list(t, "").Records; len(left) != 0 {
		t.Errorf("still in quarantine: %+v", left)
	}
	if got := o.published("replayed-run-events"); !cmp.Equal(got, []message{{"replayed-run-events", "", runEnded(tn, run)}}) {
		t.Errorf("published: %+v", got)
	}
}

func TestMessageRejectedAgainIsOneNewRecordAndTheLoopEnds(t *testing.T) {
	t.Parallel()
	o := newStaffCloud(t, suite.Options{})
	o.publish(t, "run-events", "", runEnded(o.tenant, cloudtest.NewRun(t)))
	o.Drain(t)
	first := o.list(t, "").Records
	d := o.replay(t, "quarantine", fields{"function": "assistant-update"})
	o.Drain(t) // it is in quarantine again before the next call
	again := o.replay(t, "quarantine", fields{"function": "assistant-update", "before": d.AsOf})
	if d.Replayed != 1 || d.More || again.Replayed != 0 || again.More || !again.AsOf.Equal(d.AsOf) {
		t.Errorf("the first call returns %+v, the second %+v", d, again)
	}
	last := o.list(t, "").Records
	if len(first) != 1 || len(last) != 1 || first[0].Message == last[0].Message || !last[0].Found.After(d.AsOf) {
		t.Errorf("the record was %+v and is now %+v", first, last)
	}
	ahead := o.replay(t, "quarantine", fields{"function": "assistant-update", "before": o.Clock.Now().Add(time.Hour)})
	if ahead.Replayed != 1 || ahead.AsOf.After(o.Clock.Now()) {
		t.Errorf("with a future before: %+v", ahead)
	}
}

func TestReplaySendsAHundredMatchingMessagesAtATime(t *testing.T) {
	t.Parallel()
	o := newStaffCloud(t, suite.Options{})
	for n := range 120 {
		o.quarantine(t, "assistant-update", "bad-reference", fmt.Sprint(n), map[string]string{"run": fmt.Sprint(n)})
	}
	o.quarantine(t, "assistant-update", "odd", "no-references", map[string]string{"secret": "not a reference"})
	o.quarantine(t, "custody", "bad-reference", "1", nil)
	if d := o.replay(t, "quarantine", fields{"function": "assistant-update", "before": "0000-01-01T00:00:00Z"}); d.Replayed != 0 || d.More || !d.AsOf.Equal(time.Unix(0, 0)) {
		t.Errorf("with a before in year 0: %+v", d)
	}
	if calls := o.replayAll(t, "quarantine", fields{"function": "assistant-update", "code": "bad-reference"}); !cmp.Equal(calls, []int{100, 20}) {
		t.Errorf("sent per call: %v", calls)
	}
	for n, m := range o.published("replayed-run-events") {
		if m.Data != "" || !cmp.Equal(m.Attributes, map[string]string{"run": fmt.Sprint(n)}) {
			t.Fatalf("message %d is %+v", n, m)
		}
	}
	if calls := o.replayAll(t, "quarantine", fields{"function": "assistant-update", "code": "odd"}); !cmp.Equal(calls, []int{1}) {
		t.Errorf("a message without references: %v", calls)
	}
	if got := o.published("replayed-run-events"); len(got) != 121 || !cmp.Equal(got[120].Attributes, map[string]string{"replayed": "no-references"}) {
		t.Errorf("%d published, the last is %+v", len(got), got[len(got)-1])
	}
	if left := o.list(t, "function=custody").Records; len(left) != 1 {
		t.Errorf("of another function, the quarantine has %+v", left)
	}
	var counts []int64
	for _, e := range o.platformAudit(t) {
		if e.Tenant != "" || e.Action != auditlog.ReplayQuarantine || e.Outcome != auditlog.Allowed || e.Resource != "quarantine/assistant-update" || e.Actor.Role != "platform" {
			t.Errorf("audit entry %+v", e)
		}
		counts = append(counts, e.Counts["messages"])
	}
	if !cmp.Equal(counts, []int64{100, 20, 1}) {
		t.Errorf("messages in the audit log: %v", counts)
	}
}

func TestRecordStaysUntilItsMessageIsSent(t *testing.T) {
	t.Parallel()
	const body = `{"function":"assistant-update"}`
	for fault, sent := range map[faults.Fault]int{faults.Lost: 0, faults.ReplyLost: 1} {
		t.Run(string(fault), func(t *testing.T) {
			t.Parallel()
			o := newStaffCloud(t, suite.Options{})
			o.quarantine(t, "assistant-update", "bad-reference", "1", map[string]string{"run": "r"})
			p, ctx := o.process(t, "Publish", fault)
			if status := p.post(ctx, o, "/v1/quarantine/replay", body); status != http.StatusServiceUnavailable {
				t.Errorf("status %d", status)
			}
			if got := len(o.published("replayed-run-events")); got != sent {
				t.Errorf("%d messages were published, want %d", got, sent)
			}
			o.Drain(t)
			records := o.list(t, "").Records
			if len(records) == 0 || records[0].Message != "1" {
				t.Fatalf("the quarantine has %+v", records)
			}
			o.replayAll(t, "quarantine", fields{"function": "assistant-update"})
			if got := len(o.published("replayed-run-events")); got <= sent {
				t.Errorf("%d messages were published in all", got)
			}
		})
	}
}
