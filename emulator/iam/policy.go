package iam

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
)

// ErrPolicyChanged is the error of SetPolicy if somebody has changed the bindings since
// they were read.
var ErrPolicyChanged = errors.New("iam: the policy has changed")

// Policy returns the bindings on exactly this resource, ordered by member and role, and
// an etag that changes whenever they do. Bindings that the resource inherits are not in it.
func (s *Server) Policy(resource string) (bindings []Binding, etag string) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.policy(resource)
}

// SetPolicy replaces the bindings on exactly this resource. If etag is not empty, it must
// be that of the bindings which are replaced.
func (s *Server) SetPolicy(resource, etag string, bindings []Binding) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	old, current := s.policy(resource)
	if etag != "" && etag != current {
		return ErrPolicyChanged
	}
	for _, b := range bindings {
		if b.Resource != resource {
			return fmt.Errorf("iam: set policy: a binding is on %q, not on %q", b.Resource, resource)
		}
		if err := s.validate(b); err != nil {
			return fmt.Errorf("iam: set policy: %w", err)
		}
	}
	for _, b := range old {
		delete(s.bindings, b)
	}
	for _, b := range bindings {
		s.bindings[b] = true
	}
	return s.save()
}

// policy is Policy for a caller that holds mu.
func (s *Server) policy(resource string) ([]Binding, string) {
	var bindings []Binding
	for b := range s.bindings {
		if b.Resource == resource {
			bindings = append(bindings, b)
		}
	}
	slices.SortFunc(bindings, compareBindings)
	sum := sha256.New()
	for _, b := range bindings {
		fmt.Fprintf(sum, "%q %q\n", b.Member, b.Role)
	}
	return bindings, hex.EncodeToString(sum.Sum(nil)[:12])
}
