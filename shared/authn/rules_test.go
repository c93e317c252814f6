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
		{name: "a string by its value", path: "sub", value: "user-1", want: true},
		{name: "a string by its value, not its escapes", path: "escaped", value: "abc", want: true},
		{name: "another value", path: "sub", value: "user-2", want: false},
		{name: "another case", path: "sub", value: "User-1", want: false},
		{name: "another case of the name", path: "Sub", value: "user-1", want: false},
		{name: "a boolean by its text", path: "verified", value: "true", want: true},
		{name: "a number by its text", path: "level", value: "3", want: true},
		{name: "a number, not by its value", path: "ratio", value: "1", want: false},
		{name: "null is no value", path: "nothing", value: "null", want: false},
		{name: "an empty string", path: "empty", value: "", want: true},
		{name: "an absent claim is no empty string", path: "absent", value: "", want: false},
		{name: "any string of an array", path: "groups", value: "writers", want: true},
		{name: "no string of an array", path: "groups", value: "admins", want: false},
		{name: "a number in an array does not count", path: "groups", value: "7", want: false},
		{name: "an object has no value", path: "kubernetes.io", value: "{}", want: false},
		{name: "a path into a name with dots", path: "kubernetes.io.namespace", value: "ns", want: true},
		{name: "the longest name wins", path: "kubernetes.io.namespace", value: "shadowed", want: false},
		{name: "a shorter name where the longest leads nowhere", path: "kubernetes.io.only", value: "here", want: true},
		{name: "two steps", path: "kubernetes.io.serviceaccount.name", value: "runner", want: true},
		{name: "dots in the last name", path: "kubernetes.io.pod.name", value: "p", want: true},
		{name: "a name that is a URL", path: "https://example.com/role", value: "boss", want: true},
		{name: "the literal name before the path", path: "a.b", value: "literal", want: true},
		{name: "the path is hidden by the literal name", path: "a.b", value: "nested", want: false},
		{name: "an empty name", path: ".x", value: "odd", want: true},
		{name: "a path that ends in a dot", path: "sub.", value: "user-1", want: false},
		{name: "a path into a string", path: "sub.x", value: "user-1", want: false},
		{name: "dots only", path: "....", value: "", want: false},
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
		p := Principal{Tenant: "acme"}
		assign(&p, row.rules, c)
		if diff := cmp.Diff(row.want, given{p.Role, p.Workspaces}); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestRunGroupNamesARuleThatSharesRuns(t *testing.T) {
	t.Parallel()
	one := map[string]string{"a": "1", "b": "2"}
	group := runGroup(tenant.Rule{Claims: one, Role: tenant.Runner, ShareRuns: true})
	for name, row := range map[string]struct {
		rule tenant.Rule
		same bool
	}{
		"the same claims in other workspaces": {tenant.Rule{Claims: map[string]string{"b": "2", "a": "1"}, ShareRuns: true, Workspaces: []tenant.WorkspaceID{"x"}}, true},
		"another value":                       {tenant.Rule{Claims: map[string]string{"a": "1", "b": "3"}, ShareRuns: true}, false},
		"a claim less":                        {tenant.Rule{Claims: map[string]string{"a": "1"}, ShareRuns: true}, false},
		"two claims in the text of one":       {tenant.Rule{Claims: map[string]string{"a": "1\"\n\"b\"=\"2"}, ShareRuns: true}, false},
	} {
		if got := runGroup(row.rule); (got == group) != row.same {
			t.Errorf("%s: %q, and the group is %q", name, got, group)
		}
	}
	if got := runGroup(tenant.Rule{Claims: one}); got != "" || group == "" {
		t.Errorf("a rule that does not share runs has the group %q, and one that does %q", got, group)
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
