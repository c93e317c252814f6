package main

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
)

// deadcode needs Go's own analysis of which functions a program can reach.
const deadcode = "golang.org/x/tools/cmd/deadcode@v0.51.0"

// reachedByTests are functions that no program calls, on purpose. A name that
// ends in a slash and dots is a package and all of its functions.
var reachedByTests = map[string]string{
	"emulator/cloudtest/...":                      "starts the embedded suite for tests",
	"emulator/logtest/...":                        "makes signed audit logs for tests",
	"emulator/faults/...":                         "breaks the wire in tests",
	"scripts/documents/...":                       "tests hold the commands in documents to it",
	"shared/dataclass/...":                        "tests hold every stored, published and returned field to the rules",
	"emulator/suite.Cloud.PlatformKey":            "tests name the platform's keys, which Terraform names otherwise",
	"emulator/suite.Cloud.SetWitnesses":           "tests register witnesses, which Terraform does otherwise",
	"emulator/suite.Cloud.SetModel":               "tests set a tenant's model, which Terraform does otherwise",
	"emulator/suite.Cloud.SetLimits":              "tests set a tenant's limits, which Terraform does otherwise",
	"emulator/suite.Cloud.SetQuotas":              "tests set a tenant's quotas, which Terraform does otherwise",
	"emulator/suite.Cloud.SetRetention":           "tests set a tenant's retention, which Terraform does otherwise",
	"emulator/suite.Cloud.AddTenantWithDatabase":  "tests add tenants with a database of their own, which Terraform does otherwise",
	"emulator/suite.Cloud.updateRecord":           "part of Cloud.SetModel and Cloud.SetLimits",
	"emulator/suite.Cloud.Logger":                 "tests hand the functions' log to parts that they start themselves",
	"emulator/oidc.Issuer.Rotate":                 "tests rotate the keys of an issuer, which its owner does otherwise",
	"emulator/oidc.generations.next":              "part of Issuer.Rotate",
	"shared/authn.CheckKeySet":                    "tests hold Terraform's warning about unusable keys to it",
	"shared/signednote.CosignedAt":                "tests verify the times of published checkpoints",
	"functions/assistantupdate.Updater.FoldCheck": "tests fold a check without an event",
}

// deadPackage is one element of what deadcode -json prints.
type deadPackage struct {
	Path  string
	Funcs []struct {
		Name     string
		Position struct {
			File string
			Line int
		}
	}
}

// checkDeadCode starts from the programs and not from the tests: a function
// that only its own test calls is dead.
func checkDeadCode(ctx context.Context, t *tree) (string, error) {
	listing, err := output(ctx, t.root, "go", "run", deadcode, "-json", "./...")
	if err != nil {
		return "", err
	}
	var packages []deadPackage
	if err := json.Unmarshal([]byte(listing), &packages); err != nil {
		return "", fmt.Errorf("parse the output of deadcode: %w", err)
	}
	return fmt.Sprintf("%d exceptions for tests", len(reachedByTests)), found(dead(packages, t.module+"/", reachedByTests))
}

// dead lists the functions that are no exception, and the exceptions that are
// no longer needed.
func dead(packages []deadPackage, module string, exceptions map[string]string) []string {
	var wrong []string
	used := map[string]bool{}
	for _, p := range packages {
		dir := strings.TrimPrefix(p.Path, module)
		for _, f := range p.Funcs {
			whole, one := dir+"/...", dir+"."+f.Name
			if exceptions[whole] != "" || exceptions[one] != "" {
				used[whole], used[one] = true, true
				continue
			}
			at := fmt.Sprintf("%s:%d", path.Join(dir, path.Base(f.Position.File)), f.Position.Line)
			wrong = append(wrong, fmt.Sprintf("%s: no program calls %s: delete it, or move it to a test", at, f.Name))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(exceptions)) {
		if !used[name] {
			wrong = append(wrong, fmt.Sprintf("scripts/check/deadcode.go: the exception %s is not needed: remove it", name))
		}
	}
	return wrong
}
