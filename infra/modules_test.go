package infra_test

import (
	"bytes"
	"encoding/json"
	"iter"
	"os/exec"
	"strings"
	"testing"

	"github.com/strongroom-dev/strongroom/infra/policy"
)

// modules are the modules that Terraform can check. Examples have no tests.
var modules = []struct {
	dir      string
	provider bool // needs Google's provider
	tests    bool
}{
	{"modules/suite", false, true},
	{"modules/record", false, true},
	{"modules/settings", false, true},
	{"modules/database", true, true},
	{"modules/function", true, true},
	{"modules/tenant", true, true},
	{"modules/storage", true, true},
	{"modules/platform", true, true},
	{"examples/minimal", true, false},
	{"examples/production", true, false},
}

// TestModules validates every module and runs its tests. If Google's provider is
// not available, the modules that need it are skipped, and say so.
func TestModules(t *testing.T) {
	t.Parallel()
	for _, m := range modules {
		t.Run(m.dir, func(t *testing.T) {
			t.Parallel()
			tf := newTerraform(t)
			tf.init(t, m.dir, m.provider)
			if out, err := tf.run(t, m.dir, "validate", "-no-color"); err != nil || bytes.Contains(out, []byte("Warning")) {
				t.Fatalf("%s%v", out, err)
			}
			if !m.tests {
				return
			}
			out, err := tf.run(t, m.dir, "test", "-json", "-verbose")
			if err != nil {
				t.Fatalf("%s", readable([]byte(err.Error())))
			}
			if m.provider {
				checkPolicies(t, out)
			}
		})
	}
}

// init skips the test if the module needs a provider that is not available.
func (tf terraform) init(t *testing.T, module string, provider bool) {
	t.Helper()
	_, err := tf.run(t, module, "init", "-backend=false", "-no-color")
	if provider && err != nil && strings.Contains(err.Error(), "provider packages") {
		t.Skipf("skipped: Google's provider is not available, so nothing checks %s: %s", module, reason(err))
	}
	if err != nil {
		t.Fatal(err)
	}
}

// reason returns the sentence of Terraform's error that says what it could not reach.
func reason(err error) string {
	text := strings.Join(strings.Fields(err.Error()), " ")
	if _, after, found := strings.Cut(text, "Could not retrieve"); found {
		text = "could not retrieve" + after
	}
	text, _, _ = strings.Cut(text, " To see which")
	text, _, _ = strings.Cut(text, ": failed to request")
	return text
}

// line is one line of the output of `terraform test -json -verbose`:
// developer.hashicorp.com/terraform/internals/machine-readable-ui.
type line struct {
	Type    string
	Message string          `json:"@message"`
	RunName string          `json:"@testrun"`
	State   json.RawMessage `json:"test_state"`
	Plan    json.RawMessage `json:"test_plan"`

	Diagnostic struct{ Detail string }
}

func testLines(out []byte) iter.Seq[line] {
	return func(yield func(line) bool) {
		for text := range bytes.Lines(out) {
			var l line
			if json.Unmarshal(text, &l) == nil && !yield(l) {
				return
			}
		}
	}
}

// document returns the state or the plan of a line in the form that package policy reads, or nil.
func (l line) document() []byte {
	switch l.Type {
	case "test_state":
		return []byte(`{"values":` + string(l.State) + `}`) // Terraform writes the state without this envelope
	case "test_plan":
		if bytes.Contains(l.Plan, []byte(`"resource_changes"`)) { // not the plan of a run that must fail
			return l.Plan
		}
	}
	return nil
}

// checkPolicies checks the resources that every test created or planned against the policies.
func checkPolicies(t *testing.T, out []byte) {
	t.Helper()
	checked := 0
	for l := range testLines(out) {
		document := l.document()
		if document == nil {
			continue
		}
		all, err := policy.Resources(document)
		if err != nil {
			t.Errorf("%s: %v", l.RunName, err)
			continue
		}
		checked++
		for _, f := range policy.Check(all) {
			t.Errorf("%s: %s", l.RunName, f)
		}
	}
	if checked == 0 {
		t.Error("no test created or planned a resource that the policies could check")
	}
}

// readable returns only the messages of the diagnostics in JSON lines.
func readable(out []byte) string {
	var b strings.Builder
	for l := range testLines(out) {
		if l.Type == "diagnostic" {
			b.WriteString(l.RunName + ": " + l.Message + ": " + l.Diagnostic.Detail + "\n")
		}
	}
	if b.Len() == 0 {
		return string(out)
	}
	return b.String()
}

func TestTerraformFilesAreFormatted(t *testing.T) {
	t.Parallel()
	binary, err := exec.LookPath("terraform")
	if err != nil {
		t.Skip("skipped: terraform is not on the PATH (developer.hashicorp.com/terraform/install)")
	}
	out, err := exec.CommandContext(t.Context(), binary, "fmt", "-check", "-recursive", "-diff", ".").CombinedOutput()
	if err != nil {
		t.Errorf("run terraform fmt -recursive infra: %v\n%s", err, out)
	}
}
