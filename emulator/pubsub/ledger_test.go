package pubsub

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

func TestLedgerIsDrained(t *testing.T) {
	t.Parallel()
	one, two := delivery{"s", "1"}, delivery{"s", "2"}
	for name, test := range map[string]struct {
		steps func(*ledger)
		want  bool
	}{
		"at first": {func(*ledger) {}, true},
		"not while a publish call is in progress":   {func(l *ledger) { l.beginPublish() }, false},
		"when the publish call caused nothing":      {func(l *ledger) { l.beginPublish(); l.endPublish(nil) }, true},
		"not before a delivery is completed":        {func(l *ledger) { l.beginPublish(); l.endPublish([]delivery{one}) }, false},
		"when the delivery is completed":            {func(l *ledger) { l.beginPublish(); l.endPublish([]delivery{one}); l.complete(one) }, true},
		"when it is completed before the call ends": {func(l *ledger) { l.beginPublish(); l.complete(one); l.endPublish([]delivery{one}) }, true},
		"not when another is open":                  {func(l *ledger) { l.beginPublish(); l.endPublish([]delivery{one, two}); l.complete(one) }, false},
		"when one is completed twice":               {func(l *ledger) { l.beginPublish(); l.endPublish([]delivery{one}); l.complete(one); l.complete(one) }, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newLedger()
			test.steps(l)
			if drained, open, _ := l.state(); drained != test.want {
				t.Errorf("drained is %v; open: %v", drained, open)
			}
		})
	}
}

func TestLeasesAreRenewedWhileAMessageWaits(t *testing.T) {
	t.Parallel()
	s, err := New(t.Context(), Config{ProjectID: "p"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	tried := make(chan struct{}, 1)
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusServiceUnavailable)
		tried <- struct{}{}
	}))
	t.Cleanup(receiver.Close)
	if err := s.CreateTopic(t.Context(), "events"); err != nil {
		t.Fatal(err)
	}
	sub := Subscription{ID: "consumer", Topic: "events", Endpoint: receiver.URL, MinBackoff: time.Minute}
	if err := s.Push(t.Context(), sub); err != nil {
		t.Fatal(err)
	}
	if err := s.Publish(t.Context(), "events", []byte("x"), nil); err != nil {
		t.Fatal(err)
	}
	<-tried
	s.dispatchers["projects/p/subscriptions/consumer"].renewLeases()
	renewals := s.test.Messages()[0].Modacks
	if len(renewals) != 1 || time.Duration(renewals[0].AckDeadline)*time.Second != lease {
		t.Errorf("renewals: %v", renewals)
	}
}
