package suite_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/suite"
)

// example is one block of commands in a doc.go.
type example struct {
	intro    string // the paragraph before it
	commands string
}

// wantsError reports whether the example shows a rejected request.
func (e example) wantsError() bool {
	return strings.Contains(e.intro, "rejected") || strings.Contains(e.intro, "refused")
}

// examples returns the examples of the section "Try it".
func examples(t *testing.T, path string) (all []example) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(text), "// # Try it\n")
	section, _, _ = strings.Cut(section, "\npackage ")
	section, _, _ = strings.Cut(section, "\n// # ")
	var now example
	for line := range strings.Lines(section + "\n// \n") {
		line = strings.TrimPrefix(line, "//")
		switch command, ok := strings.CutPrefix(line, "\t"); {
		case ok:
			now.commands += command
		case strings.TrimSpace(line) != "":
			now.intro += line
		case now.commands != "":
			all = append(all, now)
			now = example{}
		}
	}
	return all
}

// reportErrors makes curl print REJECTED for each status 4xx or 5xx.
const reportErrors = `curl() { command curl --fail-with-body "$@" || echo "REJECTED: $*" >&2; }
`

// The commands in the functions' documentation work as they are printed.
func TestWhatToTryWorks(t *testing.T) {
	t.Parallel()
	for _, program := range []string{"bash", "curl"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("%s is not installed", program)
		}
	}
	c := cloudtest.New(t, suite.Options{})
	if _, err := c.AddTenant(t.Context(), "acme", "prod"); err != nil {
		t.Fatal(err)
	}
	documents, err := filepath.Glob("../../functions/*/doc.go")
	if err != nil || len(documents) < 6 {
		t.Fatalf("documents %v: %v", documents, err)
	}
	for _, path := range documents {
		t.Run(filepath.Base(filepath.Dir(path)), func(t *testing.T) {
			all := examples(t, path)
			if len(all) == 0 {
				t.Fatal("there is nothing to try")
			}
			for _, e := range all {
				e.try(t, c)
			}
		})
	}
}

func (e example) try(t *testing.T, c *cloudtest.Cloud) {
	t.Helper()
	var out, faults strings.Builder
	script := exec.CommandContext(cloudtest.Context(t), "bash", "-u", "-c", reportErrors+strings.ReplaceAll(e.commands, "http://127.0.0.1:8080", c.URL))
	script.Stdout, script.Stderr = &out, &faults
	if err := script.Run(); err != nil {
		t.Errorf("it ends with %v", err)
	}
	if out.Len() == 0 || !e.wantsError() && faults.Len() > 0 || e.wantsError() && !strings.HasPrefix(faults.String(), "REJECTED") {
		t.Errorf("%s\nshows %s\nand %s", e.commands, &out, &faults)
	}
}
