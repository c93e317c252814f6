package kms

import (
	"context"
	"errors"
	"slices"
	"strings"

	"cloud.google.com/go/iam/apiv1/iampb"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/strongroom-dev/strongroom/emulator/iam"
)

// accountPrefix is what a member of a policy begins with. Other members, such as users
// and groups, are not modeled.
const accountPrefix = "serviceAccount:"

// GetIamPolicy returns the bindings on a key ring or a key, without those that it
// inherits. Permission: cloudkms.keyRings.getIamPolicy or cloudkms.cryptoKeys.getIamPolicy.
func (s *Server) GetIamPolicy(ctx context.Context, r *iampb.GetIamPolicyRequest) (*iampb.Policy, error) {
	target, err := s.authorizePolicy(ctx, "getIamPolicy", r.GetResource())
	if err != nil {
		return nil, err
	}
	return policyOf(s.config.IAM.Policy(target.name)), nil
}

// SetIamPolicy replaces the bindings on a key ring or a key. With an etag, it fails if
// they have changed since. Permission: cloudkms.keyRings.setIamPolicy or
// cloudkms.cryptoKeys.setIamPolicy.
func (s *Server) SetIamPolicy(ctx context.Context, r *iampb.SetIamPolicyRequest) (*iampb.Policy, error) {
	target, err := s.authorizePolicy(ctx, "setIamPolicy", r.GetResource())
	if err != nil {
		return nil, err
	}
	bindings, err := bindingsOf(target.name, r.GetPolicy())
	if err != nil {
		return nil, err
	}
	err = s.config.IAM.SetPolicy(target.name, string(r.GetPolicy().GetEtag()), bindings)
	switch {
	case errors.Is(err, iam.ErrPolicyChanged):
		return nil, status.Error(codes.Aborted, "There were concurrent policy changes. Please retry the whole read-modify-write with exponential backoff.")
	case err != nil:
		return nil, invalid("%v", err)
	}
	return policyOf(s.config.IAM.Policy(target.name)), nil
}

// TestIamPermissions returns which of the permissions the caller has on a key ring or a
// key. It needs no permission.
func (s *Server) TestIamPermissions(ctx context.Context, r *iampb.TestIamPermissionsRequest) (*iampb.TestIamPermissionsResponse, error) {
	caller, err := s.caller(ctx)
	if err != nil {
		return nil, err
	}
	target, err := parseName(r.GetResource(), keyRing, cryptoKey)
	if err != nil {
		return nil, err
	}
	var held []string
	for _, permission := range r.GetPermissions() {
		if s.config.IAM.Allowed(caller, permission, target.name) {
			held = append(held, permission)
		}
	}
	return &iampb.TestIamPermissionsResponse{Permissions: held}, s.exists(target)
}

// authorizePolicy authorizes a call about the policy of a key ring or a key that exists.
func (s *Server) authorizePolicy(ctx context.Context, verb, name string) (resource, error) {
	collection := "cryptoKeys"
	if target, err := parseName(name, keyRing); err == nil && target.kind == keyRing {
		collection = "keyRings"
	}
	target, err := s.authorize(ctx, "cloudkms."+collection+"."+verb, name, keyRing, cryptoKey)
	if err != nil {
		return resource{}, err
	}
	return target, s.exists(target)
}

// exists returns an error if there is no such key ring or key.
func (s *Server) exists(target resource) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if target.kind == keyRing {
		if s.rings[target.name] == nil {
			return notFound("KeyRing", target.name)
		}
		return nil
	}
	_, err := s.key(target)
	return err
}

func policyOf(bindings []iam.Binding, etag string) *iampb.Policy {
	policy := &iampb.Policy{Version: 1, Etag: []byte(etag)}
	for _, b := range bindings {
		member := accountPrefix + b.Member
		i := slices.IndexFunc(policy.Bindings, func(old *iampb.Binding) bool { return old.GetRole() == b.Role })
		if i < 0 {
			policy.Bindings = append(policy.Bindings, &iampb.Binding{Role: b.Role, Members: []string{member}})
			continue
		}
		policy.Bindings[i].Members = append(policy.Bindings[i].Members, member)
	}
	return policy
}

func bindingsOf(resource string, policy *iampb.Policy) ([]iam.Binding, error) {
	var bindings []iam.Binding
	for _, b := range policy.GetBindings() {
		if b.GetCondition() != nil {
			return nil, unmodeled("A binding with a condition")
		}
		for _, member := range b.GetMembers() {
			email, ok := strings.CutPrefix(member, accountPrefix)
			if !ok {
				return nil, unmodeled("A member that is not a service account")
			}
			bindings = append(bindings, iam.Binding{Member: email, Role: b.GetRole(), Resource: resource})
		}
	}
	return bindings, nil
}
