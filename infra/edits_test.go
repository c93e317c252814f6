package infra_test

import (
	"encoding/json"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/strongroom-dev/strongroom/infra/policy"
)

// variableValues are values of variables of an example.
type variableValues map[string]any

// A plan has the edits that are made together. No two of them touch the same resource.
type planOfEdits struct {
	name   string
	values variableValues // what the edits change
	edits  []edit
}

// An edit is what an operator does, with what the plan may do. Each change in the plan
// matches a row of an edit, and each row matches a change. Terraform's mocks update what
// Google's provider would replace.
type edit struct {
	does    string
	touches []string // * stands for any text
}

// installation is an example with the values that it was applied with.
type installation struct {
	example string
	values  variableValues
	plans   []planOfEdits
}

var installations = []installation{
	{example: "minimal", values: minimalValues, plans: []planOfEdits{
		{"nothing", nil, nil},
		{"a tenant and a version", with(minimalValues, "tenants", map[string]any{"acme": acme, "globex": acme}, "packages", otherPackages), []edit{
			{"add a tenant", []string{`create module.tenant["globex"].*`}},
			{"deploy another version", []string{
				`update module.platform.google_storage_bucket_object.code["*"]`,
				`update module.platform.module.function["*"].google_cloudfunctions2_function.this["europe-west3"]`,
			}},
		}},
	}},
	{example: "production", values: productionValues, plans: []planOfEdits{
		{"settings of tenants", changeTenants(map[string]any{
			"suspended": with(acme, "state", "suspended"),
			"untrusted": with(acme, "trust", []any{}),
			"workspace": with(acme, "workspaces", map[string]any{"prod": map[string]any{}, "test": map[string]any{}}),
			"member":    with(acme, "workspaces", map[string]any{"prod": map[string]any{"members": []any{map[string]any{"issuer": "https://issuer.example", "subject": "eve"}}}}),
			"retained":  with(acme, "outputs", map[string]any{"keep_days": 7}),
			"signing":   with(acme, "signing_key", true),
			"leaves":    with(acme, "leaving", true, "without_certificate", true),
		}), []edit{
			{"suspend a tenant", []string{`update module.tenant["suspended"].google_firestore_document.record`}},
			{"change whom a tenant trusts", []string{`update module.tenant["untrusted"].google_firestore_document.record`}},
			{"add a workspace", []string{`create module.tenant["workspace"].google_firestore_document.workspace["test"]`}},
			{"add a member", []string{`create module.tenant["member"].google_firestore_document.member["*"]`}},
			{"retain output", []string{`update module.tenant["retained"].google_storage_bucket.this["outputs"]`, `update module.tenant["retained"].google_firestore_document.record`}},
			{"create a signing key", []string{`create module.tenant["signing"].google_kms_crypto_key.signing[0]`, `create module.tenant["signing"].google_kms_crypto_key_iam_member.this["*"]`}},
			{"let a tenant leave", []string{
				`update module.tenant["leaves"].google_kms_crypto_key.data`, `update module.tenant["leaves"].google_storage_bucket.*`, `update module.tenant["leaves"].terraform_data.guard`, `update module.tenant["leaves"].terraform_data.database`,
			}},
		}},
		{"tenants come and go", changeTenants(map[string]any{
			"left": nil, "renamed": nil, "other-name": acme, "own-database": with(acme, "database", map[string]any{}), "elsewhere": with(acme, "project_id", "p-elsewhere", "project_number", "987654321098"),
		}), []edit{
			{"remove a tenant that is leaving", []string{`delete module.tenant["left"].*`}},
			{"rename a tenant that is leaving", []string{`delete module.tenant["renamed"].*`, `create module.tenant["other-name"].*`}},
			{"add a tenant with its own database", []string{`create module.tenant["own-database"].*`}},
			{"add a tenant in another project", []string{`create module.tenant["elsewhere"].*`, `create module.platform.google_pubsub_topic_iam_member.other_project["987654321098"]`}},
			{"admit the tenants' signing accounts", []string{`update google_access_context_manager_service_perimeter.this[0]`}},
		}},
		{"settings of the platform", variableValues{
			"customer_ids": []string{"C0abc1234", "C0other12"}, "allowed_locations": []string{"in:eu-locations", "in:europe-locations", "in:us-locations"},
			"limits": map[string]any{"uploads": map[string]any{"max_instances": 50}}, "budget": map[string]any{"units": 1}, "tenant_budgets": map[string]any{"suspended": 100},
			"notification_channels": []string{"projects/p-test/notificationChannels/1"}, "staff": acme["trust"],
			"operators": []string{"user:a@example.com", "user:b@example.com"},
		}, []edit{
			{"allow another organization", []string{`update google_org_policy_policy.domains`}},
			{"allow more locations", []string{`update google_org_policy_policy.locations`}},
			{"raise a limit", []string{`update module.platform.module.function["uploads"].google_cloudfunctions2_function.this["*"]`}},
			{"change the budget, and notify a channel", []string{`update google_billing_budget.this`, `update module.platform.google_monitoring_alert_policy.*`}},
			{"set a budget for a tenant", []string{`create google_billing_budget.tenant["suspended"]`}},
			{"trust staff", []string{`create module.platform.google_firestore_document.staff[0]`}},
			{"admit another operator", []string{`update google_access_context_manager_service_perimeter.this[0]`}},
		}},
		{"fail over", variableValues{"regions": []string{"europe-north1", "europe-west4"}}, []edit{
			{"send events and schedules to the other region", []string{
				`update module.platform.google_cloud_scheduler_job.this["*"]`, `update module.platform.google_pubsub_subscription.push["*"]`,
			}},
		}},
		{"a region and a version", variableValues{
			"regions": []string{"europe-west4", "europe-north1", "europe-central2"}, "worker_pools": pools("europe-west4", "europe-north1", "europe-central2"), "packages": otherPackages,
			"home_region": "europe-north1", "subnetwork_ranges": map[string]string{"europe-north1": "10.64.0.0/20", "europe-west4": "10.65.0.0/20", "europe-central2": "10.66.0.0/20"},
		}, []edit{
			{"add a region that precedes the others", []string{
				`create *["*europe-central2*"]*`, `update module.platform.google_compute_backend_service.this["*"]`, `update module.platform.google_pubsub_topic.*`,
			}},
			{"deploy another version", []string{
				`update module.platform.google_storage_bucket_object.code["*"]`,
				`update module.platform.module.function["*"].google_cloudfunctions2_function.this["*"]`,
			}},
		}},
	}},
}

