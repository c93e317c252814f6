// Package pubsub is the embedded Google Pub/Sub: Google's test server, or
// Google's emulator, behind a proxy that records what is published. The package
// adds the push delivery that neither of them has: signed OIDC tokens, backoff,
// ordering and dead letters.
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

// Config configures a server. Only ProjectID is required.
type Config struct {
	ProjectID string       // project of topics and subscriptions that are named by their ID alone
	Clock     *clock.Clock // sets the publish times; nil: the machine's time
	Host      string       // host:port of Google's emulator; empty: start Google's test server
	// IDToken returns an OIDC token for the push identity with this email and this
	// audience. A Subscription with a ServiceAccount requires it.
	IDToken func(email, audience string) (string, error)
	// Authorize decides about each call over gRPC; its error is returned to the
	// caller. Nil allows every call. It is asked for:
	//
	//   - pubsub.topics.publish on topics/T, for Publish
	//   - pubsub.subscriptions.consume on subscriptions/S, for calls that take
	//     messages from a subscription
	//   - pubsub.subscriptions.consume on projects/P, for all other calls
	Authorize  func(ctx context.Context, permission, resource string) error
	Log        *slog.Logger // receives no data, attributes or tokens; nil: discarded
	HTTPClient *http.Client // sends the pushes; nil: a new client
	// Redeliver tests at-least-once delivery: each message is delivered this many
	// times in addition to the first, and messages overtake each other by up to
	// MinBackoff. Ordered messages repeat but keep their order.
	Redeliver int
}

// Server is a running Pub/Sub. It is safe for concurrent use.
type Server struct {
	config     Config
	epoch      string // prefix that makes message IDs differ from those of an earlier start
	test       *pstest.Server
	backend    *grpc.ClientConn
	publisher  pubsubpb.PublisherClient
	subscriber pubsubpb.SubscriberClient
	proxy      *proxy
	ledger     *ledger

	ctx    context.Context // ends at Close
	cancel context.CancelFunc
	shut   func() error
	work   sync.WaitGroup // every goroutine of every dispatcher

	// topology is held for reading while a message is published and for writing
	// while a subscription is created, so that the subscriptions that receive a
	// message are always known.
	topology    sync.RWMutex
	dispatchers map[string]*dispatcher // by full subscription name
	observers   []func(topic string, data []byte, attributes map[string]string)
}

// New starts the server on a free port of 127.0.0.1. It runs until Close or
// until ctx ends.
func New(ctx context.Context, config Config) (*Server, error) {
	if config.ProjectID == "" {
		return nil, errors.New("pubsub: ProjectID is required")
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
		return fmt.Errorf("connect to Pub/Sub at %s: %w", host, err)
	}
	s.backend = conn
	s.publisher = pubsubpb.NewPublisherClient(conn)
	s.subscriber = pubsubpb.NewSubscriberClient(conn)
	s.proxy, err = newProxy(s)
	return err
}

// Addr returns the host:port for Pub/Sub clients, the value for
// PUBSUB_EMULATOR_HOST. OnPublish and Drain see only messages that are published
// there or with Publish, even if Host is set.
func (s *Server) Addr() string { return s.proxy.addr }

// CreateTopic creates a topic, given its ID or full name, unless it exists.
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

// OnPublish calls observe for each message that is published from now on,
// including dead letters, before its publisher receives the response. Topic is the
// full name. Observe must not change its arguments or call the server.
func (s *Server) OnPublish(observe func(topic string, data []byte, attributes map[string]string)) {
	s.topology.Lock()
	defer s.topology.Unlock()
	s.observers = append(s.observers, observe)
}

// Close stops all deliveries and the server. Messages that were not acknowledged
// are lost, unless Host keeps them. Further calls do nothing.
func (s *Server) Close() error { return s.shut() }

func (s *Server) shutDown() error {
	s.cancel()
	if s.proxy != nil {
		s.proxy.close()
	}
	s.topology.Lock() // waits for Push; a later Push sees that the server has ended
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
