package quarantine_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"cloud.google.com/go/firestore"
	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/shared/event"
	"github.com/strongroom-dev/strongroom/shared/gcp"
	"github.com/strongroom-dev/strongroom/shared/quarantine"
)

// quarantined are the records of a function.
func quarantined(t *testing.T, c *cloudtest.Cloud, function string) []quarantine.Record {
	t.Helper()
	db, err := c.Operator.Default(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return find(t, db, quarantine.Filter{Function: function})
}

func find(t *testing.T, db *firestore.Client, f quarantine.Filter) (all []quarantine.Record) {
	t.Helper()
	docs, err := quarantine.Find(db, f).Documents(t.Context()).GetAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, doc := range docs {
		r, err := quarantine.Decode(doc)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, r)
	}
	return all
}

func TestAMessageRefusedForGoodIsOnRecordOnce(t *testing.T) {
	t.Parallel()
	c := cloudtest.Shared(t)
	now := time.Now().UTC().Truncate(time.Microsecond)
	function := "f" + uuid.NewString()[:8]
	q := quarantine.Recorder{Function: function, References: []string{"run", "kind", "entry"}, Clients: c.Operator, Now: func() time.Time { return now }}
	handle := q.Wrap(func(context.Context, event.Message) error {
		return event.Refuse("no-such-run", errors.New("canary in a fault"))
	})
	m := event.Message{
		ID: "17", Data: []byte("canary in data"), Published: now.Add(-time.Minute),
		Attributes: map[string]string{"run": "r1", "kind": strings.Repeat("x", 2000), "note": "canary in an attribute"},
	}
	for range 2 {
		if err := handle(t.Context(), m); !event.IsPermanent(err) {
			t.Errorf("got %v, want a permanent fault", err)
		}
	}
	want := []quarantine.Record{{
		Function: function, Message: "17", Code: "no-such-run", References: map[string]string{"run": "r1"},
		Published: m.Published, Found: now,
	}}
	if diff := cmp.Diff(want, quarantined(t, c, function)); diff != "" {
		t.Error(diff)
	}
}

func TestFindNarrowsAndBeginsWithTheOldest(t *testing.T) {
	t.Parallel()
	c := cloudtest.Shared(t)
	db, err := c.Operator.Default(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	began := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	now := began
	function := "f" + uuid.NewString()[:8]
	q := quarantine.Recorder{Function: function, Clients: c.Operator, Now: func() time.Time { return now }}
	for n, id := range []string{"9", "1", "5"} {
		code := []string{"odd", "even"}[n%2]
		now = began.Add(time.Duration(n) * time.Second)
		_ = q.Wrap(func(context.Context, event.Message) error { return event.Refuse(code, errors.ErrUnsupported) })(t.Context(), event.Message{ID: id})
	}
	for name, test := range map[string]struct {
		filter quarantine.Filter
		want   []string
	}{
		"all of a function":                  {quarantine.Filter{Function: function}, []string{"9", "1", "5"}},
		"those of a code":                    {quarantine.Filter{Function: function, Code: "odd"}, []string{"9", "5"}},
		"those found before a time":          {quarantine.Filter{Function: function, Before: began.Add(2 * time.Second)}, []string{"9", "1"}},
		"those of a code and before a time":  {quarantine.Filter{Function: function, Code: "odd", Before: began.Add(time.Second)}, []string{"9"}},
		"none of a function that is another": {quarantine.Filter{Function: function + "x"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got []string
			for _, r := range find(t, db, test.filter) {
				got = append(got, r.Message)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestWhatIsNotRefusedForGoodIsNotOnRecord(t *testing.T) {
	t.Parallel()
	c := cloudtest.Shared(t)
	function := "f" + uuid.NewString()[:8]
	q := quarantine.Recorder{Function: function, Clients: c.Operator, Now: time.Now}
	passing := errors.New("may pass")
	for name, err := range map[string]error{"1": nil, "2": passing} {
		got := q.Wrap(func(context.Context, event.Message) error { return err })(t.Context(), event.Message{ID: name})
		if !errors.Is(got, err) {
			t.Errorf("got %v, want %v", got, err)
		}
	}
	if got := quarantined(t, c, function); len(got) != 0 {
		t.Errorf("on record: %v", got)
	}
}

func TestAnOddMessageIDIsNoPath(t *testing.T) {
	t.Parallel()
	c := cloudtest.Shared(t)
	function := "f" + uuid.NewString()[:8]
	q := quarantine.Recorder{Function: function, Clients: c.Operator, Now: time.Now}
	handle := q.Wrap(func(context.Context, event.Message) error { return event.Refuse("refused", errors.New("refused")) })
	for _, id := range []string{"a/b", "..", "__x__", strings.Repeat("9", 3000)} {
		if err := handle(t.Context(), event.Message{ID: id}); !event.IsPermanent(err) {
			t.Errorf("%.20q: got %v", id, err)
		}
	}
	if got := quarantined(t, c, function); len(got) != 4 {
		t.Errorf("%d records, want 4", len(got))
	}
}

func TestARefusalThatCannotBeRecordedIsDeliveredAgain(t *testing.T) {
	t.Parallel()
	clients := gcp.NewClients(gcp.Config{ProjectID: "p", FirestoreHost: "127.0.0.1:1"})
	t.Cleanup(func() { _ = clients.Close() })
	q := quarantine.Recorder{Function: "f", Clients: clients, Now: time.Now}
	ctx, cancel := context.WithCancel(t.Context())
	handle := q.Wrap(func(context.Context, event.Message) error {
		cancel() // the platform's patience is over
		return event.Refuse("refused", errors.New("refused"))
	})
	if err := handle(ctx, event.Message{ID: "1"}); err == nil || event.IsPermanent(err) {
		t.Errorf("got %v, want a fault that may pass", err)
	}
}
