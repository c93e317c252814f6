package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// group is a layer of the tree. Every package of the module is in exactly one,
// so that no package escapes the rules. The README has the same layers.
type group struct {
	name     string
	packages []string // as in a rule
}

// Groups that rules speak of. Packages below functions, scripts/strongroom and
// infra need no entry of their own.
var (
	domain = group{name: "domain", packages: []string{
		"shared/catalog", "shared/charset", "shared/configtree", "shared/consent", "shared/crc32c", "shared/dataclass", "shared/export", "shared/findings", "shared/grant", "shared/issue", "shared/lazyregexp", "shared/openid", "shared/outputname", "shared/plaintext", "shared/prompt", "shared/rank", "shared/run", "shared/secret",
		"shared/sli", "shared/slx", "shared/tenant",
	}}
	proofs  = group{name: "proofs", packages: []string{"shared/auditverify", "shared/certificate", "shared/manifest", "shared/noteverify", "shared/tilelog"}}
	bundles = group{name: "bundles", packages: []string{"shared/gitbundle"}}
	records = group{name: "records", packages: []string{
		"shared/auditlog", "shared/bucket", "shared/directory", "shared/exportjob", "shared/halves", "shared/keys", "shared/ledger", "shared/legalhold", "shared/library", "shared/model", "shared/offboard", "shared/outbox", "shared/quarantine", "shared/quota", "shared/records", "shared/retention", "shared/storageprobe",
		"shared/signednote",
	}}
	transport = group{name: "transport", packages: []string{
		"shared/access", "shared/api", "shared/authn", "shared/event", "shared/function", "shared/gcp", "shared/linger", "shared/memory",
		"shared/signedurl",
	}}
	functions = group{name: "functions", packages: []string{"functions/..."}}

	parts = group{name: "parts of the embedded cloud", packages: []string{
		"emulator/clock", "emulator/cloud", "emulator/faults", "emulator/firestore", "emulator/gcs", "emulator/iam/...", "emulator/kms",
		"emulator/official", "emulator/oidc", "emulator/pubsub", "emulator/scheduler", "emulator/vertex",
	}}
	suite = group{name: "embedded suite", packages: []string{
		"emulator", "emulator/cloudtest", "emulator/demo", "emulator/loadbalancer", "emulator/logtest", "emulator/suite",
	}}
	command = group{name: "command line", packages: []string{"scripts/strongroom/..."}}
	tools   = group{name: "tools", packages: []string{"scripts/bench", "scripts/bundle/...", "scripts/capacity", "scripts/check", "scripts/documents", "scripts/package", "scripts/rollout", "scripts/testreport"}}
	infra   = group{name: "infra", packages: []string{"infra/..."}}
)

var groups = []group{domain, proofs, bundles, records, transport, functions, parts, suite, command, tools, infra}

// misplaced lists the packages that are not in exactly one group, and the
// entries of groups that name no package.
func (g graph) misplaced(groups []group) []string {
	var wrong []string
	for _, p := range slices.Sorted(maps.Keys(g)) {
		if matches(p, outside) {
			continue
		}
		switch in := groupsOf(p, groups); len(in) {
		case 1:
		case 0:
			wrong = append(wrong, fmt.Sprintf("%s is in no group: add it to one in scripts/check/groups.go, which decides what it may import", p))
		default:
			wrong = append(wrong, fmt.Sprintf("%s is in more than one group: %s", p, strings.Join(in, ", ")))
		}
	}
	for _, each := range groups {
		for _, pattern := range each.packages {
			if len(g.matching(pattern)) == 0 {
				wrong = append(wrong, fmt.Sprintf("the group %s has %s, which does not exist: remove it from scripts/check/groups.go", each.name, pattern))
			}
		}
	}
	return wrong
}

func groupsOf(path string, groups []group) []string {
	var names []string
	for _, each := range groups {
		if slices.ContainsFunc(each.packages, func(pattern string) bool { return matches(path, pattern) }) {
			names = append(names, each.name)
		}
	}
	return names
}
