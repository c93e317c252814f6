package iam

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Binding grants one account one role on one resource and everything below it. A
// binding on the cloud's own project also covers resources without a project in
// their names: buckets, topics, functions and accounts.
type Binding struct {
	Member   string `json:"member"`   // email of a service account
	Role     string `json:"role"`     // such as roles/storage.objectCreator, or projects/P/roles/R for a custom role
	Resource string `json:"resource"` // such as projects/P, buckets/B, projects/P/locations/L/keyRings/R or serviceAccounts/EMAIL
}

// Bind adds a binding. Adding it again does nothing. The account need not exist
// yet. An unknown role or an invalid name is an error.
func (s *Server) Bind(b Binding) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.validate(b); err != nil {
		return fmt.Errorf("iam: bind: %w", err)
	}
	if s.bindings[b] {
		return nil
	}
	s.bindings[b] = true
	return s.save()
}

// Unbind removes exactly this binding. It does nothing if none exists.
func (s *Server) Unbind(b Binding) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.bindings[b] {
		return nil
	}
	delete(s.bindings, b)
	return s.save()
}

// Bindings lists all bindings, ordered by member, resource and role.
func (s *Server) Bindings() []Binding {
	s.mu.RLock()
	defer s.mu.RUnlock()
	all := make([]Binding, 0, len(s.bindings))
	for b := range s.bindings {
		all = append(all, b)
	}
	slices.SortFunc(all, compareBindings)
	return all
}

// Allowed reports whether an existing account has a permission, such as
// storage.objects.create, on a resource, such as buckets/B/objects/O.
func (s *Server) Allowed(member, permission, resource string) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.accounts[member] == nil {
		return false
	}
	for b := range s.bindings {
		if b.Member == member && s.covers(b.Resource, resource) && s.grants(b.Role, permission) {
			return true
		}
	}
	return false
}

// covers reports whether a binding on bound applies to resource.
func (s *Server) covers(bound, resource string) bool {
	if resource == bound || strings.HasPrefix(resource, bound+"/") {
		return true
	}
	return bound == "projects/"+s.config.ProjectID && !strings.HasPrefix(resource, "projects/")
}

func (s *Server) validate(b Binding) error {
	if !accountEmail.MatchString(b.Member) {
		return fmt.Errorf("member %q is not the email of a service account", b.Member)
	}
	if !s.knownRole(b.Role) {
		return fmt.Errorf("role %q is not modeled; add it to roles.go, or create it as a custom role", b.Role)
	}
	for part := range strings.SplitSeq(b.Resource, "/") {
		if part == "" || part == "." || part == ".." {
			return fmt.Errorf("resource %q is not a resource name", b.Resource)
		}
	}
	return nil
}

func compareBindings(a, b Binding) int {
	return cmp.Or(
		cmp.Compare(a.Member, b.Member),
		cmp.Compare(a.Resource, b.Resource),
		cmp.Compare(a.Role, b.Role),
	)
}
