package infra_test

import (
	"context"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/iam"
	"github.com/strongroom-dev/strongroom/emulator/suite"
	"github.com/strongroom-dev/strongroom/shared/signednote"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// The bindings that the module suite outputs, by holder, role and kind of resource.
type (
	binding  struct{ Member, Role, Resource string }
	bindings map[string]binding
)

// TestTerraformBindsWhatTheEmbeddedCloudEnforces compares every binding of an
// embedded cloud with tenants to those that Terraform creates for the same tenants.
func TestTerraformBindsWhatTheEmbeddedCloudEnforces(t *testing.T) {
	t.Parallel()
	tf := newTerraform(t)
	c := cloudtest.New(t, suite.Options{})
	tenants := map[string]any{}
	add := map[tenant.ID]func(context.Context, tenant.ID, ...tenant.WorkspaceID) (tenant.Record, error){
		"acme": c.AddTenant, "a-name-that-is-longer-than-an-account-may-be": c.AddTenantWithDatabase, "a--b": c.AddTenant,
		tenant.ID(strings.Repeat("long-", 12) + "end"): c.AddTenantWithDatabase,
	}
	for id, add := range add {
		r, err := add(t.Context(), id, "prod")
		if err == nil && id == "acme" {
			r, err = c.SetModel(t.Context(), id, tenant.ModelEndpoint{ProjectID: "acme-models", Location: suite.Location, Model: "gemini-3.5-pro"})
		}
		if err != nil {
			t.Fatal(err)
		}
		tenants[string(id)] = map[string]any{"audit_topic": r.AuditTopic, "model_project": orNull(r.Model.ProjectID), "own_database": r.DatabaseID != ""}
	}
	var platform, invokers bindings
	var perTenant map[string]bindings
	tf.outputs(t, "modules/suite", variables(tenants), map[string]any{
		"platform_bindings": &platform, "invoker_bindings": &invokers, "tenant_bindings": &perTenant,
	})
	created := append(list(platform), list(invokers)...)
	for _, b := range perTenant {
		created = append(created, list(b)...)
	}
	enforced := slices.DeleteFunc(c.IAM.Bindings(), func(b iam.Binding) bool { return b.Member == suite.OperatorAccount })
	if diff := cmp.Diff(sentences(enforced), sentences(created)); diff != "" {
		t.Errorf("the embedded cloud (-) and Terraform (+) differ:\n%s", diff)
	}
}

// orNull returns nil for an empty text, as Terraform has it.
func orNull(text string) any {
	if text == "" {
		return nil
	}
	return text
}

// TestTerraformNamesWhatTheEmbeddedCloudNames compares the names of a tenant's
// resources, cut to the length that each service allows.
func TestTerraformNamesWhatTheEmbeddedCloudNames(t *testing.T) {
	t.Parallel()
	tf := newTerraform(t)
	c := cloudtest.Shared(t)
	type names struct {
		Key            string
		SigningAccount string `json:"signing_account"`
		OutputsBucket  string `json:"outputs_bucket"`
		ConfigsBucket  string `json:"configs_bucket"`
		ExportsBucket  string `json:"exports_bucket"`
		AuditBucket    string `json:"audit_bucket"`
	}
	want, tenants := map[string]names{}, map[string]any{}
	for _, id := range []tenant.ID{"x", "names", tenant.ID(strings.Repeat("long-", 12) + "end")} {
		r, err := c.AddTenant(t.Context(), id, "prod")
		if err != nil {
			t.Fatal(err)
		}
		want[string(id)] = names{Key: r.KeyName, SigningAccount: r.SigningAccount, OutputsBucket: r.OutputsBucket, ConfigsBucket: r.ConfigsBucket, ExportsBucket: r.ExportsBucket, AuditBucket: r.AuditBucket}
		tenants[string(id)] = map[string]any{}
	}
	var got map[string]names
	tf.outputs(t, "modules/suite", variables(tenants), map[string]any{"tenants": &got})
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the embedded cloud (-) and Terraform (+) differ:\n%s", diff)
	}
}

// TestTerraformWritesVerifierKeysAsTheLogDoes compares the keys that an auditor
// receives from Terraform to those that verify the log's checkpoints.
func TestTerraformWritesVerifierKeysAsTheLogDoes(t *testing.T) {
	t.Parallel()
	tf := newTerraform(t)
	pems, want := map[string]string{}, map[string]map[string]string{}
	for version := range 3 {
		public, _, err := ed25519.GenerateKey(nil)
		if err != nil {
			t.Fatal(err)
		}
		der, err := x509.MarshalPKIXPublicKey(public)
		if err != nil {
			t.Fatal(err)
		}
		key := signednote.Key{Public: public}
		checkpoint, err := key.VerifierKey("origin")
		if err != nil {
			t.Fatal(err)
		}
		lastPart := func(text string) string { return strings.SplitN(text, "+", 3)[2] }
		pems[fmt.Sprint(version)] = string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
		want[fmt.Sprint(version)] = map[string]string{"checkpoint": lastPart(checkpoint), "time": lastPart(key.CosignerKey("origin/time"))}
	}
	vars := variables(nil)
	vars["log_public_keys"] = pems
	var got map[string]map[string]string
	tf.outputs(t, "modules/suite", vars, map[string]any{"log_verifier_keys": &got})
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the log (-) and Terraform (+) differ:\n%s", diff)
	}
}

// TestTheURLMapHasTheRoutes compares the load balancer's path rules to the table.
func TestTheURLMapHasTheRoutes(t *testing.T) {
	t.Parallel()
	tf := newTerraform(t)
	suite := table(t)
	want := map[string]string{}
	for name, f := range suite.Functions {
		for _, route := range slices.Concat(f.Routes, f.Pages) {
			path := route[strings.Index(route, "/"):]
			want[strings.ReplaceAll(strings.ReplaceAll(path, "}", "=*}"), "...=*}", "=**}")] = name
		}
	}
	var rules []struct {
		Priority           int
		Template, Function string
	}
	var otherwise string
	tf.outputs(t, "modules/suite", variables(nil), map[string]any{"path_rules": &rules, "default": &otherwise})
	got, priorities := map[string]string{}, map[int]bool{}
	for _, r := range rules {
		got[r.Template] = r.Function
		priorities[r.Priority] = true
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the table (-) and the URL map (+) differ:\n%s", diff)
	}
	if len(priorities) != len(rules) {
		t.Errorf("%d rules have %d priorities", len(rules), len(priorities))
	}
	if otherwise != suite.Default {
		t.Errorf("default %q, want %q", otherwise, suite.Default)
	}
}

func variables(tenants map[string]any) map[string]any {
	if tenants == nil {
		tenants = map[string]any{}
	}
	return map[string]any{"project_id": suite.ProjectID, "project_number": "1", "location": suite.Location, "tenants": tenants, "model_project": suite.SharedModel.ProjectID}
}

func list(all bindings) []iam.Binding {
	var out []iam.Binding
	for _, b := range all {
		out = append(out, iam.Binding(b))
	}
	return out
}

// sentences returns the bindings as sorted sentences.
func sentences(all []iam.Binding) []string {
	var out []string
	for _, b := range all {
		out = append(out, b.Member+" has "+b.Role+" on "+b.Resource)
	}
	slices.Sort(out)
	return out
}
