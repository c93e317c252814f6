// Package pubsub is the embedded cloud's Google Pub/Sub: Google's test server,
// or its official emulator, behind a front that knows what was published, with
// the push delivery that neither of them has: signed OIDC tokens, backoff,
// ordering, dead letters.
package pubsub

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"

	"cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"
	"cloud.google.com/go/pubsub/v2/pstest"
	"github.com/strongroom-dev/strongroom/emulator/clock"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
)

// Config says what the server stands on. Only ProjectID is required.
type Config struct {
	ProjectID string       // where a topic or subscription lives that is named by its id alone
	Clock     *clock.Clock // gives the publish times; nil is the machine's
	Host      string       // host:port of an official emulator; empty starts Google's test server
	// IDToken signs the OIDC token that the push identity email shows to
	// audience. It is required by a Subscription with a ServiceAccount.
	IDToken func(email, audience string) (string, error)
	// Authorize decides about each call that comes over gRPC: permission is
	// "pubsub.topics.publish" on "topics/T" for Publish;
	// "pubsub.subscriptions.consume" on "subscriptions/S" for what takes from a
	// subscription, and on "projects/P" for all else. Its error goes to the
	// caller. Nil lets everybody in.
	Authorize  func(ctx context.Context, permission, resource string) error
	Log        *slog.Logger // gets no data, attributes or tokens; nil drops it
	HTTPClient *http.Client // does the pushes; nil is a client of its own
	// Redeliver is for tests of at-least-once delivery: each message is
	// delivered that many times more, and messages overtake each other by up
	// to MinBackoff. Ordered messages repeat, but keep their order.
	Redeliver int
}

// Server is a running Pub/Sub. It is safe for concurrent use.
type Server struct {
	config     Config
	epoch      string // makes message ids unlike those of an earlier start
	test       *pstest.Server
	backend    *grpc.ClientConn
	publisher  pubsubpb.PublisherClient
	subscriber pubsubpb.SubscriberClient
	front      *front
	ledger     *ledger

	ctx    context.Context // ends at Close
	cancel context.CancelFunc
	shut   func() error
	work   sync.WaitGroup // every goroutine of every dispatcher

	// topology is held for reading while a message is published and for
	// writing while a subscription is made, so that it is always known which
	// subscriptions a message goes to.
	topology    sync.RWMutex
	dispatchers map[string]*dispatcher // by full subscription name
	observers   []func(topic string, data []byte, attributes map[string]string)
}

// New starts the server on a free port of 127.0.0.1. It runs until Close or
// until ctx ends.
func New(ctx context.Context, config Config) (*Server, error) {
	if config.ProjectID == "" {
		return nil, errors.New("pubsub needs a ProjectID")
	}
	config.setDefaults()
	s := &Server{config: config, epoch: newEpoch(), ledger: newLedger(), dispatchers: map[string]*dispatcher{}}
	s.ctx, s.cancel = context.WithCancel(ctx)
	s.shut = sync.OnceValue(s.shutDown)
	if err := s.start(); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	context.AfterFunc(s.ctx, func() { _ = s.shut() })
	return s, nil
}

func (c *Config) setDefaults() {
	if c.Clock == nil {
		c.Clock = &clock.Clock{}
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	c.HTTPClient = pushClient(c.HTTPClient)
}

func (s *Server) start() error {
	host := s.config.Host
	if host == "" {
		s.test = pstest.NewServerWithAddress("127.0.0.1:0")
		host = s.test.Addr
	}
	conn, err := grpc.NewClient(host, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return fmt.Errorf("reach Pub/Sub at %s: %w", host, err)
	}
	s.backend = conn
	s.publisher = pubsubpb.NewPublisherClient(conn)
	s.subscriber = pubsubpb.NewSubscriberClient(conn)
	s.front, err = newFront(s)
	return err
}

// Addr is the host:port for Pub/Sub clients, the value for
// PUBSUB_EMULATOR_HOST. Only what is published there, or with Publish, is seen
// by Published and waited for by Drain, also when Host is set.
func (s *Server) Addr() string { return s.front.addr }

// CreateTopic makes a topic, given its id or full name. It may exist already.
func (s *Server) CreateTopic(ctx context.Context, topic string) error {
	name, err := fullName(s.config.ProjectID, "topics", topic)
	if err != nil {
		return err
	}
	_, err = s.publisher.CreateTopic(ctx, &pubsubpb.Topic{Name: name})
	if err != nil && status.Code(err) != codes.AlreadyExists {
		return fmt.Errorf("create topic %s: %w", name, err)
	}
	return nil
}

// Published has observe called for each message that is published from now on,
// dead letters included, before its publisher gets an answer. Topic is the full
// name. Observe must not change what it is given, nor call the server.
func (s *Server) Published(observe func(topic string, data []byte, attributes map[string]string)) {
	s.topology.Lock()
	defer s.topology.Unlock()
	s.observers = append(s.observers, observe)
}

// Close stops all deliveries and the server. Messages that were not acked are
// lost, unless Host keeps them. Closing again does nothing.
func (s *Server) Close() error { return s.shut() }

func (s *Server) shutDown() error {
	s.cancel()
	if s.front != nil {
		s.front.close()
	}
	s.topology.Lock() // waits for Push; a later one sees that the server has ended
	clear(s.dispatchers)
	s.topology.Unlock()
	s.work.Wait()
	return s.closeBackend()
}

func (s *Server) closeBackend() error {
	var errs []error
	if s.backend != nil {
		errs = append(errs, s.backend.Close())
	}
	if s.test != nil {
		errs = append(errs, s.test.Close())
	}
	return errors.Join(errs...)
}
