// Package kms is the embedded Cloud KMS: key rings, keys and versions, over the
// wire protocol google.cloud.kms.v1. The key material of a destroyed version is
// erased from memory and from disk.
package kms

import (
	"context"
	"errors"
	"sync"
	"time"

	"cloud.google.com/go/iam/apiv1/iampb"
	"cloud.google.com/go/kms/apiv1/kmspb"
	"google.golang.org/grpc"

	"github.com/strongroom-dev/strongroom/emulator/clock"
	"github.com/strongroom-dev/strongroom/emulator/iam"
)

// Config configures a Server.
type Config struct {
	Clock *clock.Clock // required
	IAM   *iam.Server  // required; authenticates and authorizes callers
	Dir   string       // directory where keys are stored; empty: in memory
}

// Server is Cloud KMS. Create it with New. Its RPC methods may also be called in
// process, with a context from As. It is safe for concurrent use.
type Server struct {
	kmspb.UnimplementedKeyManagementServiceServer
	config Config

	mu    sync.Mutex
	rings map[string]*kmspb.KeyRing // by full name
	keys  map[string]*key           // by full name
	due   time.Time                 // when the clock next changes a key; zero: never

	counts counters
}

// New returns a Server with the keys that are stored in Dir.
func New(config Config) (*Server, error) {
	if config.Clock == nil || config.IAM == nil {
		return nil, errors.New("kms: Clock and IAM are required")
	}
	s := &Server{config: config, rings: map[string]*kmspb.KeyRing{}, keys: map[string]*key{}}
	if err := s.load(); err != nil {
		return nil, err
	}
	return s, s.ApplyDue()
}

// Register serves google.cloud.kms.v1.KeyManagementService, and google.iam.v1.IAMPolicy
// for key rings and keys. Methods that are not modeled return Unimplemented.
func (s *Server) Register(server *grpc.Server) {
	kmspb.RegisterKeyManagementServiceServer(server, s)
	iampb.RegisterIAMPolicyServer(server, s)
}

type callerKey struct{}

// As returns a context for calls in process as the service account with this email.
// The account's permissions are checked as for a call over gRPC.
func As(ctx context.Context, email string) context.Context {
	return context.WithValue(ctx, callerKey{}, email)
}

func (s *Server) caller(ctx context.Context) (string, error) {
	if email, ok := ctx.Value(callerKey{}).(string); ok {
		return email, nil
	}
	return s.config.IAM.Caller(ctx)
}

// authorize authorizes a call on a resource of one of these kinds. It checks in
// Google's order: the caller, the name, the permission.
func (s *Server) authorize(ctx context.Context, permission, name string, kinds ...kind) (resource, error) {
	caller, err := s.caller(ctx)
	if err != nil {
		return resource{}, err
	}
	target, err := parseName(name, kinds...)
	if err != nil {
		return resource{}, err
	}
	if !s.config.IAM.Allowed(caller, permission, name) {
		return resource{}, denied(permission, name)
	}
	return target, s.applyDueForCaller()
}

// applyDueForCaller is ApplyDue with an error for a gRPC caller.
func (s *Server) applyDueForCaller() error {
	if err := s.ApplyDue(); err != nil {
		return internal(err)
	}
	return nil
}
