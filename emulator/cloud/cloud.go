// Package cloud starts every part of the embedded cloud in one process, with
// the functions behind one address, each as its own service account.
package cloud

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"time"

	"google.golang.org/grpc"

	"github.com/strongroom-dev/strongroom/emulator/clock"
	"github.com/strongroom-dev/strongroom/emulator/firestore"
	"github.com/strongroom-dev/strongroom/emulator/front"
	"github.com/strongroom-dev/strongroom/emulator/gcs"
	"github.com/strongroom-dev/strongroom/emulator/iam"
	"github.com/strongroom-dev/strongroom/emulator/kms"
	"github.com/strongroom-dev/strongroom/emulator/oidc"
	"github.com/strongroom-dev/strongroom/emulator/pubsub"
	"github.com/strongroom-dev/strongroom/emulator/scheduler"
	"github.com/strongroom-dev/strongroom/infra"
	"github.com/strongroom-dev/strongroom/shared/directory"
	"github.com/strongroom-dev/strongroom/shared/gcp"
)

// Names within the embedded cloud.
const (
	ProjectID = "strongroom-local"
	Location  = "europe-west3"
	Audience  = "https://strongroom.dev" // what every token's audience begins with
)

// Options choose how the cloud runs. The zero Options runs it in memory, on a
// free port, with embedded parts only.
type Options struct {
	Addr          string        // host:port of the front; empty: a free port of 127.0.0.1
	Dir           string        // where everything is kept; empty: nothing is
	FirestoreHost string        // host:port of Google's Firestore emulator; empty: the embedded one
	PubSubHost    string        // host:port of Google's Pub/Sub emulator; empty: the embedded one
	Log           io.Writer     // takes what the functions log; nil: dropped
	Schedule      bool          // run the scheduled functions as the clock goes; else only RunNow does
	Redeliver     int           // deliver each message that many times more, for tests
	Backoff       time.Duration // first wait before a message is pushed again; zero: Google's 10 s

	DeliveryAttempts int // pushes before a message is a dead letter, 5 or more; zero: the 20 of production
}

// Cloud is a running embedded cloud. Its parts are safe for concurrent use.
type Cloud struct {
	URL   string // of the front
	Suite infra.Suite

	Clock     *clock.Clock
	IAM       *iam.Server
	KMS       *kms.Server
	GCS       *gcs.Server
	Firestore *firestore.Server // nil where Google's emulator is in its place
	PubSub    *pubsub.Server
	Issuer    *oidc.Issuer
	Front     *front.Front
	Scheduler *scheduler.Scheduler

	// Operator has every right: what a person sets up and looks into.
	Operator  *gcp.Clients
	Directory *directory.Directory

	options Options
	log     *slog.Logger
	hosts   gcp.Config // without an identity
	closers []func() error
}

// Start runs every part, and returns when all of them answer.
func Start(ctx context.Context, options Options) (*Cloud, error) {
	suite, err := infra.Load()
	if err != nil {
		return nil, err
	}
	c := &Cloud{Suite: suite, Clock: &clock.Clock{}, options: options}
	for _, start := range []func(context.Context) error{
		c.listen, c.startIdentity, c.startStores, c.startMessages, c.startObjects, c.serveGRPC, c.prepare, c.startFunctions,
	} {
		if err := start(ctx); err != nil {
			return nil, errors.Join(fmt.Errorf("start the embedded cloud: %w", err), c.Close())
		}
	}
	return c, nil
}

// Close stops every part, the last one first.
func (c *Cloud) Close() error {
	var errs []error
	for i := len(c.closers) - 1; i >= 0; i-- {
		errs = append(errs, c.closers[i]())
	}
	c.closers = nil
	return errors.Join(errs...)
}

func (c *Cloud) onClose(f func() error) { c.closers = append(c.closers, f) }

// dir is where one part keeps its data; empty: nowhere.
func (c *Cloud) dir(part string) string {
	if c.options.Dir == "" {
		return ""
	}
	return filepath.Join(c.options.Dir, part)
}

// serve runs an HTTP server on addr, empty: any, and gives its host and port.
func (c *Cloud) serve(listener net.Listener, handler http.Handler) {
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = server.Serve(listener) }()
	c.onClose(server.Close)
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

// serveGRPC serves the parts that speak gRPC at one address.
func (c *Cloud) serveGRPC(context.Context) error {
	listener, err := listen("")
	if err != nil {
		return err
	}
	server := grpc.NewServer(grpc.MaxRecvMsgSize(firestore.MaxRequestBytes+1<<20), grpc.MaxSendMsgSize(64<<20))
	if c.Firestore != nil {
		c.Firestore.Register(server)
	}
	c.KMS.Register(server)
	c.IAM.RegisterCredentials(server)
	go func() { _ = server.Serve(listener) }()
	c.onClose(func() error { server.Stop(); return nil })
	c.hosts.FirestoreHost, c.hosts.KMSHost, c.hosts.IAMCredentialsHost = listener.Addr().String(), listener.Addr().String(), listener.Addr().String()
	if c.options.FirestoreHost != "" {
		c.hosts.FirestoreHost = c.options.FirestoreHost
	}
	return nil
}
