package infra_test

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/strongroom-dev/strongroom/shared/certificate"
)

// TestExamplesAcceptEverySettingOfATenant compares what the module settings accepts,
// and what each example passes on, to the variables of the tenant module. A setting
// that is missing would be rejected, or have no effect.
func TestExamplesAcceptEverySettingOfATenant(t *testing.T) {
	t.Parallel()
	variables := matches(t, "modules/tenant/variables.tf", `(?m)^variable "([^"]+)"`)
	settings := slices.DeleteFunc(slices.Clone(variables), func(name string) bool {
		return slices.Contains([]string{"platform", "slug", "deletion_policy"}, name) // these are not the tenant's
	})
	slices.Sort(settings)
	known := regexp.MustCompile(`(?s)\bknown = concat\(local\.leave, \[(.*?)\]`).FindString(readText(t, "modules/settings/main.tf"))
	var accepted []string
	for _, m := range regexp.MustCompile(`"([a-z_]+)"`).FindAllStringSubmatch(known, -1) {
		accepted = append(accepted, m[1])
	}
	slices.Sort(accepted)
	if diff := cmp.Diff(settings, accepted); diff != "" {
		t.Errorf("variables of modules/tenant (-) and settings that modules/settings accepts (+) differ:\n%s", diff)
	}
	for _, example := range []string{"minimal", "production"} {
		module := regexp.MustCompile(`(?s)module "tenant" \{(.*?)\n\}`).FindString(readText(t, "examples/"+example+"/main.tf"))
		for _, name := range settings {
			if !regexp.MustCompile(`(?m)^  ` + name + ` +=.*each\.value\.` + name).MatchString(module) {
				t.Errorf("examples/%s does not pass %s on to the tenant module", example, name)
			}
		}
	}
}

// TestCertificatesInTestsOfTerraformAreCertificates compares the files that the tests of
// modules/settings use to what the platform issues.
func TestCertificatesInTestsOfTerraformAreCertificates(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"final", "interim", "key-left", "object-left"} {
		text, _, _ := strings.Cut(readText(t, "modules/settings/tests/"+name+".certificate"), "\n\n")
		origin, body, _ := strings.Cut(text, "\n")
		var c certificate.Certificate
		decoder := json.NewDecoder(strings.NewReader(body))
		decoder.DisallowUnknownFields()
		if err := decoder.Decode(&c); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if again, err := c.Text(origin); err != nil || again != text+"\n" {
			t.Errorf("%s: the text is %q, want %q: %v", name, text, again, err)
		}
	}
}

// TestProductionCanSetWhatThePlatformHas compares the variables of the platform module to
// what examples/production passes on. An operator cannot set a variable that it omits.
func TestProductionCanSetWhatThePlatformHas(t *testing.T) {
	t.Parallel()
	defaultsOnly := []string{ // an operator who needs another value edits the example
		"admit_everybody", "audience", "data_access_logs", "default_limits", "key_destroy_days", "key_rotation_days", "log_retention_days",
		"runtime", "scheduler_regions", "ttl_fields",
	}
	module := regexp.MustCompile(`(?s)module "platform" \{(.*?)\n\}`).FindString(readText(t, "examples/production/main.tf"))
	for _, name := range matches(t, "modules/platform/variables.tf", `(?m)^variable "([^"]+)"`) {
		passed := regexp.MustCompile(`(?m)^  ` + name + ` +=`).MatchString(module)
		if passed == slices.Contains(defaultsOnly, name) {
			t.Errorf("examples/production passes %s on: %v, and the list of this test says otherwise", name, passed)
		}
	}
}

// TestSettingsAcceptEveryNameInsideASetting compares the names inside each setting that
// is an object: those of the tenant module's variables, and those that modules/settings
// accepts.
func TestSettingsAcceptEveryNameInsideASetting(t *testing.T) {
	t.Parallel()
	nested := map[string][]string{ // by variable, the rows of known_in
		"outputs": {"outputs"}, "exports": {"exports"}, "audit": {"audit"}, "model": {"model"}, "model_limits": {"model_limits"}, "quotas": {"quotas"}, "retention": {"retention"}, "workspace_quotas": {"workspace_quotas"}, "configs": {"configs"}, "database": {"database"}, "storage": {"storage"},
		"trust": {"trust", "rules"}, "workspaces": {"workspaces", "members"},
	}
	variables, settings := readText(t, "modules/tenant/variables.tf"), readText(t, "modules/settings/main.tf")
	objects := regexp.MustCompile(`(?m)^variable "([a-z_]+)" \{\n(?:  [^t].*\n)*  type += .*object\(`).FindAllStringSubmatch(variables, -1)
	for _, m := range objects {
		name := m[1]
		if name == "platform" {
			continue // it is not the tenant's
		}
		if nested[name] == nil {
			t.Errorf("add the names of the variable %s to known_in in modules/settings, and a row to this test", name)
			continue
		}
		block := regexp.MustCompile(`(?s)variable "` + name + `" \{\n.*?\n\}`).FindString(variables)
		typeText, _, _ := strings.Cut(block[strings.Index(block, "type "):], "\n  default")
		var want, got []string
		for _, attribute := range regexp.MustCompile(`([a-z_]+) += (?:optional|string|number|bool|list|map)`).FindAllStringSubmatch(typeText, -1) {
			want = append(want, attribute[1])
		}
		want = slices.DeleteFunc(want, func(s string) bool { return s == "type" })
		for _, row := range nested[name] {
			line := regexp.MustCompile(`(?m)^    ` + row + ` += \[(.*)\]$`).FindStringSubmatch(settings)
			if line == nil {
				t.Fatalf("known_in in modules/settings has no row %s", row)
			}
			for _, quoted := range regexp.MustCompile(`"([a-z_]+)"`).FindAllStringSubmatch(line[1], -1) {
				got = append(got, quoted[1])
			}
		}
		slices.Sort(want)
		slices.Sort(got)
		if diff := cmp.Diff(slices.Compact(want), slices.Compact(got)); diff != "" {
			t.Errorf("names inside the variable %s (-) and names that modules/settings accepts (+) differ:\n%s", name, diff)
		}
	}
	if len(objects) < len(nested) {
		t.Errorf("found %d variables with objects, want at least %d", len(objects), len(nested))
	}
}
