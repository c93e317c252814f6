package pubsub_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/strongroom-dev/strongroom/emulator/official"
	"github.com/strongroom-dev/strongroom/emulator/pubsub"
)

// suite runs against Google's test server and against Google's emulator.
var suite = map[string]func(*testing.T, rig){
	"a message arrives as a CloudEvent in binary mode":                    testEvent,
	"a message reaches every subscription of its topic":                   testFanOut,
	"the request has the push identity's token":                           testToken,
	"every success code acknowledges":                                     testAcks,
	"a rejected message is pushed again":                                  testRetry,
	"an endpoint slower than the ack deadline gets another attempt":       testSlowEndpoint,
	"the wait between attempts doubles up to the maximum":                 testBackoff,
	"a message without attempts left becomes a dead letter":               testDeadLetter,
	"messages with one ordering key arrive in order, and no others wait":  testOrder,
	"a message that does not match the filter is dropped":                 testFilter,
	"MaxOutstanding limits the pushes in progress":                        testBound,
	"every message arrives as often as Redeliver says":                    testRedeliver,
	"ordered messages repeat in order":                                    testRedeliverOrdered,
	"drain waits for the messages that a delivery publishes":              testDrainFollows,
	"the error of drain names the open deliveries":                        testDrainGivesUp,
	"Google's client publishes and receives through the proxy":            testClient,
	"a caller without permission cannot publish":                          testAuthorize,
	"consuming requires permission on the subscription":                   testAuthorizeConsumer,
	"a message that is not acknowledged can be returned and pulled again": testPull,
	"a message without data and attributes is rejected":                   testEmptyMessage,
	"an observer sees every message":                                      testOnPublish,
	"an existing subscription is used":                                    testExistingSubscription,
	"close ends deliveries":                                               testClose,
}

// rig starts servers of one kind.
type rig struct{ host string }

func (r rig) run(t *testing.T) {
	for name, test := range suite {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, r)
		})
	}
}

func TestEmbedded(t *testing.T) {
	t.Parallel()
	rig{}.run(t)
}

func TestOfficial(t *testing.T) {
	t.Parallel()
	if os.Getenv("STRONGROOM_OFFICIAL") != "1" {
		t.Skip("Google's emulator is not enabled; to run this test: STRONGROOM_OFFICIAL=1 go test ./emulator/pubsub/")
	}
	if err := official.Available(); err != nil {
		t.Skip("Google's own emulator is not installed: ", err)
	}
	emulator, err := official.StartPubSub(t.Context(), "demo-strongroom")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = emulator.Stop() })
	rig{host: emulator.Host()}.run(t)
}

// server starts a server with its own project and the topic "events".
func (r rig) server(t *testing.T, change ...func(*pubsub.Config)) *pubsub.Server {
	t.Helper()
	config := pubsub.Config{ProjectID: "p-" + uuid.NewString(), Host: r.host}
	for _, f := range change {
		f(&config)
	}
	s, err := pubsub.New(context.Background(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	topic(t, s, "events")
	return s
}

func topic(t *testing.T, s *pubsub.Server, id string) {
	t.Helper()
	for range 2 { // it may exist
		if err := s.CreateTopic(t.Context(), id); err != nil {
			t.Fatal(err)
		}
	}
}

// quick returns a subscription to "events" with short waits.
func quick(endpoint string) pubsub.Subscription {
	return pubsub.Subscription{
		ID:         "consumer",
		Topic:      "events",
		Endpoint:   endpoint,
		MinBackoff: time.Millisecond,
		MaxBackoff: 4 * time.Millisecond,
	}
}

func push(t *testing.T, s *pubsub.Server, sub pubsub.Subscription) {
	t.Helper()
	if err := s.Push(t.Context(), sub); err != nil {
		t.Fatal(err)
	}
}

func publish(t *testing.T, s *pubsub.Server, data string, attributes map[string]string) {
	t.Helper()
	if err := s.Publish(t.Context(), "events", []byte(data), attributes); err != nil {
		t.Fatal(err)
	}
}

func drain(t *testing.T, s *pubsub.Server) {
	t.Helper()
	if err := s.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// pushed is the body of a push.
type pushed struct {
	Message struct {
		Data        []byte
		Attributes  map[string]string
		MessageID   string `json:"messageId"`
		PublishTime time.Time
		OrderingKey string
	}
	Subscription    string
	DeliveryAttempt int
}

// endpoint serves pushes. Answer returns the status for each.
func endpoint(t *testing.T, answer func(r *http.Request, p pushed) int) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		var p pushed
		if err := json.Unmarshal(body, &p); err != nil {
			t.Errorf("the push is not JSON: %v", err)
		}
		if err != nil {
			t.Errorf("read the push: %v", err)
		}
		w.Header().Set("location", "/") // a redirect must not be followed
		w.WriteHeader(answer(r, p))
	}))
	t.Cleanup(server.Close)
	return server.URL
}

func numbered(n int) []string {
	var list []string
	for i := range n {
		list = append(list, fmt.Sprintf("message %03d", i))
	}
	return list
}

func contains(t *testing.T, err error, want string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("the error does not contain %q: %v", want, err)
	}
}
