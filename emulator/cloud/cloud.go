// Package cloud starts the embedded parts of Google Cloud in one process and
// connects them: Firestore, Cloud Storage, KMS, Pub/Sub, Vertex AI, IAM, an OIDC
// issuer, Cloud Scheduler and a clock that can be moved.
//
// The parts check permissions as Google does, so a program under test needs an
// identity. As and Environ return the settings of a process that runs as one
// service account; IAM.Bind grants roles to it. The operator account, which
// owns the project, sets everything up.
//
// The package knows no application. Package suite runs Strongroom on it.
package cloud

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net"
	"net/http"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/strongroom-dev/strongroom/emulator/clock"
	"github.com/strongroom-dev/strongroom/emulator/firestore"
	"github.com/strongroom-dev/strongroom/emulator/gcs"
	"github.com/strongroom-dev/strongroom/emulator/iam"
	"github.com/strongroom-dev/strongroom/emulator/kms"
	"github.com/strongroom-dev/strongroom/emulator/oidc"
	"github.com/strongroom-dev/strongroom/emulator/pubsub"
	"github.com/strongroom-dev/strongroom/emulator/scheduler"
	"github.com/strongroom-dev/strongroom/emulator/vertex"
	"github.com/strongroom-dev/strongroom/shared/gcp"
	"github.com/strongroom-dev/strongroom/shared/linger"
)

// DefaultProjectID is the project of a cloud whose Options name none.
const DefaultProjectID = "embedded-project"

// Options configure a cloud. The zero Options keep everything in memory, use a
// free port and start only embedded parts.
type Options struct {
	ProjectID     string       // empty: DefaultProjectID
	Addr          string       // host:port of URL; empty: a free port of 127.0.0.1
	Dir           string       // directory where the parts store their data; empty: in memory
	FirestoreHost string       // host:port of Google's Firestore emulator; empty: the embedded one
	PubSubHost    string       // host:port of Google's Pub/Sub emulator; empty: the embedded one
	Redeliver     int          // how often each message is delivered in addition to the first time, for tests
	Log           *slog.Logger // receives what Pub/Sub and the scheduler log; nil: discarded
}

// Cloud is a running embedded cloud. Its parts are safe for concurrent use.
type Cloud struct {
	URL       string // base URL of the issuer and of the handler that Serve sets
	ProjectID string

	Clock     *clock.Clock
	IAM       *iam.Server
	KMS       *kms.Server
	GCS       *gcs.Server
	Firestore *firestore.Server // nil if Google's emulator replaces it
	PubSub    *pubsub.Server
	Issuer    *oidc.Issuer
	Vertex    *vertex.Server
	Scheduler *scheduler.Scheduler // runs its jobs on schedule after RunSchedule

	// Operator has every permission. It is for setup and inspection.
	Operator *gcp.Clients

	options Options
	hosts   gcp.Config // without an identity
	handler atomic.Pointer[http.Handler]

	mu      sync.Mutex
	closers []func() error
}

// Start starts every part. It returns when all of them accept requests.
func Start(ctx context.Context, options Options) (*Cloud, error) {
	if options.ProjectID == "" {
		options.ProjectID = DefaultProjectID
	}
	if options.Log == nil {
		options.Log = slog.New(slog.DiscardHandler)
	}
	c := &Cloud{ProjectID: options.ProjectID, Clock: &clock.Clock{}, options: options}
	for _, start := range []func(context.Context) error{
		c.lockDir, c.listen, c.startIdentity, c.startStores, c.startMessages, c.startObjects, c.startModels, c.serveGRPC,
	} {
		if err := start(ctx); err != nil {
			return nil, errors.Join(fmt.Errorf("start the embedded cloud: %w", err), c.Close())
		}
	}
	c.Scheduler = scheduler.New(scheduler.Config{Clock: c.Clock, IDToken: c.IDToken, Log: options.Log})
	c.Operator = c.Clients(Account(c.ProjectID, OperatorID))
	c.Serve(http.HandlerFunc(unavailable))
	return c, nil
}

// Serve sets the handler of URL, for all paths except the issuer's. Until then,
// requests are answered with status 503.
func (c *Cloud) Serve(handler http.Handler) { c.handler.Store(&handler) }

// RunSchedule runs the scheduler's jobs on their schedules until Close. Jobs
// cannot be added afterwards.
func (c *Cloud) RunSchedule(ctx context.Context) { c.RunUntilClose(ctx, c.Scheduler.Run) }

// RunUntilClose runs work in the background until Close, which cancels its context and waits
// for it.
func (c *Cloud) RunUntilClose(ctx context.Context, work func(context.Context)) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	done := make(chan struct{})
	go func() { defer close(done); work(ctx) }()
	c.onClose(func() error { cancel(); <-done; return nil })
}

// Close stops every part, in the reverse order of their start.
func (c *Cloud) Close() error {
	c.mu.Lock()
	closers := c.closers
	c.closers = nil
	c.mu.Unlock()
	var errs []error
	for _, closePart := range slices.Backward(closers) {
		errs = append(errs, closePart())
	}
	return errors.Join(errs...)
}

func (c *Cloud) onClose(f func() error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closers = append(c.closers, f)
}

// dir returns the directory of one part; empty: the part keeps its data in memory.
func (c *Cloud) dir(part string) string {
	if c.options.Dir == "" {
		return ""
	}
	return filepath.Join(c.options.Dir, part)
}

// serve serves handler on listener until the cloud is closed.
func (c *Cloud) serve(listener net.Listener, handler http.Handler) {
	server := &http.Server{Handler: lingering(handler), ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute}
	go func() { _ = server.Serve(listener) }()
	c.onClose(server.Close)
}

// maxDrain limits how long a client may continue to send a body that nobody reads.
const maxDrain = 10 * time.Second

// lingering reads what handler leaves of a body, as Google's frontends do. Otherwise
// a client that sends its whole body first could not read why it was refused.
func lingering(handler http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body := linger.New(w, r)
		r = r.WithContext(r.Context()) // a copy, because the server checks its own Body for unread bytes
		r.Body = body
		handler.ServeHTTP(w, r)
		body.Drain(math.MaxInt64, maxDrain)
	})
}

func listen(addr string) (net.Listener, error) {
	if addr == "" {
		addr = "127.0.0.1:0"
	}
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("listen: %w", err)
	}
	return listener, nil
}
