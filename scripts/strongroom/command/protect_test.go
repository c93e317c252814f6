package command_test

import (
	"encoding/base64"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/strongroom-dev/strongroom/emulator/faults"
)

// TestATaskCannotReadTheToken looks for the token wherever a task finds its
// runner: in its own environment, and in /proc.
func TestATaskCannotReadTheToken(t *testing.T) {
	t.Parallel()
	p := newProgram(t, faults.HTTPConfig{})
	const look = `env; tr '\0' '\n' < /proc/$PPID/environ; tr '\0' '\n' < /proc/$PPID/cmdline
		for fd in /proc/$PPID/fd/*; do case $(readlink $fd) in pipe:*) timeout 1 cat $fd;; esac; done; echo looked`
	cmd := p.process(t, "run", "--output", "look.log", "--", "bash", "-c", look)
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "looked") {
		t.Fatalf("the task failed: %v, with %d bytes", err, len(out))
	}
	p.secrets.check(t, "the task", string(out))
	p.secrets.check(t, "look.log", p.content(t, p.oneRun(t), "look.log"))
	for _, name := range []string{"STRONGROOM_TOKEN=", "STRONGROOM_TOKEN_FILE="} {
		if strings.Contains(string(out), name) {
			t.Errorf("the task sees %s", name)
		}
	}
}

// TestATokenIsSentNowhereByDefault uses tokens for which there is no default URL.
func TestATokenIsSentNowhereByDefault(t *testing.T) {
	t.Parallel()
	jwt := func(claims string) string {
		return "e30." + base64.RawURLEncoding.EncodeToString([]byte(claims)) + ".c2ln"
	}
	for name, c := range map[string]struct {
		token string
		sent  bool
	}{
		"of a tenant's issuer":               {jwt(`{"iss":"https://token.actions.githubusercontent.com","aud":"acme"}`), false},
		"that is no JWT":                     {"opaque", false},
		"without an issuer":                  {jwt(`{"aud":"acme"}`), false},
		"of an issuer that looks like local": {jwt(`{"iss":"http://127.0.0.1.example.com/oidc"}`), false},
		"of a local issuer with TLS":         {jwt(`{"iss":"https://localhost/oidc"}`), false},
		"of the embedded cloud":              {jwt(`{"iss":"http://127.0.0.1:8080/emulator/oidc"}`), true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newProgram(t, faults.HTTPConfig{})
			delete(p.env, "STRONGROOM_URL")
			p.env["STRONGROOM_TOKEN"] = c.token
			r := p.run(t, "run", "--patience", "0s", "--retry-for", "0s", "--", "true")
			if refused := r.code == 125 && strings.Contains(r.stderr, "no platform: use --url URL, or set STRONGROOM_URL"); refused == c.sent {
				t.Errorf("%+v", r)
			}
		})
	}
}

func TestASpoolOfOthersIsRefused(t *testing.T) {
	t.Parallel()
	for name, mode := range map[string]os.FileMode{"all may write": 0o777, "all may read": 0o755, "a group may read": 0o750, "all may list": 0o701} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newProgram(t, faults.HTTPConfig{})
			if err := os.Mkdir(p.spool, 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.Chmod(p.spool, mode); err != nil {
				t.Fatal(err)
			}
			link := filepath.Join(t.TempDir(), "link")
			if err := os.Symlink(p.spool, link); err != nil {
				t.Fatal(err)
			}
			for _, path := range []string{p.spool, link} {
				if r := p.run(t, "run", "--spool", path, "--", "echo", "executed"); r.code != 125 || r.stdout != "" || !strings.Contains(r.stderr, "mode 0700") {
					t.Errorf("%+v", r)
				}
			}
		})
	}
}

func TestASpoolOfAnotherOwnerIsRefused(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("only root can create a directory of another user")
	}
	p := newProgram(t, faults.HTTPConfig{})
	if err := os.Mkdir(p.spool, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Chown(p.spool, 65534, 65534); err != nil {
		t.Fatal(err)
	}
	if r := p.run(t, "resume"); r.code != 1 || !strings.Contains(r.stderr, "belongs to you") {
		t.Errorf("%+v", r)
	}
}

func TestOutputGoesOnlyToTheBucketThatIsPinned(t *testing.T) {
	t.Parallel()
	p := newProgram(t, faults.HTTPConfig{})
	r := p.run(t, "run", "--bucket", "another", "--patience", "0s", "--", "echo", "kept")
	if r.code != 0 || !strings.Contains(r.stderr, "another bucket than another") {
		t.Errorf("%+v", r)
	}
	p.env["STRONGROOM_BUCKET"] = p.tenant.OutputsBucket
	p.run(t, "resume").want(t)
	if got := p.content(t, p.oneRun(t), "stdout.log"); got != "kept\n" {
		t.Errorf("stdout.log is %q", got)
	}
}
