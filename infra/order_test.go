package infra_test

import (
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// block is a resource, data source or module of Terraform, such as google_storage_bucket.code.
type block struct{ kind, name, text string }

// blocks returns the blocks in the files that match a pattern. Terraform's formatter closes a
// block at the start of a line.
func blocks(t *testing.T, pattern string) []block {
	t.Helper()
	var all []block
	for _, m := range regexp.MustCompile(`(?ms)^(resource|data|module) ((?:"[^"]+" ?)+)\{\n(.*?)^\}`).FindAllStringSubmatch(textOf(t, pattern), -1) {
		name := strings.ReplaceAll(strings.ReplaceAll(strings.TrimSpace(m[2]), `" "`, "."), `"`, "")
		if m[1] != "resource" {
			name = m[1] + "." + name
		}
		all = append(all, block{m[1], name, m[3]})
	}
	return all
}

// waitsFor returns the depends_on of a block.
func (b block) waitsFor() []string {
	list := regexp.MustCompile(`(?s)\bdepends_on *= *\[(.*?)\]`).FindStringSubmatch(b.text)
	if list == nil {
		return nil
	}
	return regexp.MustCompile(`[a-z_][\w.]*`).FindAllString(list[1], -1)
}

// TestModulesThatWaitReadNoData looks for modules with depends_on that have data sources. Each
// change of what they wait for would leave the data unknown in the plan, and everything that
// follows from it would be replaced.
func TestModulesThatWaitReadNoData(t *testing.T) {
	t.Parallel()
	for _, dir := range []string{"modules/*", "examples/minimal", "examples/production"} {
		for _, b := range blocks(t, dir+"/*.tf") {
			if b.kind != "module" || b.waitsFor() == nil {
				continue
			}
			source := regexp.MustCompile(`source += "(?:\.\./)+(?:modules/)?([a-z]+)"`).FindStringSubmatch(b.text)
			if source == nil {
				t.Fatalf("%s has no source that this test can read", b.name)
			}
			for _, inner := range blocks(t, "modules/"+source[1]+"/*.tf") {
				if inner.kind != "resource" { // a module in it could have data sources too
					t.Errorf("%s has depends_on, and %s in it: depend on values instead", b.name, inner.name)
				}
			}
		}
	}
}

// TestWhatMustExistFirst has what a block waits for. A plan does not say so, and the embedded
// cloud has no services to enable.
func TestWhatMustExistFirst(t *testing.T) {
	t.Parallel()
	all := map[string]block{}
	for _, dir := range []string{"modules/platform", "examples/production"} {
		for _, b := range blocks(t, dir+"/*.tf") {
			all[filepath.Base(dir)+" "+b.name] = b
		}
	}
	for _, row := range []struct{ block, first, why string }{
		{"platform module.function", "google_project_iam_member.service_agent", "Google's agents deploy the functions"},
		{"platform module.function", "google_kms_crypto_key_iam_member.agent", "Google's agents encrypt the functions"},
		{"platform module.function", "google_storage_bucket_iam_member.builder_code", "a build reads the code"},
		{"platform google_storage_bucket.code", "google_kms_crypto_key_iam_member.agent", "Cloud Storage encrypts the code"},
		{"platform google_cloud_scheduler_job.this", "google_service_account_iam_member.token", "the scheduler creates tokens"},
		{"platform google_project_iam_member.service_agent", "google_project_service_identity.this", "a role needs its member"},
		{"platform google_project_service_identity.this", "google_project_service.this", "an agent belongs to a service"},
		{"platform google_project_service.this", "var.ready", "the policies hold before a service creates anything"},
		{"production google_org_policy_policy.enforced", "google_project_service.this", "a policy needs the service of policies"},
		{"production google_billing_budget.this", "google_project_service.this", "a budget needs the service of budgets"},
	} {
		b, found := all[row.block]
		if !found || !slices.Contains(b.waitsFor(), row.first) {
			t.Errorf("%s does not wait for %s: %s", row.block, row.first, row.why)
		}
	}
	if text := all["production module.platform"].text; !regexp.MustCompile(`(?m)^  ready += \[for p in google_org_policy_policy\.enforced : `).MatchString(text) {
		t.Error("in examples/production, module.platform does not wait for google_org_policy_policy.enforced: compute would create a default network")
	}
}

// TestTheGuardOfATenantIsDeletedFirst requires that the guard depends on every resource of the
// tenant module, directly or through another one. So a destroy begins with it, and a tenant that
// is removed by mistake keeps everything.
func TestTheGuardOfATenantIsDeletedFirst(t *testing.T) {
	t.Parallel()
	all := map[string]block{}
	for _, b := range blocks(t, "modules/tenant/*.tf") {
		all[b.name] = b
	}
	const guard = "terraform_data.guard"
	found := map[string]bool{}
	for next := []string{guard}; len(next) > 0; next = next[1:] {
		for name := range all {
			mentions := regexp.MustCompile(`\b` + regexp.QuoteMeta(name) + `\b`)
			if !found[name] && mentions.MatchString(all[next[0]].text) {
				found[name] = true
				next = append(next, name)
			}
		}
	}
	for name, b := range all {
		if b.kind != "data" && name != guard && !found[name] && name != "module.suite" && name != "module.record" { // these have no resources
			t.Errorf("%s may be deleted before the guard: add it to its depends_on", name)
		}
	}
}
