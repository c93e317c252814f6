package findings_test

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/strongroom-dev/strongroom/shared/configtree"
	"github.com/strongroom-dev/strongroom/shared/findings"
)

// key is a text that the rule aws-access-key finds.
var key = "AKIA" + "ABCDEFGHIJKLMNOP"

func scan(t *testing.T, text string) (rules []string) {
	t.Helper()
	tree, faults := configtree.New([]configtree.File{{Path: "a.yaml", Data: []byte("apiVersion: runwhen.com/v1\nkind: ServiceLevelX\nmetadata: {name: a}\n" + text)}})
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	for _, f := range findings.Scan(tree) {
		rules = append(rules, fmt.Sprintf("%d %s %s", f.Line, f.Field, f.Rule))
	}
	return rules
}

func TestFindingsAreFoundWhereverTheyAre(t *testing.T) {
	t.Parallel()
	encoded := base64.StdEncoding.EncodeToString([]byte("export AWS=" + key))
	for name, test := range map[string]struct {
		text string
		want []string
	}{
		"in a value":                          {"spec: {a: " + key + "}", []string{"4 spec.a aws-access-key"}},
		"in a key":                            {"spec: {" + key + ": a}", []string{"4 spec aws-access-key"}},
		"in a comment":                        {"spec: {} # " + key, []string{"4  aws-access-key"}},
		"in a comment that allows it":         {"spec: {a: " + key + "} # gitleaks:allow betterleaks:allow", []string{"4 spec.a aws-access-key"}},
		"in escapes of YAML":                  {`spec: {a: "\x41KIA` + key[4:] + `"}`, []string{"4 spec.a aws-access-key"}},
		"in a block":                          {"spec:\n  a: |\n    x\n    " + key + "\n", []string{"5 spec.a aws-access-key", "7  aws-access-key"}},
		"in base64":                           {"spec: {a: " + encoded + "}", []string{"4 spec.a aws-access-key"}},
		"in base64 in base64":                 {"spec: {a: " + base64.StdEncoding.EncodeToString([]byte(encoded)) + "}", []string{"4 spec.a aws-access-key"}},
		"a literal where a reference belongs": {"spec: {secretsProvided: [{name: kubeconfig, workspaceKey: 'apiVersion: v1 token'}]}", []string{"4 spec.secretsProvided[0].workspaceKey secret-reference"}},
		"a value of a secret":                 {"spec: {secretsProvided: [{name: k, value: abc}]}", []string{"4 spec.secretsProvided[0].value secret-value"}},
		"a reference to a secret":             {"spec: {secretsProvided: [{name: k, workspaceKey: 'k8s:file@secret/kube:kubeconfig'}]}", nil},
		"the name of a role":                  {"spec: {secretsProvided: [{name: AWS_ROLE_ARN, value: 'arn:aws:iam::1:role/x'}]}", nil},
		"an email address":                    {"spec: {owners: [ann@example.com]}", []string{"4 spec.owners[0] email"}},
		"a label of a resource":               {"spec: {tags: [{name: '[k8s]owner', value: ann}]}", []string{"4 spec.tags[0].value label"}},
		"a label that says what it is":        {"spec: {tags: [{name: '[k8s]app.kubernetes.io/name', value: shop}]}", nil},
		"a tag of the generator":              {"spec: {tags: [{name: resource_type, value: deployment}]}", nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(test.want, scan(t, test.text)); diff != "" {
				t.Errorf("findings (-want +got):\n%s", diff)
			}
		})
	}
}

func TestWaiversCoverWhatTheyName(t *testing.T) {
	t.Parallel()
	secret := findings.Finding{Path: "a.yaml", Line: 4, Rule: "jwt", Kind: findings.Secret}
	email := findings.Finding{Path: "b.yaml", Line: 9, Rule: "email", Kind: findings.Personal}
	for name, test := range map[string]struct {
		waiver findings.Waiver
		open   []findings.Finding
	}{
		"the finding itself":            {findings.Waiver{Rule: "jwt", Path: "a.yaml", Line: 4, Reason: "an example"}, []findings.Finding{email}},
		"another line":                  {findings.Waiver{Rule: "jwt", Path: "a.yaml", Line: 5, Reason: "an example"}, []findings.Finding{secret, email}},
		"every secret of a rule":        {findings.Waiver{Rule: "jwt", Reason: "an example"}, []findings.Finding{secret, email}},
		"every secret of a file":        {findings.Waiver{Rule: "jwt", Path: "a.yaml", Reason: "an example"}, []findings.Finding{secret, email}},
		"every address in the tree":     {findings.Waiver{Rule: "email", Reason: "team addresses"}, []findings.Finding{secret}},
		"every address, without reason": {findings.Waiver{Rule: "email", Reason: "  "}, []findings.Finding{secret, email}},
		"an unknown rule":               {findings.Waiver{Rule: "none", Reason: "an example"}, []findings.Finding{secret, email}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := findings.Open([]findings.Finding{secret, email}, []findings.Waiver{test.waiver})
			if diff := cmp.Diff(test.open, got); diff != "" {
				t.Errorf("open findings (-want +got):\n%s", diff)
			}
		})
	}
}

func TestScanStopsAtTheLimit(t *testing.T) {
	t.Parallel()
	text := "apiVersion: runwhen.com/v1\nkind: Runbook\nmetadata: {name: a}\nspec:\n" + strings.Repeat("  - a@example.com\n", 8000)
	var files []configtree.File
	for i := range 4 {
		files = append(files, configtree.File{Path: fmt.Sprintf("%d.yaml", i), Data: []byte(text)})
	}
	tree, faults := configtree.New(files)
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	if n := len(findings.Scan(tree)); n <= findings.MaxFindings || n > 8001 {
		t.Errorf("%d findings", n)
	}
}

func FuzzScan(f *testing.F) {
	f.Add([]byte("spec: {a: b}\n"))
	f.Add([]byte("spec:\n  password: x=y@z.de # eyJ\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		head := "apiVersion: runwhen.com/v1\nkind: Runbook\nmetadata: {name: a}\n"
		tree, faults := configtree.New([]configtree.File{{Path: "a.yaml", Data: append([]byte(head), data...)}})
		if len(faults) > 0 {
			return
		}
		all := findings.Scan(tree)
		if !slices.EqualFunc(all, findings.Scan(tree), func(a, b findings.Finding) bool { return a == b }) {
			t.Fatal("two scans differ")
		}
		for _, found := range all {
			if len(found.Excerpt) > 8 {
				t.Fatalf("the excerpt %q shows more than four characters", found.Excerpt)
			}
		}
	})
}
