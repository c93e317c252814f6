package policy_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/strongroom-dev/strongroom/infra/policy"
)

// rejected has the rule that each plan in testdata violates.
var rejected = map[string]string{
	"public-bucket":              "no public bucket",
	"object-rights":              "no public bucket",
	"force-destroy":              "no public bucket",
	"everybody-reads":            "no anonymous members",
	"everybody-binding":          "no anonymous members",
	"bucket-without-key":         "customer-managed keys",
	"topic-without-key":          "customer-managed keys",
	"database-without-key":       "customer-managed keys",
	"function-without-key":       "customer-managed keys",
	"state-topic-without-key":    "customer-managed keys",
	"slow-rotation":              "keys rotate",
	"no-rotation":                "keys rotate",
	"editor":                     "no primitive roles",
	"whole-project":              "roles on one resource",
	"agent-role":                 "roles on one resource",
	"another-sender":             "roles on one resource",
	"no-dead-letter":             "dead letters are kept",
	"dead-letters-lost":          "dead letters are kept",
	"unbounded":                  "scaling is bounded",
	"open-ingress":               "ingress through the load balancer",
	"old-tls":                    "modern TLS",
	"plain-http":                 "modern TLS",
	"service-disabled":           "services are enabled",
	"agent-without-role":         "service agents have their roles",
	"new-metric":                 "alerts need no new metric",
	"old-versions-kept":          "old versions are deleted",
	"deletion-before-retention":  "deletion follows retention",
	"perimeter-without-calls":    "a perimeter admits calls of functions",
	"requests-outside-perimeter": "a perimeter contains the functions' requests",
	"data-access-logs-elsewhere": "data-access logs are under our key",
	"no-owner":                   "costs have an owner",
	"no-tenant":                  "costs have an owner",
	"bucket-destroyed":           "nothing that has state is destroyed",
	"logs-moved":                 "nothing that has state is destroyed",
	"role-replaced":              "access is not taken away",
	"another-database":           "documents stay in their database",
	"package-deleted-first":      "what functions use is not replaced",
	"subnetwork-replaced":        "what functions use is not replaced",
}

func TestEachRuleRejectsAPlanThatViolatesIt(t *testing.T) {
	t.Parallel()
	for name, rule := range rejected {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			found := findings(t, name)
			if len(found) != 1 || found[0].Rule != rule {
				t.Errorf("found %v, want one finding of the rule %q", found, rule)
			}
		})
	}
}

func TestAGoodPlanPasses(t *testing.T) {
	t.Parallel()
	if found := findings(t, "good"); len(found) > 0 {
		t.Errorf("found %v", found)
	}
}

func TestEveryPlanInTestdataIsChecked(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/*.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".json")
		if rejected[name] == "" && name != "good" {
			t.Errorf("no test reads %s", file)
		}
	}
}

func TestInputThatIsNotAPlanIsRejected(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "null", "[]", "{}", `{"resource_changes":[]}`, `{"resource_changes":1}`} {
		if all, err := policy.Resources([]byte(text)); err == nil {
			t.Errorf("%q gave %v", text, all)
		}
	}
}

func TestAnEmptyValueCountsAsMissing(t *testing.T) {
	t.Parallel()
	all, err := policy.Resources([]byte(`{"values":{"root_module":{"resources":[{"address":"a","mode":"managed","type":"t",
		"values":{"no":false,"empty":"","none":[],"nil":null,"bare":{},"yes":true,"text":"x","zero":0}}]}}}`))
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]bool{}
	for name := range all[0].Values {
		got[name] = all[0].Has(name)
	}
	want := map[string]bool{"no": false, "empty": false, "none": false, "nil": false, "bare": false, "yes": true, "text": true, "zero": true}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func FuzzResources(f *testing.F) {
	files, _ := filepath.Glob("testdata/*.json")
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Fuzz(func(_ *testing.T, text []byte) {
		if all, err := policy.Resources(text); err == nil {
			policy.Check(all)
		}
		if changes, err := policy.Changes(text); err == nil {
			policy.CheckChanges(changes)
		}
	})
}

// findings returns what the rules find in a plan of testdata.
func findings(t *testing.T, name string) []policy.Finding {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	all, err := policy.Resources(text)
	if err != nil {
		t.Fatal(err)
	}
	changes, err := policy.Changes(text)
	if err != nil {
		t.Fatal(err)
	}
	return append(policy.Check(all), policy.CheckChanges(changes)...)
}
