package command_test

import (
	"bufio"
	"bytes"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/oidc"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/command"
)

// person runs the program as somebody with a config directory and without a token, a URL
// and a workspace.
func person(t *testing.T) *program {
	t.Helper()
	p := programOf(t, cloudtest.Shared(t).Tenant(t), "viewer")
	p.env = map[string]string{"STRONGROOM_CONFIG": filepath.Join(t.TempDir(), "config"), "STRONGROOM_SPOOL": p.spool}
	return p
}

var addressLine = regexp.MustCompile(`(?m)^http\S+$|Open (\S+) in a browser on any machine, and enter the code (\S+) there`)

// signIn runs login, and visits the address that it prints as a browser does.
func (p *program) signIn(t *testing.T, visit func(t *testing.T, line []string), args ...string) result {
	t.Helper()
	args = append([]string{"login", "--url", p.tenant.Cloud.URL, "--tenant", string(p.tenant.ID)}, args...)
	in, out := io.Pipe()
	var stdout, stderr bytes.Buffer
	code := make(chan int, 1)
	go func() {
		code <- command.Main(cloudtest.Context(t), args, nil, &stdout, out, p.getenv)
		_ = out.Close()
	}()
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		stderr.WriteString(lines.Text() + "\n")
		if found := addressLine.FindStringSubmatch(lines.Text()); found != nil {
			visit(t, found)
		}
	}
	return result{<-code, stdout.String(), stderr.String()}
}

// browse signs a persona in with the browser of this machine.
func browse(persona string) func(*testing.T, []string) {
	return func(t *testing.T, line []string) { visit(t, line[0]+"&as="+persona, http.StatusOK) }
}

