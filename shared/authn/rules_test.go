package authn

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/strongroom-dev/strongroom/shared/tenant"
)

const sampleClaims = `{
	"sub": "user-1", "verified": true, "level": 3, "ratio": 1.0, "nothing": null, "empty": "",
	"groups": ["readers", "writers", 7], "escaped": "a\u0062c",
	"kubernetes.io": {"namespace": "ns", "serviceaccount": {"name": "runner"}, "pod.name": "p"},
	"kubernetes": {"io": {"namespace": "shadowed", "only": "here"}},
	"https://example.com/role": "boss",
	"a.b": "literal", "a": {"b": "nested"}, "": {"x": "odd"}
}`

func TestClaimsAreFoundAndCompared(t *testing.T) {
	t.Parallel()
	c, ok := parseClaims([]byte(sampleClaims))
	if !ok {
		t.Fatal("the sample does not parse")
	}
	for _, row := range []struct {
		name, path, value string
		want              bool
	}{
		{"a string by its value", "sub", "user-1", true},
		{"a string by its value, not its escapes", "escaped", "abc", true},
		{"another value", "sub", "user-2", false},
		{"another case", "sub", "User-1", false},
		{"another case of the name", "Sub", "user-1", false},
		{"a boolean by its text", "verified", "true", true},
		{"a number by its text", "level", "3", true},
		{"a number, not by its value", "ratio", "1", false},
		{"null is no value", "nothing", "null", false},
		{"an empty string", "empty", "", true},
		{"an absent claim is no empty string", "absent", "", false},
		{"any string of an array", "groups", "writers", true},
		{"no string of an array", "groups", "admins", false},
		{"a number in an array does not count", "groups", "7", false},
		{"an object has no value", "kubernetes.io", "{}", false},
		{"a path into a name with dots", "kubernetes.io.namespace", "ns", true},
		{"the longest name wins", "kubernetes.io.namespace", "shadowed", false},
		{"a shorter name where the longest leads nowhere", "kubernetes.io.only", "here", true},
		{"two steps", "kubernetes.io.serviceaccount.name", "runner", true},
		{"dots in the last name", "kubernetes.io.pod.name", "p", true},
		{"a name that is a URL", "https://example.com/role", "boss", true},
		{"the literal name before the path", "a.b", "literal", true},
		{"the path is hidden by the literal name", "a.b", "nested", false},
		{"an empty name", ".x", "odd", true},
		{"a path that ends in a dot", "sub.", "user-1", false},
		{"a path into a string", "sub.x", "user-1", false},
		{"dots only", "....", "", false},
	} {
		if got := equals(c.find(row.path), row.value); got != row.want {
			t.Errorf("%s: %s == %q is %v", row.name, row.path, row.value, got)
		}
	}
}

func TestFirstMatchingRuleDecides(t *testing.T) {
	t.Parallel()
	c, _ := parseClaims([]byte(sampleClaims))
	reader := map[string]string{"groups": "readers"}
	somewhere := []tenant.WorkspaceID{"w"}
	type given struct {
		Role       tenant.Role
		Workspaces []tenant.WorkspaceID
	}
	for name, row := range map[string]struct {
		rules []tenant.Rule
		want  given
	}{
		"no rules":                         {nil, given{}},
		"a rule without claims":            {[]tenant.Rule{{Role: tenant.Admin}}, given{}},
		"one of two claims":                {[]tenant.Rule{{Claims: map[string]string{"groups": "readers", "level": "4"}, Role: tenant.Admin}}, given{}},
		"both of two claims":               {[]tenant.Rule{{Claims: map[string]string{"groups": "readers", "level": "3"}, Role: tenant.Admin}}, given{Role: tenant.Admin}},
		"the first of two that match":      {[]tenant.Rule{{Claims: reader, Role: tenant.Viewer}, {Claims: reader, Role: tenant.Admin}}, given{Role: tenant.Viewer}},
		"the second where the first fails": {[]tenant.Rule{{Role: tenant.Admin}, {Claims: reader, Role: tenant.Auditor}}, given{Role: tenant.Auditor}},
		"a runner's workspaces":            {[]tenant.Rule{{Claims: reader, Role: tenant.Runner, Workspaces: somewhere}}, given{tenant.Runner, somewhere}},
		"a viewer has none here":           {[]tenant.Rule{{Claims: reader, Role: tenant.Viewer, Workspaces: somewhere}}, given{Role: tenant.Viewer}},
		"platform first, then viewer":      {[]tenant.Rule{{Claims: reader, Role: tenant.Platform}, {Claims: reader, Role: tenant.Viewer}}, given{}},
	} {
		role, workspaces := assign(row.rules, c, false)
		if diff := cmp.Diff(row.want, given{role, workspaces}); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func FuzzFind(f *testing.F) {
	f.Add([]byte(sampleClaims), "kubernetes.io.namespace")
	f.Add([]byte(`{"":{"":{"":{}}}}`), "...")
	f.Fuzz(func(t *testing.T, text []byte, path string) {
		c, ok := parseClaims(text)
		if ok && len(path) < 1024 {
			equals(c.find(path), "x")
		}
	})
}
