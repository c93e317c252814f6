package suite_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/suite"
)

// example is one block of commands of a doc.go.
type example struct {
	intro    string // the paragraph before it
	commands string
}

// refused is whether its refusal is the point.
func (e example) refused() bool { return strings.Contains(e.intro, "refused") }

// examples are those of a section "Try it".
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

// watched has each curl that is answered with 4xx or 5xx say so.
const watched = `curl() { command curl --fail-with-body "$@" || echo "REFUSED: $*" >&2; }
`

// What the functions' documents tell a newcomer to try works, as it stands.
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
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var out, faults strings.Builder
	script := exec.CommandContext(ctx, "bash", "-u", "-c", watched+strings.ReplaceAll(e.commands, "http://127.0.0.1:8080", c.URL))
	script.Stdout, script.Stderr = &out, &faults
	if err := script.Run(); err != nil {
		t.Errorf("it ends with %v", err)
	}
	if out.Len() == 0 || !e.refused() && faults.Len() > 0 || e.refused() && !strings.HasPrefix(faults.String(), "REFUSED") {
		t.Errorf("%s\nshows %s\nand %s", e.commands, &out, &faults)
	}
}
