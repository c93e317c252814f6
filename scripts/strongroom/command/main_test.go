package command_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/command"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/platformtest"
)

// envProgram makes this test binary the program itself.
const envProgram = "STRONGROOM_TEST_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(envProgram) != "" {
		os.Exit(command.Main(context.Background(), os.Args[1:], os.Stdin, os.Stdout, os.Stderr, os.Getenv))
	}
	cloudtest.Main(m)
}

// place is where a test runs the program.
type place struct {
	server *platformtest.Server
	env    map[string]string
	spool  string
}

func newPlace(t *testing.T, config platformtest.Config) *place {
	t.Helper()
	server := platformtest.Start(t, config)
	spool := filepath.Join(t.TempDir(), "spool")
	return &place{server: server, spool: spool, env: map[string]string{
		"STRONGROOM_URL": server.URL, "STRONGROOM_WORKSPACE": platformtest.Workspace,
		"STRONGROOM_TOKEN": platformtest.TokenCanary, "STRONGROOM_SPOOL": spool,
	}}
}

// result is what the program left.
type result struct {
	code           int
	stdout, stderr string
}

// run calls the program in this process. Each test may look whether it was
// indiscreet.
func (p *place) run(t *testing.T, args ...string) result {
	t.Helper()
	return p.runWith(t, nil, args...)
}

// runWith is run with a stdin.
func (p *place) runWith(t *testing.T, stdin io.Reader, args ...string) result {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code := command.Main(t.Context(), args, stdin, &stdout, &stderr, func(name string) string { return p.env[name] })
	r := result{code, stdout.String(), stderr.String()}
	if args[0] != "token" {
		noSecrets(t, "stdout", r.stdout)
	}
	noSecrets(t, "stderr", r.stderr)
	p.noSecretsSpooled(t)
	return r
}

// runTo calls the program with another stdout.
func (p *place) runTo(t *testing.T, stdout io.Writer, args ...string) int {
	t.Helper()
	return command.Main(t.Context(), args, nil, stdout, io.Discard, func(name string) string { return p.env[name] })
}

func noSecrets(t *testing.T, where, text string) {
	t.Helper()
	for _, canary := range []string{platformtest.TokenCanary, platformtest.SignatureCanary} {
		if strings.Contains(text, canary) {
			t.Errorf("%s shows %s:\n%s", where, canary, text)
		}
	}
}

func (p *place) noSecretsSpooled(t *testing.T) {
	t.Helper()
	for path, content := range p.spooled(t) {
		noSecrets(t, path, content)
	}
}

// spooled gives every file in the spool.
func (p *place) spooled(t *testing.T) map[string]string {
	t.Helper()
	files := map[string]string{}
	_ = filepath.WalkDir(p.spool, func(path string, entry os.DirEntry, err error) error {
		if err == nil && entry.Type().IsRegular() {
			if content, err := os.ReadFile(path); err == nil {
				files[strings.TrimPrefix(path, p.spool)] = string(content)
			}
		}
		return nil
	})
	return files
}

// program prepares to call the program as a process of its own.
func (p *place) program(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(os.Args[0], args...)
	cmd.Env = append(os.Environ(), envProgram+"=1")
	for name, value := range p.env {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	return cmd
}

// eventually waits for what happens elsewhere.
func eventually(t *testing.T, what string, happened func() bool) {
	t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for !happened() {
		if time.Now().After(deadline) {
			t.Fatal("did not happen: " + what)
		}
		time.Sleep(2 * time.Millisecond)
	}
}

// content waits for the whole output.
func (p *place) content(t *testing.T, run, name string) string {
	t.Helper()
	eventually(t, name+" is complete", func() bool {
		output, _ := p.server.Content(run, name)
		return output.State == "complete"
	})
	_, content := p.server.Content(run, name)
	return string(content)
}

func writeFile(t *testing.T, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// numbers is text of n lines that differ.
func numbers(n int) string {
	var text strings.Builder
	for i := range n {
		fmt.Fprintf(&text, "line %d\n", i+1)
	}
	return text.String()
}
