package authn

import (
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// assign gives the role of the first rule that matches; none where no rule
// does. Staff can be given no role but tenant.Platform, and tenants' principals
// every role but that: a tenant cannot make platform staff by a rule of its own.
func assign(rules []tenant.Rule, c claims, staff bool) (tenant.Role, []tenant.WorkspaceID) {
	i := slices.IndexFunc(rules, func(r tenant.Rule) bool { return matches(r, c) })
	if i < 0 || (rules[i].Role == tenant.Platform) != staff {
		return "", nil
	}
	if rules[i].Role != tenant.Runner {
		return rules[i].Role, nil
	}
	return tenant.Runner, slices.Clone(rules[i].Workspaces)
}

func matches(r tenant.Rule, c claims) bool {
	for path, want := range r.Claims {
		if !equals(c.find(path), want) {
			return false
		}
	}
	return len(r.Claims) > 0
}

// find looks for a claim of exactly that name, then for the rest of the path
// within an object: the longest name that leads to something wins, since names
// have dots too ("kubernetes.io"). Nil: there is none.
func (c claims) find(path string) jsontext.Value {
	if value, ok := c[path]; ok || len(c) == 0 {
		return value
	}
	for dot := strings.LastIndexByte(path, '.'); dot >= 0; dot = strings.LastIndexByte(path[:dot], '.') {
		if value := c.object(path[:dot]).find(path[dot+1:]); value != nil {
			return value
		}
	}
	return nil
}

// equals compares a string by its value, a number or boolean by its JSON text,
// and an array by any of the strings in it.
func equals(value jsontext.Value, want string) bool {
	switch value.Kind() {
	case '"':
		text, ok := unquote(value)
		return ok && text == want
	case '0', 't', 'f':
		return string(value) == want
	case '[':
		return slices.ContainsFunc(array(value), func(element jsontext.Value) bool {
			text, ok := unquote(element)
			return ok && text == want
		})
	}
	return false
}
