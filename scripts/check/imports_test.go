package main

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestImportsFlowOneWay(t *testing.T) {
	t.Parallel()
	root, module, err := findModule(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	g, err := loadGraph(t.Context(), &tree{root: root, module: module})
	if err != nil {
		t.Fatal(err)
	}
	for _, wrong := range append(g.misplaced(groups), g.violations(rules)...) {
		t.Error(wrong)
	}
}

// sound is a made-up graph that breaks no rule: every package of the groups,
// and imports in the allowed directions.
func sound() graph {
	g := graph{}
	for _, each := range groups {
		for _, pattern := range each.packages {
			g["./"+strings.TrimSuffix(pattern, "/...")] = nil
		}
	}
	delete(g, "./functions")
	maps.Copy(g, graph{
		"./functions/uploads":         {"./shared/api", "./shared/records", "./shared/grant", "./shared/access", "./functions/uploads/sub"},
		"./functions/uploads/sub":     {"./shared/tenant"},
		"./functions/outputs":         {"./shared/function", "cloud.google.com/go/storage"},
		"./shared/tenant":             {"./shared/secret", "github.com/google/uuid"},
		"./shared/issue":              {"./shared/run", "github.com/go-json-experiment/json/jsontext"},
		"./shared/authn":              {"./shared/tenant"},
		"./shared/gcp":                {"./shared/secret", "cloud.google.com/go/firestore"},
		"./shared/api":                {"./shared/gcp", "github.com/danielgtaylor/huma/v2"},
		"./shared/records":            {"./shared/run", "./shared/gcp", "cloud.google.com/go/firestore"},
		"./shared/auditlog":           {"./shared/keys", "./shared/authn"},
		"./shared/quarantine":         {"./shared/event", "./shared/gcp"},
		"./shared/access":             {"./shared/api", "./shared/auditlog"},
		"./scripts/strongroom":        {"./shared/tenant", "./scripts/strongroom/view", "github.com/spf13/cobra"},
		"./scripts/strongroom/view":   {"./shared/secret"},
		"./scripts/package":           {"./infra"},
		"./emulator/iam":              {"./emulator/clock", "google.golang.org/grpc"},
		"./emulator/kms":              {"./emulator/iam"},
		"./emulator/gcs":              {"./emulator/kms"},
		"./emulator/firestore":        {"./emulator/clock"},
		"./emulator/cloud":            {"./emulator/gcs", "./shared/gcp"},
		"./emulator/suite":            {"./emulator/cloud", "./functions/uploads"},
		"./emulator/cloudtest":        {"./emulator/suite"},
		"./emulator/loadbalancer":     {"./infra", "./emulator/iam"},
		"cloud.google.com/go/storage": nil,
	})
	return g
}

func TestViolationsOfASoundGraph(t *testing.T) {
	t.Parallel()
	if wrong := append(sound().violations(rules), sound().misplaced(groups)...); len(wrong) > 0 {
		t.Error(strings.Join(wrong, "\n"))
	}
}

func TestViolations(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, from, to, want string }{
		{name: "a function imports another", from: "functions/uploads", to: "./functions/outputs", want: "a function is deployed alone"},
		{name: "a function imports the embedded cloud", from: "functions/uploads", to: "./emulator/clock", want: "a function is deployed alone"},
		{name: "a function imports scripts through shared", from: "shared/tenant", to: "./scripts/strongroom",
			want: "./functions/uploads -> ./functions/uploads/sub -> ./shared/tenant -> ./scripts/strongroom: a function is"},
		{name: "shared imports a function", from: "shared/run", to: "./functions/uploads", want: "./shared/run -> ./functions/uploads: functions depend on"},
		{name: "shared imports infra", from: "shared/run", to: "./infra", want: "functions depend on shared"},
		{name: "the domain imports records", from: "shared/tenant", to: "./shared/records", want: "everything imports the domain"},
		{name: "the domain imports Firestore", from: "shared/run", to: "cloud.google.com/go/firestore", want: "everything imports the domain"},
		{name: "the domain imports another module", from: "shared/secret", to: "github.com/google/go-cmp/cmp", want: "everything imports the domain"},
		{name: "authn reaches a Google client", from: "shared/authn", to: "cloud.google.com/go/firestore", want: "identity is decided"},
		{name: "transport imports Firestore", from: "shared/event", to: "cloud.google.com/go/firestore", want: "it reads and writes nothing"},
		{name: "transport imports records", from: "shared/api", to: "./shared/keys", want: "depends on no records"},
		{name: "transport reaches records", from: "shared/gcp", to: "./shared/keys", want: "./shared/api -> ./shared/gcp -> ./shared/keys: transport"},
		{name: "records import transport", from: "shared/records", to: "./shared/api", want: "records do not depend on how"},
		{name: "records reach transport", from: "shared/keys", to: "./shared/event", want: "./shared/auditlog -> ./shared/keys -> ./shared/event: records"},
		{name: "quarantine imports requests", from: "shared/quarantine", to: "./shared/api", want: "quarantine wraps event handlers"},
		{name: "the command line reaches a Google client", from: "scripts/strongroom/view", to: "cloud.google.com/go/storage",
			want: "./scripts/strongroom -> ./scripts/strongroom/view -> cloud.google.com/go/storage: the command line"},
		{name: "a function imports a model client", from: "functions/uploads", to: "google.golang.org/genai", want: "only shared/model may import a model client"},
		{name: "a record imports a model client", from: "shared/records", to: "google.golang.org/genai/tokenizer", want: "only shared/model may import a model client"},
		{name: "the command line imports records", from: "scripts/strongroom", to: "./shared/records", want: "the command line runs"},
		{name: "a tool imports a function", from: "scripts/check", to: "./functions/uploads", want: "tools read the tree"},
		{name: "capacity imports a function", from: "scripts/capacity", to: "./functions/uploads", want: "from outside"},
		{name: "infra imports shared", from: "infra", to: "./shared/tenant", want: "links none of it"},
		{name: "the clock imports identity", from: "emulator/clock", to: "./emulator/iam", want: "asks the clock"},
		{name: "faults import a part", from: "emulator/faults", to: "./emulator/iam", want: "any gRPC service"},
		{name: "identity imports keys", from: "emulator/iam", to: "./emulator/kms", want: "clock <- iam"},
		{name: "keys import storage", from: "emulator/kms", to: "./emulator/gcs", want: "clock <- iam"},
		{name: "a part imports a function", from: "emulator/gcs", to: "./functions/uploads", want: "work for any project"},
		{name: "the cloud of parts imports the suite", from: "emulator/cloud", to: "./emulator/suite", want: "work for any project"},
		{name: "a part imports records", from: "emulator/cloud", to: "./shared/records", want: "work for any project"},
		{name: "the load balancer imports a function", from: "emulator/loadbalancer", to: "./functions/uploads", want: "links no function"},
		{name: "a part imports another that Google may replace", from: "emulator/pubsub", to: "./emulator/firestore", want: "each part"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			g := sound()
			g["./"+tt.from] = append(g["./"+tt.from], tt.to)
			if got := strings.Join(g.violations(rules), "\n"); !strings.Contains(got, tt.want) {
				t.Errorf("violations: %q, want one with %q", got, tt.want)
			}
		})
	}
}

