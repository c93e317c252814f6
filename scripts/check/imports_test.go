package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestImportsFlowOneWay(t *testing.T) {
	t.Parallel()
	root, err := moduleRoot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	g, err := loadGraph(t.Context(), root)
	if err != nil {
		t.Fatal(err)
	}
	for _, wrong := range g.violations(rules) {
		t.Error(wrong)
	}
}

// sound is a made-up graph that breaks no rule.
func sound() graph {
	return graph{
		"./functions/uploads":     {"./shared/api", "./shared/grant", "./shared/authn", "./functions/uploads/sub"},
		"./functions/uploads/sub": {"./shared/tenant"},
		"./functions/outputs":     {"./shared/access", "cloud.google.com/go/storage"},
		"./shared/tenant":         {"./shared/secret", "github.com/google/uuid"},
		"./shared/secret":         {},
		"./shared/authn":          {"./shared/tenant"},
		"./shared/api":            {"github.com/danielgtaylor/huma/v2"},
		"./shared/event":          {},
		"./shared/run":            {"./shared/tenant", "cloud.google.com/go/firestore"},
		"./shared/grant":          {"./shared/run"},
		"./shared/auditlog":       {"./shared/keys"},
		"./shared/directory":      {},
		"./shared/keys":           {},
		"./shared/crc32c":         {},
		"./shared/issue":          {"./shared/run"},
		"./shared/sli":            {"./shared/run"},
		"./shared/outbox":         {},
		"./shared/access":         {"./shared/api", "./shared/auditlog"},
		"./scripts/strongroom":    {"./shared/tenant", "github.com/spf13/cobra"},
		"./emulator/clock":        {},
		"./emulator/iam":          {"./emulator/clock", "google.golang.org/grpc"},
		"./emulator/iam/rsakey":   {},
		"./emulator/kms":          {"./emulator/iam"},
		"./emulator/gcs":          {"./emulator/kms"},
		"./emulator/firestore":    {"./emulator/clock"},
		"./emulator/pubsub":       {"./emulator/clock"},
		"./emulator/oidc":         {"./emulator/iam/rsakey"},
		"./emulator/cloud":        {"./emulator/gcs"},
		"./emulator/suite":        {"./functions/uploads", "./emulator/cloud"},
	}
}

func TestViolationsOfASoundGraph(t *testing.T) {
	t.Parallel()
	if wrong := sound().violations(rules); len(wrong) > 0 {
		t.Error(strings.Join(wrong, "\n"))
	}
}

func TestViolations(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, from, to, want string }{
		{"a function imports another", "./functions/uploads", "./functions/outputs", "a function is a leaf"},
		{"a function imports the embedded cloud", "./functions/uploads", "./emulator/clock", "a function is a leaf"},
		{"a function reaches scripts by way of shared", "./shared/tenant", "./scripts/strongroom",
			"./functions/uploads -> ./shared/authn -> ./shared/tenant -> ./scripts/strongroom: a function is a leaf"},
		{"shared imports a function", "./shared/run", "./functions/uploads", "./shared/run -> ./functions/uploads: shared is"},
		{"shared imports infra", "./shared/run", "./infra", "shared is what functions stand on"},
		{"the domain imports a store", "./shared/tenant", "./shared/run", "the domain"},
		{"the domain imports another module", "./shared/secret", "github.com/google/go-cmp/cmp", "the domain"},
		{"authn reaches a Google client", "./shared/tenant", "cloud.google.com/go/firestore",
			"./shared/authn -> ./shared/tenant -> cloud.google.com/go/firestore: identity"},
		{"transport imports Firestore", "./shared/event", "cloud.google.com/go/firestore", "it reads and writes nothing"},
		{"transport imports a store", "./shared/api", "./shared/keys", "it knows no records"},
		{"a store imports transport", "./shared/grant", "./shared/api", "records do not know"},
		{"the command line reaches a Google client", "github.com/spf13/cobra", "cloud.google.com/go/storage", "the command line"},
		{"the clock imports identity", "./emulator/clock", "./emulator/iam", "asks the clock"},
		{"identity imports keys", "./emulator/iam", "./emulator/kms", "clock <- iam"},
		{"keys import storage", "./emulator/kms", "./emulator/gcs", "clock <- iam"},
		{"a part imports a function", "./emulator/gcs", "./functions/uploads", "clock <- iam"},
		{"a part imports another that Google may replace", "./emulator/pubsub", "./emulator/firestore", "each part"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			g := sound()
			g[tt.from] = append(g[tt.from], tt.to)
			if got := strings.Join(g.violations(rules), "\n"); !strings.Contains(got, tt.want) {
				t.Errorf("violations: %q, want one with %q", got, tt.want)
			}
		})
	}
}

func TestARuleAboutNothingIsAViolation(t *testing.T) {
	t.Parallel()
	g := sound()
	delete(g, "./shared/authn")
	want := []string{"a rule is about shared/authn/..., which is not there"}
	if diff := cmp.Diff(want, g.violations(rules)); diff != "" {
		t.Errorf("violations (-want +got):\n%s", diff)
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
		t.Error("half a listing is read without an error")
	}
}
