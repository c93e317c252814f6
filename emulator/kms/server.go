// Package kms is the embedded cloud's Cloud KMS: key rings, keys and their
// versions, over the wire protocol google.cloud.kms.v1. A version that is
// destroyed is erased, from memory and from disk.
package kms

import (
	"context"
	"errors"
	"sync"
	"time"

	"cloud.google.com/go/kms/apiv1/kmspb"
	"google.golang.org/grpc"

	"github.com/strongroom-dev/strongroom/emulator/clock"
	"github.com/strongroom-dev/strongroom/emulator/iam"
)

// Config says whose time and whose bindings hold.
type Config struct {
	Clock *clock.Clock // required
	IAM   *iam.Server  // required; says who calls, and what the caller may do
	Dir   string       // where keys are kept; empty: in memory only
}

// Server is Cloud KMS. Make it with New. Its RPC methods may be called in
// process too, by a context from As. It is safe for concurrent use.
type Server struct {
	kmspb.UnimplementedKeyManagementServiceServer
	config Config

	mu    sync.Mutex
	rings map[string]*kmspb.KeyRing // by full name
	keys  map[string]*key           // by full name
	due   time.Time                 // when the clock next changes a key; zero: never

	counts counters
}

// New makes a Server, with the keys that Dir holds.
func New(config Config) (*Server, error) {
	if config.Clock == nil || config.IAM == nil {
		return nil, errors.New("kms: Clock and IAM are required")
	}
	s := &Server{config: config, rings: map[string]*kmspb.KeyRing{}, keys: map[string]*key{}}
	if err := s.load(); err != nil {
		return nil, err
	}
	return s, s.Settle()
}

// Register serves google.cloud.kms.v1.KeyManagementService. Methods that are
// not modelled answer Unimplemented.
func (s *Server) Register(server *grpc.Server) {
	kmspb.RegisterKeyManagementServiceServer(server, s)
}

type callerKey struct{}

// As says who calls in process: the email address of a service account. What
// it may do is checked as it is for a call over gRPC.
func As(ctx context.Context, email string) context.Context {
	return context.WithValue(ctx, callerKey{}, email)
}

func (s *Server) caller(ctx context.Context) (string, error) {
	if email, ok := ctx.Value(callerKey{}).(string); ok {
		return email, nil
	}
	return s.config.IAM.Caller(ctx)
}

// admit lets a call on a resource of one of these kinds pass, in Google's
// order: who calls, what is named, what the caller may do.
func (s *Server) admit(ctx context.Context, permission, name string, kinds ...kind) (resource, error) {
	caller, err := s.caller(ctx)
	if err != nil {
		return resource{}, err
	}
	at, err := parseName(name, kinds...)
	if err != nil {
		return resource{}, err
	}
	if !s.config.IAM.Allowed(caller, permission, name) {
		return resource{}, denied(permission, name)
	}
	return at, s.settled()
}

// settled is Settle for a caller over gRPC.
func (s *Server) settled() error {
	if err := s.Settle(); err != nil {
		return internal(err)
	}
	return nil
}
