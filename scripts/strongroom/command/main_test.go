package command_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/faults"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/command"
)

// envProgram makes this test binary the program itself.
const envProgram = "STRONGROOM_TEST_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(envProgram) != "" {
		os.Exit(command.Program(context.Background()))
	}
	for _, name := range []string{"XDG_CACHE_HOME", "XDG_CONFIG_HOME"} { // a test without a spool or profiles of its own fails
		if err := os.Setenv(name, os.DevNull); err != nil {
			panic(err)
		}
	}
	cloudtest.Main(m)
}

// program is strongroom with its settings, its spool and a tenant of the
// embedded cloud.
type program struct {
	tenant  *cloudtest.Tenant
	env     map[string]string
	spool   string
	secrets *secrets
	ahead   time.Duration // how far this machine's clock is ahead of the platform's
}

// newProgram runs as the runner of a new tenant. Requests to the platform and to
// the bucket pass through an HTTP proxy with config.
func newProgram(t *testing.T, config faults.HTTPConfig) *program {
	t.Helper()
	return programOf(t, cloudtest.Shared(t).Tenant(t), "runner").proxied(t, config)
}

// programOf runs as a persona of a tenant.
func programOf(t testing.TB, tenant *cloudtest.Tenant, persona string) *program {
	t.Helper()
	p := &program{tenant: tenant, spool: filepath.Join(t.TempDir(), "spool"), secrets: &secrets{}}
	p.env = map[string]string{
		"STRONGROOM_URL": tenant.Cloud.URL, "STRONGROOM_WORKSPACE": string(tenant.Workspace),
		"STRONGROOM_TOKEN": tenant.Token(t, persona), "STRONGROOM_SPOOL": p.spool,
	}
	p.secrets.add(p.env["STRONGROOM_TOKEN"])
	return p
}

// as is the program with the token of another persona.
func (p *program) as(t *testing.T, persona string) *program {
	t.Helper()
	other := programOf(t, p.tenant, persona)
	other.env["STRONGROOM_URL"] = p.env["STRONGROOM_URL"]
	return other
}

// proxied puts an HTTP proxy between the program and the cloud.
func (p *program) proxied(t *testing.T, config faults.HTTPConfig) *program {
	t.Helper()
	choose := config.Fault
	config.Fault = func(r *http.Request) faults.Fault {
		p.secrets.add(r.URL.Query().Get("X-Goog-Signature"))
		if choose == nil {
			return faults.None
		}
		return choose(r)
	}
	c := p.tenant.Cloud
	proxy, err := faults.NewHTTP(config, c.URL, "http://"+c.Operator.Config.StorageHost)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = proxy.Close() })
	p.env["STRONGROOM_URL"] = proxy.URL(c.URL)
	return p
}

// secrets are the token and the signatures that were used.
type secrets struct {
	mu  sync.Mutex
	all []string
}

func (s *secrets) add(secret string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if secret != "" {
		s.all = append(s.all, secret)
	}
}

// check fails the test if text has a secret.
func (s *secrets) check(t *testing.T, where, text string) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, secret := range s.all {
		if strings.Contains(text, secret) {
			t.Errorf("%s shows %s:\n%s", where, secret, text)
		}
	}
}

// result is the exit code and output of one invocation.
type result struct {
	code           int
	stdout, stderr string
}

// want fails the test unless the program succeeded.
func (r result) want(t *testing.T) result {
	t.Helper()
	if r.code != 0 {
		t.Fatalf("%+v", r)
	}
	return r
}

// run runs the program in this process. It checks that no secret is in the output
// or in the spool.
func (p *program) run(t *testing.T, args ...string) result {
	t.Helper()
	return p.runWith(t, nil, args...)
}

// runWith is run with a stdin.
func (p *program) runWith(t *testing.T, stdin io.Reader, args ...string) result {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code := command.Main(cloudtest.Context(t), args, stdin, &stdout, &stderr, p.getenv)
	r := result{code, stdout.String(), stderr.String()}
	if args[0] != "token" {
		p.secrets.check(t, "stdout", r.stdout)
	}
	p.secrets.check(t, "stderr", r.stderr)
	p.checkSpool(t)
	return r
}

// runTo runs the program with another stdout.
func (p *program) runTo(t *testing.T, stdout io.Writer, args ...string) int {
	t.Helper()
	return command.Main(cloudtest.Context(t), args, nil, stdout, io.Discard, p.getenv)
}

func (p *program) getenv(name string) string { return p.env[name] }

// checkSpool fails the test if the spool has a secret.
func (p *program) checkSpool(t *testing.T) {
	t.Helper()
	for path, content := range p.spooled(t) {
		p.secrets.check(t, path, content)
	}
}

// spooled returns all files in the spool.
func (p *program) spooled(t *testing.T) map[string]string {
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

// process prepares to run the program as its own process.
func (p *program) process(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(cloudtest.Context(t), os.Args[0], args...)
	cmd.Env = append(os.Environ(), envProgram+"=1")
	for name, value := range p.env {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	return cmd
}

// decode runs the program and decodes the JSON that it prints.
func decode[T any](t *testing.T, p *program, args ...string) (answer T) {
	t.Helper()
	r := p.run(t, args...).want(t)
	if err := json.Unmarshal([]byte(r.stdout), &answer); err != nil {
		t.Fatalf("%v: %s", err, r.stdout)
	}
	return answer
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

// numbers returns n different lines.
func numbers(n int) string {
	var text strings.Builder
	for i := range n {
		fmt.Fprintf(&text, "line %d\n", i+1)
	}
	return text.String()
}

// everyOther makes every second request on each path fail, starting with the
// first.
func everyOther(fault faults.Fault) func(*http.Request) faults.Fault {
	var mu sync.Mutex
	requests := map[string]int{}
	return func(r *http.Request) faults.Fault {
		mu.Lock()
		defer mu.Unlock()
		key := r.Method + " " + r.URL.Path
		if requests[key]++; requests[key]%2 == 1 {
			return fault
		}
		return faults.None
	}
}
