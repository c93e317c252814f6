package infra_test

import (
	"regexp"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
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
	known := regexp.MustCompile(`(?s)\bknown = \[(.*?)\]`).FindString(readText(t, "modules/settings/main.tf"))
	var accepted []string
	for _, m := range regexp.MustCompile(`"([a-z_]+)"`).FindAllStringSubmatch(known, -1) {
		if m[1] != "leaving" { // it becomes deletion_policy
			accepted = append(accepted, m[1])
		}
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