func TestEveryPackageIsInExactlyOneGroup(t *testing.T) {
	t.Parallel()
	two := append(slices.Clone(groups), group{name: "more", packages: []string{"shared/run"}})
	tests := []struct {
		name   string
		change func(graph)
		groups []group
		want   string
	}{
		{name: "a package without a group", change: func(g graph) { g["./shared/new"] = nil }, groups: groups,
			want: "./shared/new is in no group: add it to one in scripts/check/groups.go, which decides what it may import"},
		{name: "a package of another module", change: func(g graph) { g["example.com/a"] = nil }, groups: groups},
		{name: "a function, which needs no entry", change: func(g graph) { g["./functions/new"] = nil }, groups: groups},
		{name: "a package of two groups", change: func(graph) {}, groups: two, want: "./shared/run is in more than one group: domain, more"},
		{name: "an entry without a package", change: func(g graph) { delete(g, "./shared/run") }, groups: groups,
			want: "the group domain has shared/run, which does not exist: remove it from scripts/check/groups.go"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			g := sound()
			tt.change(g)
			if diff := cmp.Diff(tt.want, strings.Join(g.misplaced(tt.groups), "\n")); diff != "" {
				t.Errorf("misplaced (-want +got):\n%s", diff)
			}
		})
	}
}

func TestARuleAboutNothingIsAViolation(t *testing.T) {
	t.Parallel()
	g := sound()
	delete(g, "./emulator/faults")
	for _, v := range slices.Compact(g.violations(rules)) { // several rules have exceptions for parts of the embedded cloud
		if want := "a rule is about emulator/faults, which does not exist"; v != want {
			t.Errorf("got %q, want %q", v, want)
		}
	}
	if len(g.violations(rules)) == 0 {
		t.Error("there is no violation")
	}
}

func TestParseGraph(t *testing.T) {
	t.Parallel()
	listing := `{"ImportPath":"fmt","Imports":["os"],"Standard":true}
{"ImportPath":"os","Standard":true}
{"ImportPath":"example.com/m/a","Imports":["C","fmt","example.com/m/b","example.com/other"]}
{"ImportPath":"example.com/m/b"}`
	got, err := parseGraph(strings.NewReader(listing), "example.com/m/")
	if err != nil {
		t.Fatal(err)
	}
	want := graph{"./a": {"./b", "example.com/other"}, "./b": nil}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("graph (-want +got):\n%s", diff)
	}
	if _, err := parseGraph(strings.NewReader("{"), ""); err == nil {
		t.Error("half of a listing is parsed without an error")
	}
}