func visit(t *testing.T, address string, status int) string {
	t.Helper()
	response, err := http.Get(address)
	if err != nil {
		t.Error(err)
		return ""
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != status {
		t.Errorf("%s: status %d (%v), want %d: %s", address, response.StatusCode, err, status, body)
	}
	return string(body)
}

// addSecrets makes the tokens of a profile secrets that no output may have.
func (p *program) addSecrets(t *testing.T, name string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(p.env["STRONGROOM_CONFIG"], "profiles", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, found := range regexp.MustCompile(`"(?:id|refresh)": "([^"]+)"`).FindAllStringSubmatch(string(text), -1) {
		p.secrets.add(found[1])
	}
}

func TestAPersonSignsIn(t *testing.T) {
	t.Parallel()
	for name, way := range map[string]struct {
		args  []string
		visit func(*testing.T, []string)
	}{
		"with the browser of this machine": {[]string{"--no-browser"}, browse("viewer")},
		"with a code on another machine": {[]string{"--device"}, func(t *testing.T, line []string) {
			visit(t, line[1]+"?user_code="+line[2]+"&as=viewer", http.StatusOK)
		}},
		"with a code, because there is no browser": {nil, func(t *testing.T, line []string) {
			visit(t, line[1]+"?user_code="+line[2]+"&as=viewer", http.StatusOK)
		}},
		"after requests that do not belong to the sign-in": {[]string{"--no-browser"}, func(t *testing.T, line []string) {
			address, err := url.Parse(line[0])
			if err != nil {
				t.Fatal(err)
			}
			back := address.Query().Get("redirect_uri")
			for _, strange := range []string{"", "?code=a", "?code=a&state=b", "?error=access_denied", "other?code=a&state=" + address.Query().Get("state")} {
				visit(t, back+strange, http.StatusBadRequest)
			}
			visit(t, line[0]+"&as=viewer", http.StatusOK)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := person(t)
			r := p.signIn(t, way.visit, way.args...).want(t)
			if !strings.Contains(r.stderr, "signed in to "+p.tenant.Cloud.URL+" as viewer of "+string(p.tenant.ID)+"; profile default is active") {
				t.Errorf("%+v", r)
			}
			p.addSecrets(t, "default")
			p.secrets.check(t, "login", r.stdout+r.stderr)
			p.run(t, "runs", "ls").want(t)
			who := decode[struct {
				Source, Profile, URL, Tenant, Workspace, Subject string
				Renewed                                          bool
				Expires                                          time.Time
			}](t, p, "whoami", "--json")
			if who.Source != "profile default" || who.Tenant != string(p.tenant.ID) || who.Subject != "viewer@"+string(p.tenant.ID)+".example" ||
				who.Workspace != string(p.tenant.Workspace) || !who.Renewed || time.Until(who.Expires) < 50*time.Minute {
				t.Errorf("whoami: %+v", who)
			}
			p.checkPrivate(t)
		})
	}
}

// checkPrivate fails the test if other users can read the profiles.
func (p *program) checkPrivate(t *testing.T) {
	t.Helper()
	err := filepath.WalkDir(p.env["STRONGROOM_CONFIG"], func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err == nil && info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has the mode %v", path, info.Mode())
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

func TestAFailedSignInChangesNothing(t *testing.T) {
	t.Parallel()
	p := person(t)
	other := cloudtest.Shared(t).Tenant(t)
	for name, row := range map[string]struct {
		args []string
		code int
		want string
	}{
		"no tenant":                       {[]string{"--tenant", ""}, 2, "no tenant"},
		"a tenant that is not valid":      {[]string{"--tenant", "A/b"}, 2, "--tenant"},
		"a tenant that does not exist":    {[]string{"--tenant", "nobody-at-all"}, 12, "nobody signs in under this name"},
		"a workspace that is not valid":   {[]string{"--workspace", "A B"}, 2, "--workspace"},
		"an issuer without a client":      {[]string{"--issuer", "https://accounts.example"}, 2, "set both or neither"},
		"an issuer without TLS":           {[]string{"--issuer", "http://accounts.example", "--client-id", "a"}, 2, "https URL"},
		"an issuer that does not answer":  {[]string{"--issuer", "http://127.0.0.1:1", "--client-id", "a"}, 1, "cannot be reached"},
		"a redirect to another machine":   {[]string{"--redirect", "http://192.0.2.1/"}, 2, "not an address of this machine"},
		"a secret that cannot be read":    {[]string{"--client-secret-file", "/nonexistent"}, 2, "--client-secret-file"},
		"a name that is not of a profile": {[]string{"--profile", "../x"}, 2, "not a valid name of a profile"},
		"two ways":                        {[]string{"--device", "--no-browser"}, 2, "contradict each other"},
		"a platform without TLS":          {[]string{"--url", "http://platform.example"}, 2, "unencrypted"},
	} {
		r := p.run(t, append([]string{"login", "--url", p.tenant.Cloud.URL, "--tenant", string(other.ID)}, row.args...)...)
		if r.code != row.code || !strings.Contains(r.stderr, row.want) {
			t.Errorf("%s: %+v", name, r)
		}
	}
	denied := p.signIn(t, func(t *testing.T, line []string) {
		visit(t, line[1]+"?user_code="+line[2]+"&as=nobody", http.StatusOK)
	}, "--device")
	if denied.code != 10 || !strings.Contains(denied.stderr, "did not sign you in") {
		t.Errorf("%+v", denied)
	}
	if names, err := filepath.Glob(filepath.Join(p.env["STRONGROOM_CONFIG"], "profiles", "*.json")); len(names) > 0 || err != nil {
		t.Errorf("there are profiles: %v, %v", names, err)
	}
}

// shortSignIn makes the tokens of the command line end so soon that each use renews them.
func (p *program) shortSignIn(t *testing.T, change func(*oidc.Client)) {
	t.Helper()
	client := oidc.Client{
		RedirectURI: "http://127.0.0.1/", Lifetime: 30 * time.Second,
		People: map[string]oidc.Identity{"viewer": {"sub": "viewer@" + string(p.tenant.ID) + ".example", "persona": "viewer"}},
	}
	if change != nil {
		change(&client)
	}
	p.tenant.Cloud.Issuer.AddClient("command-line-"+string(p.tenant.ID), client)
}

func TestASignInIsRenewedByManyAtOnce(t *testing.T) {
	t.Parallel()
	p := person(t)
	p.shortSignIn(t, nil)
	p.signIn(t, browse("viewer"), "--no-browser").want(t)
	first := p.profileText(t)
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() { p.run(t, "runs", "ls").want(t) })
	}
	group.Wait()
	if p.profileText(t) == first {
		t.Error("the sign-in was not renewed")
	}
	p.run(t, "logout").want(t)
	if r := p.run(t, "runs", "ls"); r.code != 10 || !strings.Contains(r.stderr, "sign in again: strongroom login --profile default") {
		t.Errorf("%+v", r)
	}
	if err := os.WriteFile(filepath.Join(p.env["STRONGROOM_CONFIG"], "profiles", "default.json"), []byte(first), 0o600); err != nil {
		t.Fatal(err)
	}
	p.shortSignIn(t, func(c *oidc.Client) { c.Lifetime = time.Hour })
	p.expire(t)
	if r := p.run(t, "runs", "ls"); r.code != 10 {
		t.Errorf("a refresh token works after it was replaced: %+v", r)
	}
}

func (p *program) profileText(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(p.env["STRONGROOM_CONFIG"], "profiles", "default.json"))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// expire makes the stored ID token one that has ended.
func (p *program) expire(t *testing.T) {
	t.Helper()
	token, err := p.tenant.Cloud.Issuer.Token(map[string]any{"sub": "a"}, -time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	changed := regexp.MustCompile(`"id": "[^"]+"`).ReplaceAllLiteralString(p.profileText(t), `"id": "`+token+`"`)
	if err := os.WriteFile(filepath.Join(p.env["STRONGROOM_CONFIG"], "profiles", "default.json"), []byte(changed), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestASignInEnds(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		first, then func(*oidc.Client) // how the issuer behaves at the sign-in, and afterwards
		code        int
	}{
		"the issuer replaces refresh tokens":     {nil, nil, 0},
		"a refresh token can be used again":      {func(c *oidc.Client) { c.ReusableRefresh = true }, nil, 0},
		"there is no refresh token":              {func(c *oidc.Client) { c.NoRefreshToken = true }, nil, 10},
		"a refresh returns no ID token":          {nil, func(c *oidc.Client) { c.NoIDTokenOnRefresh = true }, 10},
		"the issuer no longer accepts it":        {nil, func(c *oidc.Client) { c.Token = refuseGrant }, 10},
		"the new ID token is for another client": {nil, func(c *oidc.Client) { c.Extra = map[string]any{"aud": "another"} }, 14},
		"the new ID token is of another person":  {nil, func(c *oidc.Client) { c.Extra = map[string]any{"sub": "another"} }, 10},
		"the issuer is broken":                   {nil, func(c *oidc.Client) { c.Token = breakDown }, 14},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := person(t)
			p.shortSignIn(t, row.first)
			p.signIn(t, browse("viewer"), "--no-browser").want(t)
			p.expire(t)
			if row.then != nil {
				p.shortSignIn(t, row.then)
			}
			r := p.run(t, "runs", "ls")
			if r.code != row.code || strings.Contains(r.stderr, "@") {
				t.Errorf("exit code %d, want %d: %s", r.code, row.code, r.stderr)
			}
		})
	}
}

func breakDown(w http.ResponseWriter, _ *http.Request) bool {
	http.Error(w, "the token of a@b.example cannot be read", http.StatusInternalServerError)
	return true
}

func refuseGrant(w http.ResponseWriter, _ *http.Request) bool {
	w.WriteHeader(http.StatusBadRequest)
	_, _ = io.WriteString(w, `{"error":"invalid_grant","error_description":"token of a@b.example"}`)
	return true
}

// TestATokenGoesToItsPlatformOnly tries to send a profile's token elsewhere.
func TestATokenGoesToItsPlatformOnly(t *testing.T) {
	t.Parallel()
	p := person(t)
	p.signIn(t, browse("viewer"), "--no-browser").want(t)
	s := newStub(t, "{}")
	for name, row := range map[string]struct {
		args []string
		env  map[string]string
	}{
		"a flag":                 {args: []string{"--url", s.URL}},
		"a flag and the profile": {args: []string{"--url", s.URL, "--profile", "default"}},
		"the environment":        {env: map[string]string{"STRONGROOM_URL": s.URL}},
	} {
		for key, value := range row.env {
			p.env[key] = value
		}
		r := p.run(t, append([]string{"runs", "ls"}, row.args...)...)
		if r.code != 2 || !strings.Contains(r.stderr, "profile default is signed in at "+p.tenant.Cloud.URL) {
			t.Errorf("%s: %+v", name, r)
		}
		for key := range row.env {
			delete(p.env, key)
		}
	}
	if got := s.received(); len(got) > 0 {
		t.Errorf("another platform received %v", got)
	}
}

func TestTheCallerIsTheFirstThatIsSet(t *testing.T) {
	t.Parallel()
	p := person(t)
	p.signIn(t, browse("viewer"), "--no-browser").want(t)
	p.signIn(t, browse("admin"), "--no-browser", "--profile", "other").want(t)
	p.run(t, "profiles", "switch", "default").want(t)
	token := writeToken(t, p.tenant.Token(t, "runner"))
	for name, row := range map[string]struct {
		args []string
		env  map[string]string
		want string
	}{
		"the active profile":                {nil, nil, "profile default"},
		"a profile in the environment":      {nil, map[string]string{"STRONGROOM_PROFILE": "other"}, "profile other"},
		"a token in the environment":        {nil, map[string]string{"STRONGROOM_TOKEN": p.tenant.Token(t, "runner"), "STRONGROOM_PROFILE": "other"}, "environment variable STRONGROOM_TOKEN"},
		"a file in the environment":         {nil, map[string]string{"STRONGROOM_TOKEN_FILE": token, "STRONGROOM_TOKEN": "x"}, "file " + token},
		"a profile as a flag":               {[]string{"--profile", "other"}, map[string]string{"STRONGROOM_TOKEN_FILE": token}, "profile other"},
		"a file as a flag":                  {[]string{"--token-file", token}, map[string]string{"STRONGROOM_PROFILE": "other"}, "file " + token},
		"a profile that does not exist":     {[]string{"--profile", "nobody"}, nil, ""},
		"a profile and a file":              {[]string{"--profile", "other", "--token-file", token}, nil, ""},
		"a profile whose name is not valid": {nil, map[string]string{"STRONGROOM_PROFILE": "../../etc/passwd"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			one := *p
			one.env = map[string]string{"STRONGROOM_CONFIG": p.env["STRONGROOM_CONFIG"]}
			for key, value := range row.env {
				one.env[key] = value
			}
			if strings.HasPrefix(row.want, "file") || strings.HasPrefix(row.want, "env") {
				one.env["STRONGROOM_URL"] = p.tenant.Cloud.URL
			}
			r := one.run(t, append([]string{"whoami"}, row.args...)...)
			if (r.code == 0) != (row.want != "") || !strings.Contains(r.stdout, row.want) {
				t.Errorf("want %q: %+v", row.want, r)
			}
		})
	}
}

func writeToken(t *testing.T, token string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "token")
	writeFile(t, path, token)
	return path
}

func TestProfilesAreListedAndDeleted(t *testing.T) {
	t.Parallel()
	p := person(t)
	if r := p.run(t, "profiles", "ls").want(t); !strings.HasPrefix(r.stdout, "ACTIVE") {
		t.Errorf("%+v", r)
	}
	p.signIn(t, browse("viewer"), "--no-browser").want(t)
	p.signIn(t, browse("admin"), "--no-browser", "--profile", "other").want(t)
	p.addSecrets(t, "default")
	if r := p.run(t, "profiles", "ls").want(t); !strings.Contains(r.stdout, "*       other    "+p.tenant.Cloud.URL) || !strings.Contains(r.stdout, "viewer@") {
		t.Errorf("%+v", r)
	}
	if r := p.run(t, "__complete", "profiles", "switch", "o"); !strings.Contains(r.stdout, "other\t"+p.tenant.Cloud.URL) {
		t.Errorf("%+v", r)
	}
	p.run(t, "profiles", "rm", "other").want(t)
	for _, args := range [][]string{{"profiles", "switch", "other"}, {"profiles", "rm", "other"}, {"profiles", "rm", "../default"}, {"logout", "--profile", "other"}} {
		if r := p.run(t, args...); r.code != 2 {
			t.Errorf("%v: %+v", args, r)
		}
	}
	if r := p.run(t, "whoami"); r.code != 10 || !strings.Contains(r.stderr, "sign in with strongroom login") {
		t.Errorf("%+v", r)
	}
	path := filepath.Join(p.env["STRONGROOM_CONFIG"], "profiles", "default.json")
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	if r := p.run(t, "whoami", "--profile", "default"); r.code == 0 || !strings.Contains(r.stderr, "chmod 600") {
		t.Errorf("other users may read the tokens: %+v", r)
	}
}