const (
	packages      = "../../modules/platform/tests/packages"
	otherPackages = "../../modules/platform/tests/next"
)

var (
	acme = variableValues{
		"trust": []any{map[string]any{
			"issuer": "https://issuer.example", "jwks_url": "https://issuer.example/keys",
			"rules": []any{map[string]any{"claims": map[string]any{"sub": "runner"}, "role": "runner", "workspaces": []string{"prod"}}},
		}},
		"workspaces": map[string]any{"prod": map[string]any{}},
	}
	minimalValues = variableValues{
		"project_id": "p-test", "domain": "strongroom.example.com", "packages": packages, "tenants": map[string]any{"acme": acme},
	}
	productionTenants = map[string]any{
		"suspended": acme, "untrusted": acme, "workspace": acme, "member": acme, "retained": acme, "signing": acme, "leaves": acme,
		"left": with(acme, "leaving", true, "without_certificate", true), "renamed": with(acme, "leaving", true, "without_certificate", true),
	}
	productionValues = variableValues{
		"project_id": "p-test", "domain": "strongroom.example.com", "packages": packages, "tenants": productionTenants,
		"billing_account": "000000-000000-000000", "customer_ids": []string{"C0abc1234"}, "operators": []string{"user:a@example.com"},
		"access_policy": "123456789012", "worker_pools": pools("europe-west4", "europe-north1"),
		"model":                 map[string]any{"project_id": "p-models", "location": "europe-west3", "name": "gemini-3.5-flash"},
		"model_project_numbers": []string{"234567890123"},
	}
)

func pools(regions ...string) map[string]string {
	all := map[string]string{}
	for _, region := range regions {
		all[region] = "projects/p-test/locations/" + region + "/workerPools/builds"
	}
	return all
}

// with returns a copy of values with other values for some names.
func with(values variableValues, changed ...any) variableValues {
	values = maps.Clone(values)
	if values == nil {
		values = variableValues{}
	}
	for pair := range slices.Chunk(changed, 2) {
		values[pair[0].(string)] = pair[1]
	}
	return values
}

// changeTenants changes tenants of production. A tenant without settings is removed, and
// its slug is retired.
func changeTenants(changed map[string]any) variableValues {
	tenants, retired := maps.Clone(productionTenants), []string{}
	for slug, settings := range changed {
		tenants[slug] = settings
		if settings == nil {
			delete(tenants, slug)
			retired = append(retired, slug)
		}
	}
	return variableValues{"tenants": tenants, "retired_slugs": retired}
}

// TestEachKindOfEditTouchesOnlyWhatItMust plans both examples in an empty project,
// applies them, plans edits, and destroys everything. What Google decides is not known
// in a plan.
func TestEachKindOfEditTouchesOnlyWhatItMust(t *testing.T) {
	t.Parallel()
	for _, in := range installations {
		t.Run(in.example, func(t *testing.T) {
			t.Parallel()
			tf := newTerraform(t)
			dir := "examples/" + in.example
			tf.init(t, dir, true)
			writeTests(t, filepath.Join(tf.dir, dir, "edits.tftest.json"), in)
			out, err := tf.run(t, dir, "test", "-json", "-verbose")
			if err != nil {
				t.Fatalf("%s", readable([]byte(err.Error())))
			}
			checkPolicies(t, out)
			plans := plansByRun(t, out)
			checkInstances(t, plans["an_empty_project"])
			for _, p := range in.plans {
				t.Run(p.name, func(t *testing.T) { checkPlan(t, p, plans) })
			}
		})
	}
}

