package iam

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Binding gives one account one role on one resource and all below it. A
// binding on the cloud's own project covers every resource without a project
// in its name as well: buckets, topics, functions, accounts.
type Binding struct {
	Member   string `json:"member"`   // email of a service account
	Role     string `json:"role"`     // roles/storage.objectCreator
	Resource string `json:"resource"` // projects/P, buckets/B, projects/P/locations/L/keyRings/R, serviceAccounts/EMAIL …
}

// Bind gives what b says; again without effect. The account need not exist
// yet. An unknown role, or a name that is none, is an error.
func (s *Server) Bind(b Binding) error {
	if err := b.validate(); err != nil {
		return fmt.Errorf("iam: bind: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.bindings[b] {
		return nil
	}
	s.bindings[b] = true
	return s.save()
}

// Unbind takes away what exactly b gave; without effect if there is no b.
func (s *Server) Unbind(b Binding) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.bindings[b] {
		return nil
	}
	delete(s.bindings, b)
	return s.save()
}

// Bindings lists all, ordered by member, resource, role.
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
		if b.Member == member && s.covers(b.Resource, resource) && grants(b.Role, permission) {
			return true
		}
	}
	return false
}

// covers reports whether what holds on above holds on resource.
func (s *Server) covers(above, resource string) bool {
	if resource == above || strings.HasPrefix(resource, above+"/") {
		return true
	}
	return above == "projects/"+s.config.ProjectID && !strings.HasPrefix(resource, "projects/")
}

func (b Binding) validate() error {
	if !accountEmail.MatchString(b.Member) {
		return fmt.Errorf("member %q is no service account's email address", b.Member)
	}
	if !knownRole(b.Role) {
		return fmt.Errorf("role %q is not among those modelled", b.Role)
	}
	for part := range strings.SplitSeq(b.Resource, "/") {
		if part == "" || part == "." || part == ".." {
			return fmt.Errorf("resource %q is no resource name", b.Resource)
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
