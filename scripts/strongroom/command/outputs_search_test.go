package command_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/faults"
)

func TestSearchPrintsTheLinesThatMatch(t *testing.T) {
	t.Parallel()
	tenant := cloudtest.Shared(t).Tenant(t)
	runner := programOf(t, tenant, "runner")
	text := strings.Repeat("nothing here\n", 1000) + "a NEEDLE\n" + strings.Repeat("nothing here\n", 1000) + "the needle\n"
	runner.end(t, "stdout.log", runner.upload(t, "stdout.log", text, 5000))
	p := programOf(t, tenant, "viewer").proxied(t, faults.HTTPConfig{Fault: everyOther(faults.ReplyLost)})
	for name, c := range map[string]struct {
		args []string
		want string
		code int
	}{
		"a text":             {[]string{"needle"}, "2002:the needle\n", 0},
		"in any case":        {[]string{"needle", "-i"}, "1001:a NEEDLE\n2002:the needle\n", 0},
		"a pattern":          {[]string{"--pattern", "^a N.*E$"}, "1001:a NEEDLE\n", 0},
		"a text that is not": {[]string{"haystack"}, "", 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := p.run(t, append([]string{"outputs", "search", someRun, "stdout.log"}, c.args...)...)
			if r.stdout != c.want || r.code != c.code {
				t.Errorf("code %d, %q, want %d, %q: %s", r.code, r.stdout, c.code, c.want, r.stderr)
			}
		})
	}
}

func TestDownloadWritesWholeOutputs(t *testing.T) {
	t.Parallel()
	tenant := cloudtest.Shared(t).Tenant(t)
	runner := programOf(t, tenant, "runner")
	text := numbers(100_000)
	runner.end(t, "stdout.log", runner.upload(t, "stdout.log", text, 100_000))
	p := programOf(t, tenant, "viewer").proxied(t, faults.HTTPConfig{Fault: everyOther(faults.ReplyLost)})
	dir := t.TempDir()
	p.run(t, "outputs", "download", someRun, dir).want(t)
	got, err := os.ReadFile(filepath.Join(dir, "stdout.log"))
	if err != nil || string(got) != text {
		t.Errorf("%d bytes, want %d: %v", len(got), len(text), err)
	}
	if again := p.run(t, "outputs", "download", someRun, dir); again.code != 1 || !strings.Contains(again.stderr, "the file exists") {
		t.Errorf("code %d: %s", again.code, again.stderr)
	}
	if files, err := os.ReadDir(dir); err != nil || len(files) != 1 {
		t.Errorf("the directory has %v, %v", files, err)
	}
}