// TestTheSettingsToCopyCanBePlanned plans both examples with the values that their README says to
// copy. Only the packages are those of the tests.
func TestTheSettingsToCopyCanBePlanned(t *testing.T) {
	t.Parallel()
	for _, example := range []string{"minimal", "production"} {
		t.Run(example, func(t *testing.T) {
			t.Parallel()
			tf := newTerraform(t)
			dir := filepath.Join("examples", example)
			tf.init(t, dir, true)
			text := readText(t, filepath.Join(dir, "terraform.tfvars.example"))
			if err := os.WriteFile(filepath.Join(tf.dir, dir, "terraform.tfvars"), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			writeRuns(t, filepath.Join(tf.dir, dir, "copied.tftest.json"), variableValues{"packages": packages}, testRun("an empty project", "plan", nil))
			out, err := tf.run(t, dir, "test", "-json", "-verbose")
			if err != nil {
				t.Fatalf("%s", readable([]byte(err.Error())))
			}
			checkPolicies(t, out)
			checkInstances(t, plansByRun(t, out)["an_empty_project"])
		})
	}
}

// writeTests writes a file of tests, which Terraform runs in its order.
func writeTests(t *testing.T, file string, in installation) {
	t.Helper()
	runs := []any{testRun("an empty project", "plan", nil), testRun("apply", "apply", nil)}
	for _, p := range in.plans {
		runs = append(runs, testRun(p.name, "plan", p.values))
	}
	// After the last run, Terraform destroys everything. The guards of tenants allow it
	// only then.
	runs = append(runs, testRun("prepare to destroy", "apply", variableValues{"deletion_policy": "DELETE"}))
	writeRuns(t, file, in.values, runs...)
}

// testRun is a run of a command with values that differ from the file's.
func testRun(name, command string, values variableValues) any {
	return map[string]any{strings.ReplaceAll(name, " ", "_"): map[string]any{"command": command, "variables": with(values)}}
}

func writeRuns(t *testing.T, file string, values variableValues, runs ...any) {
	t.Helper()
	mocks := map[string]any{"source": "../../modules/platform/tests/mocks"}
	text, err := json.Marshal(map[string]any{
		"mock_provider": map[string]any{"google": mocks, "google-beta": mocks}, "variables": values, "run": runs,
	})
	if err := errors.Join(err, os.WriteFile(file, text, 0o600)); err != nil {
		t.Fatal(err)
	}
}

// cpusOfNewProject is the quota of Cloud Run in each region of a new project. Google refuses a
// function whose instances could use more.
const cpusOfNewProject = 20

// checkInstances requires that a new project has the CPUs for the instances of each function, and
// that no function may have more instances than the table says.
func checkInstances(t *testing.T, changes []policy.Change) {
	t.Helper()
	suite, checked := table(t), 0
	for _, c := range changes {
		if c.Type != "google_cloudfunctions2_function" {
			continue
		}
		checked++
		service := c.Block("service_config")
		instances := service.Number("max_instance_count")
		cpu, err := strconv.ParseFloat(service.Text("available_cpu"), 64)
		if err != nil || instances*cpu > cpusOfNewProject {
			t.Errorf("%s: %v instances with %q CPUs are above the quota of a new project", c.Address, instances, service.Text("available_cpu"))
		}
		if most := suite.Functions[c.Text("name")].Limits.MaxInstances; most > 0 && instances > float64(most) {
			t.Errorf("%s: %v instances, and suite.json says %d", c.Address, instances, most)
		}
	}
	if checked < len(suite.Functions) {
		t.Errorf("the plan has %d functions", checked)
	}
}

// checkPlan compares the changes of a plan to its edits.
func checkPlan(t *testing.T, p planOfEdits, plans map[string][]policy.Change) {
	t.Helper()
	changes, planned := plans[strings.ReplaceAll(p.name, " ", "_")]
	if !planned {
		t.Fatal("Terraform printed no plan")
	}
	matched := map[string]bool{}
	for _, c := range changes {
		found, done := false, c.Action+" "+c.Address
		for _, e := range p.edits {
			for _, pattern := range e.touches {
				if glob(pattern).MatchString(done) {
					found, matched[pattern] = true, true
				}
			}
		}
		if !found {
			t.Errorf("the plan must not: %s", done)
		}
	}
	for _, e := range p.edits {
		for _, pattern := range e.touches {
			if !matched[pattern] {
				t.Errorf("to %s, nothing in the plan matches: %s", e.does, pattern)
			}
		}
	}
	for _, f := range policy.CheckChanges(changes) {
		t.Error(f)
	}
}

// glob returns a pattern in which * stands for any text.
func glob(pattern string) *regexp.Regexp {
	return regexp.MustCompile("^" + strings.ReplaceAll(regexp.QuoteMeta(pattern), `\*`, ".*") + "$")
}

// plansByRun returns the changes of each plan that `terraform test` printed.
func plansByRun(t *testing.T, out []byte) map[string][]policy.Change {
	t.Helper()
	plans := map[string][]policy.Change{}
	for l := range testLines(out) {
		if l.Type != "test_plan" {
			continue
		}
		changes, err := policy.Changes(l.Plan)
		if err != nil {
			t.Fatalf("%s: %v", l.RunName, err)
		}
		plans[l.RunName] = changes
	}
	return plans
}
