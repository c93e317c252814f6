package command_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
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

// staffOf is where the platform's staff run the program, in no workspace.
func staffOf(t *testing.T, tenant *cloudtest.Tenant) *place {
	t.Helper()
	p := placeOf(t, tenant, "platform")
	delete(p.env, "STRONGROOM_WORKSPACE")
	return p
}

// refuse has assistant-update refuse n messages for good, a second apart.
func refuse(t *testing.T, c *cloudtest.Cloud, code string, n int) {
	t.Helper()
	now := c.Clock.Now().Add(-time.Hour)
	keeper := quarantine.Keeper{Function: "assistant-update", References: []string{"run"}, Clients: c.Operator, Now: func() time.Time { return now }}
	handle := keeper.Guard(func(context.Context, event.Message) error { return event.Refuse(code, errors.ErrUnsupported) })
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
	refuse(t, c, "bad-reference", 230)
	refuse(t, c, "no-such-run", 1)
	r := p.run(t, "replay", "ls", "--limit", "2").want(t)
	if strings.Count(r.stdout, "\n") != 3 || !strings.Contains(r.stdout, `assistant-update  bad-reference  bad-reference-000  run=\x1b[2Jbad-reference-000`) ||
		!strings.Contains(r.stderr, "more than these 2") {
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
	if r.stdout != "messages that assistant-update refused sent again: 230\n" ||
		r.stderr != "strongroom: 100 sent again\nstrongroom: 200 sent again\nstrongroom: 230 sent again\n" {
		t.Errorf("%+v", r)
	}
	c.Drain(t)
	left := list() // the messages name no tenant: each is refused again, for a new reason
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
	if r := p.run(t, "replay", "dead-letters", "object-events").want(t); r.stdout != "dead letters of object-events sent again: 0\n" {
		t.Errorf("%+v", r)
	}
}

func TestAReplayThatCannotBeSaysWhatToDo(t *testing.T) {
	t.Parallel()
	tenant := cloudtest.Shared(t).Tenant(t)
	staff, viewer := staffOf(t, tenant), placeOf(t, tenant, "viewer")
	for name, test := range map[string]struct {
		place *place
		args  []string
		code  int
		says  string
	}{
		"a viewer lists":                   {viewer, []string{"ls"}, 1, "403 Forbidden"},
		"a viewer replays":                 {viewer, []string{"dead-letters", "run-events"}, 1, "403 Forbidden"},
		"a topic that is not known":        {staff, []string{"dead-letters", "run-events-dead"}, 1, "expected one of object-events, run-events"},
		"a function that is not known":     {staff, []string{"quarantine", "run-events"}, 1, "expected one of assistant-update, custody"},
		"a list of one that is not known":  {staff, []string{"ls", "run-events"}, 1, "expected one of assistant-update, custody"},
		"messages whose data is not kept":  {staff, []string{"quarantine", "custody"}, 1, "gcloud pubsub subscriptions seek custody"},
		"no topic":                         {staff, []string{"dead-letters"}, 2, "takes TOPIC"},
		"no function":                      {staff, []string{"quarantine"}, 2, "takes FUNCTION"},
		"a list of two functions":          {staff, []string{"ls", "a", "b"}, 2, "takes one FUNCTION or none"},
		"a list of fewer than none":        {staff, []string{"ls", "--limit", "-1"}, 2, "--limit is 1 or more"},
		"a flag that belongs to the other": {staff, []string{"dead-letters", "run-events", "--code", "x"}, 2, "strongroom replay dead-letters --help"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := test.place.run(t, append([]string{"replay"}, test.args...)...)
			if r.code != test.code || !strings.Contains(r.stderr, test.says) || r.stdout != "" {
				t.Errorf("%+v, want code %d and %q", r, test.code, test.says)
			}
		})
	}
}

// What comes back while a replay goes on must not go round with it.
func TestEveryCallOfAReplayIsAboutTheTimeOfTheFirst(t *testing.T) {
	t.Parallel()
	answers := []string{
		`{"replayed":100,"more":true,"asOf":"2026-01-02T03:04:05.000006Z"}`, `{"replayed":100,"more":true,"asOf":"2026-01-02T03:04:05Z"}`,
		`{"replayed":7,"more":false,"asOf":"2026-01-02T03:04:05Z"}`,
	}
	var asked []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		asked = append(asked, string(body))
		_, _ = io.WriteString(w, answers[len(asked)-1])
	}))
	t.Cleanup(server.Close)
	p := &place{spool: t.TempDir(), env: map[string]string{"STRONGROOM_URL": server.URL, "STRONGROOM_TOKEN": "t"}}
	r := p.run(t, "replay", "quarantine", "f", "--code", "c", "--json", "-q").want(t)
	if r.stdout != `{"replayed":207,"asOf":"2026-01-02T03:04:05.000006Z"}`+"\n" {
		t.Errorf("%+v", r)
	}
	later := `{"function":"f","code":"c","before":"2026-01-02T03:04:05.000006Z"}`
	if diff := cmp.Diff([]string{`{"function":"f","code":"c"}`, later, later}, asked); diff != "" {
		t.Error(diff)
	}
}
