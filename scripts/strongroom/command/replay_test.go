package command_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/suite"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
	"github.com/strongroom-dev/strongroom/shared/event"
	"github.com/strongroom-dev/strongroom/shared/quarantine"
)

// staffOf runs as platform staff, in no workspace.
func staffOf(t *testing.T, tenant *cloudtest.Tenant) *program {
	t.Helper()
	p := programOf(t, tenant, "platform")
	delete(p.env, "STRONGROOM_WORKSPACE")
	return p
}

// rejectPermanently makes assistant-update permanently reject n messages, one second apart.
func rejectPermanently(t *testing.T, c *cloudtest.Cloud, code string, n int) {
	t.Helper()
	now := c.Clock.Now().Add(-time.Hour)
	recorder := quarantine.Recorder{Function: "assistant-update", References: []string{"run"}, Clients: c.Operator, Now: func() time.Time { return now }}
	handle := recorder.Wrap(func(context.Context, event.Message) error { return event.Refuse(code, errors.ErrUnsupported) })
	for i := range n {
		now = now.Add(time.Second)
		id := fmt.Sprintf("%s-%03d", code, i)
		_ = handle(t.Context(), event.Message{ID: id, Attributes: map[string]string{"run": "\x1b[2J" + id}})
	}
}

func TestTheQuarantineIsListedAndReplayed(t *testing.T) {
	t.Parallel()
	c := cloudtest.New(t, suite.Options{})
	p := staffOf(t, c.Tenant(t))
	rejectPermanently(t, c, "bad-reference", 230)
	rejectPermanently(t, c, "no-such-run", 1)
	r := p.run(t, "replay", "ls", "--limit", "2").want(t)
	if strings.Count(r.stdout, "\n") != 3 || !strings.Contains(r.stdout, `assistant-update  bad-reference  bad-reference-000  run=\x1b[2Jbad-reference-000`) ||
		!strings.Contains(r.stderr, "truncated to 2 entries") {
		t.Errorf("%+v", r)
	}
	list := func() (records []api.Refused) {
		var all struct {
			Records []api.Refused
			More    bool
		}
		r := p.run(t, "replay", "ls", "assistant-update", "--limit", "0", "--json").want(t)
		if err := json.Unmarshal([]byte(r.stdout), &all); err != nil || all.More {
			t.Fatalf("%v: %s", err, r.stdout)
		}
		return all.Records
	}
	if n := len(list()); n != 231 {
		t.Errorf("%d are listed", n)
	}
	r = p.run(t, "replay", "quarantine", "assistant-update", "--code", "bad-reference").want(t)
	if r.stdout != "redelivered messages quarantined by assistant-update: 230\n" ||
		r.stderr != "strongroom: redelivered 100\nstrongroom: redelivered 200\nstrongroom: redelivered 230\n" {
		t.Errorf("%+v", r)
	}
	c.Drain(t)
	left := list() // the messages name no tenant, so each is rejected again for another reason
	if len(left) != 231 || left[0].Code != "no-such-run" || left[1].Code != "unknown-kind" {
		t.Errorf("%d are left, first %+v", len(left), left[0])
	}
}

func TestDeadLettersAreReplayed(t *testing.T) {
	t.Parallel()
	c := cloudtest.New(t, suite.Options{})
	p := staffOf(t, c.Tenant(t))
	for n := range 120 {
		if err := c.PubSub.Publish(t.Context(), "object-events-dead", nil, map[string]string{"n": fmt.Sprint(n)}); err != nil {
			t.Fatal(err)
		}
	}
	r := p.run(t, "replay", "dead-letters", "object-events", "--json", "--quiet").want(t)
	var sum struct {
		Replayed int
		AsOf     time.Time
	}
	if err := json.Unmarshal([]byte(r.stdout), &sum); err != nil || sum.Replayed != 120 || sum.AsOf.After(c.Clock.Now()) || r.stderr != "" {
		t.Errorf("%v: %+v", err, r)
	}
	if r := p.run(t, "replay", "dead-letters", "object-events").want(t); r.stdout != "redelivered dead letters of object-events: 0\n" {
		t.Errorf("%+v", r)
	}
}

func TestErrorsOfAReplaySayWhatToDo(t *testing.T) {
	t.Parallel()
	tenant := cloudtest.Shared(t).Tenant(t)
	staff, viewer := staffOf(t, tenant), programOf(t, tenant, "viewer")
	for name, test := range map[string]struct {
		program *program
		args    []string
		code    int
		want    string
	}{
		"a viewer lists":                   {program: viewer, args: []string{"ls"}, code: 11, want: "403 Forbidden"},
		"a viewer replays":                 {program: viewer, args: []string{"dead-letters", "run-events"}, code: 11, want: "403 Forbidden"},
		"a topic that is not known":        {program: staff, args: []string{"dead-letters", "run-events-dead"}, code: 2, want: "expected one of config-events, export-parts, object-events, run-events"},
		"a function that is not known":     {program: staff, args: []string{"quarantine", "run-events"}, code: 2, want: "expected one of assistant-update, config-graph, custody"},
		"a list of one that is not known":  {program: staff, args: []string{"ls", "run-events"}, code: 2, want: "assistant-update, config-graph, custody, export-worker"},
		"messages whose data is not here":  {program: staff, args: []string{"quarantine", "custody"}, code: 2, want: "gcloud pubsub subscriptions seek custody"},
		"no topic":                         {program: staff, args: []string{"dead-letters"}, code: 2, want: "requires TOPIC"},
		"no function":                      {program: staff, args: []string{"quarantine"}, code: 2, want: "requires FUNCTION"},
		"a list of two functions":          {program: staff, args: []string{"ls", "a", "b"}, code: 2, want: "accepts at most one FUNCTION"},
		"a list of fewer than none":        {program: staff, args: []string{"ls", "--limit", "-1"}, code: 2, want: "--limit must not be negative"},
		"a flag that belongs to the other": {program: staff, args: []string{"dead-letters", "run-events", "--code", "x"}, code: 2, want: "strongroom replay dead-letters --help"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := test.program.run(t, append([]string{"replay"}, test.args...)...)
			if r.code != test.code || !strings.Contains(r.stderr, test.want) || r.stdout != "" {
				t.Errorf("%+v, want code %d and %q", r, test.code, test.want)
			}
		})
	}
}

// A message that fails again during a replay must not be replayed in a loop.
func TestEveryCallOfAReplayHasTheTimeOfTheFirst(t *testing.T) {
	t.Parallel()
	s := newStub(t,
		`{"replayed":100,"more":true,"asOf":"2026-01-02T03:04:05.000006Z"}`,
		`{"replayed":100,"more":true,"asOf":"2026-01-02T03:04:05Z"}`,
		`{"replayed":7,"more":false,"asOf":"2026-01-02T03:04:05Z"}`)
	p := stubbed(t, s)
	r := p.run(t, "replay", "quarantine", "f", "--code", "c", "--json", "-q").want(t)
	if r.stdout != `{"replayed":207,"asOf":"2026-01-02T03:04:05.000006Z"}`+"\n" {
		t.Errorf("%+v", r)
	}
	const call = "POST /v1/quarantine/replay "
	later := call + `{"function":"f","code":"c","before":"2026-01-02T03:04:05.000006Z"}`
	if diff := cmp.Diff([]string{call + `{"function":"f","code":"c"}`, later, later}, s.received()); diff != "" {
		t.Error(diff)
	}
}
