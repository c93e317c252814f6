package authn

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// assign sets the role of the first rule that matches, and returns its index. It returns -1 if
// no rule matches. Staff can have only the role tenant.Platform, and a tenant's principals only
// other roles: a tenant's rule cannot make somebody platform staff. A runner or a builder also
// gets the workspaces, and a runner the group of runners that share their runs.
func assign(p *Principal, rules []tenant.Rule, c claims) int {
	i := slices.IndexFunc(rules, func(r tenant.Rule) bool { return matches(r, c) })
	if i < 0 || (rules[i].Role == tenant.Platform) != (p.Tenant == "") {
		return -1
	}
	p.Role, p.Pipeline, p.AddedRule = rules[i].Role, rules[i].Pipeline, rules[i].AddedID
	if p.Role == tenant.Runner || p.Role == tenant.Builder {
		p.Workspaces = slices.Clone(rules[i].Workspaces)
	}
	if p.Role == tenant.Runner {
		p.RunGroup = runGroup(rules[i])
	}
	return i
}

// runGroup returns a hash of the rule's claims if the rule shares runs, and ""
// otherwise. A rule has no name, and its position changes when others are added.
func runGroup(r tenant.Rule) string {
	if !r.ShareRuns {
		return ""
	}
	h := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(r.Claims)) {
		fmt.Fprintf(h, "%q=%q\n", name, r.Claims[name])
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

func matches(r tenant.Rule, c claims) bool {
	return len(r.Claims) > 0 && len(mismatches(r, c)) == 0
}

// Mismatch is a claim of a rule that a token does not have with this value.
type Mismatch struct {
	Claim  string // name or path, as the rule has it
	Absent bool   // the token has no such claim; false: it has another value
}

// mismatches returns the claims of a rule that do not match, by name.
func mismatches(r tenant.Rule, c claims) (all []Mismatch) {
	for path, want := range r.Claims {
		if value := c.find(path); !equals(value, want) {
			all = append(all, Mismatch{Claim: path, Absent: value == nil})
		}
	}
	slices.SortFunc(all, func(a, b Mismatch) int { return strings.Compare(a.Claim, b.Claim) })
	return all
}

// find returns the claim with exactly this name. Otherwise, it splits the path at a
// dot and searches for the second part in the object that the first part names.
// Names can have dots too ("kubernetes.io"), so the longest first part takes
// precedence. It returns nil if there is no such claim.
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

// equals reports whether a claim has a value: a string by its text, a number or
// boolean by its JSON text, and an array if it contains the string.
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
