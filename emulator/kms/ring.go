package kms

import (
	"context"

	"cloud.google.com/go/kms/apiv1/kmspb"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// CreateKeyRing creates a key ring. Permission: cloudkms.keyRings.create.
func (s *Server) CreateKeyRing(ctx context.Context, r *kmspb.CreateKeyRingRequest) (*kmspb.KeyRing, error) {
	target, err := s.authorize(ctx, "cloudkms.keyRings.create", r.GetParent(), location)
	if err != nil {
		return nil, err
	}
	made, err := parseName(target.name+"/keyRings/"+r.GetKeyRingId(), keyRing)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.rings[made.name] != nil {
		return nil, exists("KeyRing", made.name)
	}
	ring := &kmspb.KeyRing{Name: made.name, CreateTime: timestamppb.New(s.config.Clock.Now())}
	s.rings[made.name] = ring
	return proto.CloneOf(ring), s.saveForCaller()
}

// GetKeyRing returns a key ring. Permission: cloudkms.keyRings.get.
func (s *Server) GetKeyRing(ctx context.Context, r *kmspb.GetKeyRingRequest) (*kmspb.KeyRing, error) {
	target, err := s.authorize(ctx, "cloudkms.keyRings.get", r.GetName(), keyRing)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	ring := s.rings[target.name]
	if ring == nil {
		return nil, notFound("KeyRing", target.name)
	}
	return proto.CloneOf(ring), nil
}

// ListKeyRings lists a location's key rings by name. Permission:
// cloudkms.keyRings.list.
func (s *Server) ListKeyRings(ctx context.Context, r *kmspb.ListKeyRingsRequest) (*kmspb.ListKeyRingsResponse, error) {
	target, err := s.authorize(ctx, "cloudkms.keyRings.list", r.GetParent(), location)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	page, err := pageOf(below(s.rings, target.name+"/keyRings/"), r)
	if err != nil {
		return nil, err
	}
	answer := &kmspb.ListKeyRingsResponse{NextPageToken: page.next, TotalSize: page.total}
	for _, name := range page.names {
		answer.KeyRings = append(answer.KeyRings, proto.CloneOf(s.rings[name]))
	}
	return answer, nil
}

// saveForCaller saves the state and returns an error for a gRPC caller.
func (s *Server) saveForCaller() error {
	if err := s.save(); err != nil {
		return internal(err)
	}
	return nil
}
