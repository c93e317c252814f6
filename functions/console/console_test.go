package console_test

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"cloud.google.com/go/kms/apiv1/kmspb"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/kms"
	"github.com/strongroom-dev/strongroom/emulator/oidc"
	"github.com/strongroom-dev/strongroom/emulator/suite"
)

func TestMain(m *testing.M) { cloudtest.Main(m) }

// browser sends requests as a browser does. It sends Secure cookies, also to the address
// of this machine, and follows no redirects.
type browser struct {
	cloud   *cloudtest.Cloud
	cookies map[string]*http.Cookie
}

func newBrowser(c *cloudtest.Cloud) *browser {
	return &browser{cloud: c, cookies: map[string]*http.Cookie{}}
}

// page is a response that was read.
type page struct {
	*http.Response
	body string
}

// do sends a request. The headers are pairs of name and value.
func (b *browser) do(t testing.TB, method, address string, headers ...string) page {
	t.Helper()
	if strings.HasPrefix(address, "/") {
		address = b.cloud.URL + address
	}
	r, err := http.NewRequestWithContext(t.Context(), method, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	for _, cookie := range b.cookies {
		r.AddCookie(cookie)
	}
	response, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	for _, cookie := range response.Cookies() {
		if b.cookies[cookie.Name] = cookie; cookie.MaxAge < 0 {
			delete(b.cookies, cookie.Name)
		}
	}
	return page{response, string(body)}
}

// want fails the test unless the response has a status.
func (p page) want(t testing.TB, status int) page {
	t.Helper()
	if p.StatusCode != status {
		t.Fatalf("status %d, want %d: %s", p.StatusCode, status, p.body)
	}
	return p
}

// signIn signs a persona in under a name, up to the callback, and returns its response.
func (b *browser) signIn(t testing.TB, name, persona string) page {
	t.Helper()
	begun := b.do(t, http.MethodGet, "/console/sign-in?tenant="+name).want(t, http.StatusFound)
	chosen := b.do(t, http.MethodGet, begun.Header.Get("Location")+"&as="+persona).want(t, http.StatusFound)
	return b.do(t, http.MethodGet, chosen.Header.Get("Location"))
}

// session is the response of the console to a request for a session.
type session struct {
	IDToken, Tenant, Subject string
	Expires                  time.Time
	Workspaces               []string
}

func (b *browser) session(t testing.TB, status int) session {
	t.Helper()
	got := b.do(t, http.MethodPost, "/console/session", "Strongroom-Console", "1").want(t, status)
	var s session
	if status == http.StatusOK {
		if err := json.Unmarshal([]byte(got.body), &s); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

func TestEachPersonaSignsInAndCallsTheAPI(t *testing.T) {
	t.Parallel()
	c := cloudtest.Shared(t)
	tn := c.Tenant(t)
	runs := "/v1/workspaces/" + string(tn.Workspace) + "/runs/search"
	for persona, status := range map[string]int{"viewer": http.StatusOK, "auditor": http.StatusOK, "admin": http.StatusOK, "builder": http.StatusForbidden} {
		t.Run(persona, func(t *testing.T) {
			t.Parallel()
			b := newBrowser(c)
			b.signIn(t, string(tn.ID), persona).want(t, http.StatusOK)
			s := b.session(t, http.StatusOK)
			if s.Tenant != string(tn.ID) || len(s.Workspaces) == 0 {
				t.Errorf("the session is %+v", s)
			}
			c.Do(t, s.IDToken, http.MethodPost, runs, map[string]any{}).Want(t, status)
		})
	}
	t.Run("platform", func(t *testing.T) {
		t.Parallel()
		b := newBrowser(c)
		b.signIn(t, "platform", "platform").want(t, http.StatusOK)
		c.Do(t, b.session(t, http.StatusOK).IDToken, http.MethodGet, "/v1/quarantine", nil).Want(t, http.StatusOK)
	})
}

func TestAnIDTokenOpensOneTenant(t *testing.T) {
	t.Parallel()
	c := cloudtest.Shared(t)
	one, other := c.Tenant(t), c.Tenant(t)
	b := newBrowser(c)
	b.signIn(t, string(one.ID), "admin").want(t, http.StatusOK)
	token := b.session(t, http.StatusOK).IDToken
	c.Do(t, token, http.MethodPost, "/v1/workspaces/"+string(one.Workspace)+"/runs/search", map[string]any{}).Want(t, http.StatusOK)
	c.Do(t, token, http.MethodGet, other.RunPath(cloudtest.NewRun(t)), nil).Want(t, http.StatusNotFound) // in its own tenant
	for name, audience := range map[string]any{
		"a client ID that no tenant lists": "console-of-nobody",
		"two client IDs":                   []string{"console-" + string(one.ID), "console-" + string(other.ID)},
	} {
		forged, err := c.Issuer.Token(map[string]any{"sub": "a", "persona": "admin", "aud": audience}, time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		if got := c.Do(t, forged, http.MethodGet, one.RunPath(cloudtest.NewRun(t)), nil); got.Status != http.StatusUnauthorized {
			t.Errorf("%s: status %d", name, got.Status)
		}
	}
}

func TestTheCookiesAreSealedAndBound(t *testing.T) {
	t.Parallel()
	c := cloudtest.Shared(t)
	tn := c.Tenant(t)
	b := newBrowser(c)
	b.signIn(t, string(tn.ID), "viewer").want(t, http.StatusOK)
	cookie := b.cookies["__Host-strongroom-session"]
	if cookie == nil || !cookie.HttpOnly || !cookie.Secure || cookie.SameSite != http.SameSiteStrictMode || cookie.Path != "/" || cookie.Domain != "" {
		t.Fatalf("the session cookie is %+v", cookie)
	}
	if len(b.cookies) != 1 || strings.Contains(cookie.Value, "eyJ") {
		t.Errorf("the browser has the cookies %v", b.cookies)
	}
	value := cookie.Value
	for name, changed := range map[string]string{
		"changed": value[:len(value)-2] + "AA", "shortened": value[:20], "empty": "", "not sealed": `{"c":"acme"}`,
	} {
		cookie.Value = changed
		if got := b.do(t, http.MethodPost, "/console/session", "Strongroom-Console", "1"); got.StatusCode != http.StatusUnauthorized {
			t.Errorf("%s: status %d", name, got.StatusCode)
		}
	}
	cookie.Value = value
	b.do(t, http.MethodPost, "/console/session").want(t, http.StatusBadRequest) // as a page of another site sends it
	b.session(t, http.StatusOK)
	out := b.do(t, http.MethodPost, "/console/sign-out", "Strongroom-Console", "1").want(t, http.StatusNoContent)
	if got := out.Header.Get("Clear-Site-Data"); got != `"cache", "cookies", "storage"` || len(b.cookies) != 0 {
		t.Errorf("Clear-Site-Data is %s, and the browser has the cookies %v", got, b.cookies)
	}
	b.session(t, http.StatusUnauthorized)
}

func TestACallbackBelongsToItsSignIn(t *testing.T) {
	t.Parallel()
	c := cloudtest.Shared(t)
	tn := c.Tenant(t)
	callback := func(t *testing.T, b *browser) string {
		begun := b.do(t, http.MethodGet, "/console/sign-in?tenant="+string(tn.ID)).want(t, http.StatusFound)
		return b.do(t, http.MethodGet, begun.Header.Get("Location")+"&as=viewer").want(t, http.StatusFound).Header.Get("Location")
	}
	t.Run("another browser", func(t *testing.T) {
		t.Parallel()
		newBrowser(c).do(t, http.MethodGet, callback(t, newBrowser(c))).want(t, http.StatusBadRequest)
	})
	t.Run("another sign-in of the browser", func(t *testing.T) {
		t.Parallel()
		b := newBrowser(c)
		first := callback(t, b)
		callback(t, b)
		b.do(t, http.MethodGet, first).want(t, http.StatusBadRequest)
	})
	t.Run("a code that was used", func(t *testing.T) {
		t.Parallel()
		b := newBrowser(c)
		address := callback(t, b)
		kept := *b.cookies["__Host-strongroom-sign-in"]
		b.do(t, http.MethodGet, address).want(t, http.StatusOK)
		b.cookies[kept.Name] = &kept
		b.do(t, http.MethodGet, address).want(t, http.StatusBadRequest)
	})
	t.Run("no tenant", func(t *testing.T) {
		t.Parallel()
		newBrowser(c).do(t, http.MethodGet, "/console/sign-in?tenant=nobody").want(t, http.StatusNotFound)
	})
}

// TestIssuersHaveHabits signs in at issuers that do what vendors' issuers do.
func TestIssuersHaveHabits(t *testing.T) {
	t.Parallel()
	c := cloudtest.New(t, suite.Options{})
	tn := c.Tenant(t)
	key := map[string]any{"clientSecret": "", "signingKey": map[string]any{"version": c.PlatformKey("sign-in") + "/cryptoKeyVersions/1", "keyId": "1"}}
	extra := func(claims map[string]any) func(*oidc.Client) { return func(c *oidc.Client) { c.Extra = claims } }
	answer := func(status int, body string) func(*oidc.Client) {
		return func(c *oidc.Client) {
			c.Token = func(w http.ResponseWriter, _ *http.Request) bool {
				w.WriteHeader(status)
				_, _ = io.WriteString(w, body)
				return true
			}
		}
	}
	for name, habit := range map[string]struct {
		change   func(*oidc.Client)
		settings map[string]any
		callback int
		later    int // status of the session 50 minutes later
		last     int // and 3 hours later
	}{
		"a refresh token is replaced each time":       {callback: 200, later: 200, last: 200},
		"a refresh token can be used again":           {change: func(c *oidc.Client) { c.ReusableRefresh = true }, callback: 200, later: 200, last: 200},
		"there is no refresh token":                   {change: func(c *oidc.Client) { c.NoRefreshToken = true }, callback: 200, later: 200, last: 401},
		"a refresh returns no ID token":               {change: func(c *oidc.Client) { c.NoIDTokenOnRefresh = true }, callback: 200, later: 200, last: 401},
		"the ID token has two audiences":              {change: func(c *oidc.Client) { c.Extra = map[string]any{"aud": []string{"a", "account"}} }, callback: 503},
		"the ID token names another authorized party": {change: extra(map[string]any{"azp": "another"}), callback: 503},
		"the ID token is of another issuer":           {change: extra(map[string]any{"iss": "https://another.example"}), callback: 503},
		"the ID token is of another sign-in":          {change: extra(map[string]any{"nonce": "another"}), callback: 503},
		"the ID token has ended":                      {change: extra(map[string]any{"exp": 1}), callback: 503},
		"the token endpoint fails":                    {change: answer(500, "the token of a@b.example"), callback: 503},
		"the token endpoint returns a page":           {change: answer(200, "<html>"), callback: 503},
		"the token endpoint returns no ID token":      {change: answer(200, `{"access_token":"a"}`), callback: 503},
		"the token endpoint is busy":                  {change: answer(429, `{"error":"slow_down"}`), callback: 503},
		"the issuer names itself":                     {change: func(c *oidc.Client) { c.NamesItself = true }, callback: 200, later: 200, last: 200},
		"the console has a key":                       {change: func(client *oidc.Client) { client.Secret, client.Key = "", signInKey(t, c) }, settings: key, callback: 200, later: 200, last: 200},
		"the issuer has another key":                  {change: func(c *oidc.Client) { c.Secret, c.Key = "", otherKey(t) }, settings: key, callback: 503},
		"the issuer requires a key":                   {change: func(client *oidc.Client) { client.Key = signInKey(t, c) }, callback: 503},
		"the key is of another account":               {settings: map[string]any{"clientSecret": "", "signingKey": map[string]any{"version": c.PlatformKey("consent") + "/cryptoKeyVersions/1"}}, callback: 503},
		"the issuer refuses":                          {change: func(c *oidc.Client) { c.Refuse = "access_denied" }, callback: 403},
		"the secret is wrong":                         {change: func(c *oidc.Client) { c.Secret = "another" }, callback: 503},
		"the secret is in a header":                   {settings: map[string]any{"basic": true}, callback: 200, later: 200, last: 200},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBrowser(c)
			configureSignIn(t, c, tn, habit.change, habit.settings)
			begun := b.do(t, http.MethodGet, "/console/sign-in?tenant="+string(tn.ID)).want(t, http.StatusFound)
			chosen := b.do(t, http.MethodGet, begun.Header.Get("Location")+"&as=viewer").want(t, http.StatusFound)
			b.do(t, http.MethodGet, chosen.Header.Get("Location")).want(t, habit.callback)
			if habit.later == 0 {
				b.session(t, http.StatusUnauthorized)
				return
			}
			c.Clock.Advance(50 * time.Minute)
			b.session(t, habit.later)
			c.Clock.Advance(3 * time.Hour)
			b.session(t, habit.last)
		})
	}
}

// signInKey returns the public key of the console's key in Cloud KMS.
func signInKey(t *testing.T, c *cloudtest.Cloud) crypto.PublicKey {
	t.Helper()
	got, err := c.KMS.GetPublicKey(kms.As(t.Context(), suite.OperatorAccount), &kmspb.GetPublicKeyRequest{Name: c.PlatformKey("sign-in") + "/cryptoKeyVersions/1"})
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode([]byte(got.Pem))
	key, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func otherKey(t *testing.T) crypto.PublicKey {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return key.Public()
}

// TestClocksMayDifferByAMinute has issuers whose clocks are ahead and behind.
func TestClocksMayDifferByAMinute(t *testing.T) {
	t.Parallel()
	c := cloudtest.New(t, suite.Options{})
	tn := c.Tenant(t)
	for name, row := range map[string]struct {
		offset time.Duration
		status int
	}{
		"50 seconds ahead": {50 * time.Second, http.StatusOK}, "50 seconds behind": {-50 * time.Second, http.StatusOK}, "5 minutes ahead": {5 * time.Minute, http.StatusServiceUnavailable},
	} {
		t.Log(name)
		b := newBrowser(c)
		configureSignIn(t, c, tn, nil, nil)
		now := c.Clock.Now().Add(row.offset)
		c.Issuer.AddClient("console-"+string(tn.ID), oidc.Client{
			Secret: "secret", RedirectURI: c.URL + "/console/callback", People: map[string]oidc.Identity{"viewer": {"sub": "viewer@" + string(tn.ID) + ".example", "persona": "viewer"}},
			Extra: map[string]any{"iat": now.Unix(), "nbf": now.Unix(), "exp": now.Add(time.Hour).Unix()},
		})
		b.signIn(t, string(tn.ID), "viewer").want(t, row.status)
		if row.status == http.StatusOK {
			c.Do(t, b.session(t, http.StatusOK).IDToken, http.MethodPost, "/v1/workspaces/"+string(tn.Workspace)+"/runs/search", map[string]any{}).Want(t, http.StatusOK)
		}
	}
}

func TestAReplacedRefreshTokenEndsTheSignIn(t *testing.T) {
	t.Parallel()
	c := cloudtest.New(t, suite.Options{})
	tn := c.Tenant(t)
	b := newBrowser(c)
	b.signIn(t, string(tn.ID), "viewer").want(t, http.StatusOK)
	stolen := *b.cookies["__Host-strongroom-session"]
	c.Clock.Advance(57 * time.Minute)
	b.session(t, http.StatusOK)
	renewed := *b.cookies["__Host-strongroom-session"]
	if renewed.Value == stolen.Value {
		t.Fatal("the session was not renewed")
	}
	c.Clock.Advance(5 * time.Minute)
	thief := newBrowser(c)
	thief.cookies[stolen.Name] = &stolen
	thief.session(t, http.StatusUnauthorized)
	c.Clock.Advance(time.Hour)
	b.session(t, http.StatusUnauthorized) // the issuer has ended the whole sign-in
}

func TestARefreshKeepsThePerson(t *testing.T) {
	t.Parallel()
	c := cloudtest.New(t, suite.Options{})
	tn := c.Tenant(t)
	configureSignIn(t, c, tn, nil, nil)
	b := newBrowser(c)
	b.signIn(t, string(tn.ID), "viewer").want(t, http.StatusOK)
	configureSignIn(t, c, tn, func(client *oidc.Client) { client.Extra = map[string]any{"sub": "another"} }, nil)
	c.Clock.Advance(time.Hour)
	b.session(t, http.StatusUnauthorized)
}

// TestADiscoveryDocumentOfAnotherIssuerIsRefused has a server that passes an issuer's
// document off as its own, and one that does not respond.
func TestADiscoveryDocumentOfAnotherIssuerIsRefused(t *testing.T) {
	t.Parallel()
	c := cloudtest.New(t, suite.Options{})
	tn := c.Tenant(t)
	document, err := http.Get(c.Issuer.URL() + "/.well-known/openid-configuration")
	if err != nil {
		t.Fatal(err)
	}
	defer document.Body.Close()
	body, err := io.ReadAll(document.Body)
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	for name, serve := range map[string]http.HandlerFunc{
		"of another issuer": func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(body) },
		"of nobody":         http.NotFound,
		"cut off":           func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"too slow":          func(_ http.ResponseWriter, r *http.Request) { <-ended },
	} {
		server := httptest.NewServer(serve)
		defer server.Close()
		configureSignIn(t, c, tn, nil, map[string]any{"issuer": server.URL})
		got := newBrowser(c).do(t, http.MethodGet, "/console/sign-in?tenant="+string(tn.ID))
		if got.StatusCode != http.StatusServiceUnavailable || strings.Contains(got.body, "127.0.0.1") {
			t.Errorf("%s: status %d: %s", name, got.StatusCode, got.body)
		}
	}
	close(ended)
}

// configureSignIn registers the console again at the issuer of a tenant, with a habit.
func configureSignIn(t *testing.T, c *cloudtest.Cloud, tn *cloudtest.Tenant, change func(*oidc.Client), settings map[string]any) {
	t.Helper()
	id := "console-" + string(tn.ID)
	client := oidc.Client{
		Secret: "secret", RedirectURI: c.URL + "/console/callback",
		People: map[string]oidc.Identity{"viewer": {"sub": "viewer@" + string(tn.ID) + ".example", "persona": "viewer"}},
	}
	if change != nil {
		change(&client)
	}
	c.Issuer.AddClient(id, client)
	all := map[string]any{
		"name": tn.ID, "issuer": c.Issuer.URL(), "clientId": id, "clientSecret": "secret", "workspaces": []string{string(tn.Workspace)},
	}
	maps.Copy(all, settings)
	if err := c.WriteSignIn(string(tn.ID), all); err != nil {
		t.Fatal(err)
	}
	c.Clock.Advance(2 * time.Minute) // the console reads its settings again
}

func TestTheConsoleAllowsOnlyItsOwnScript(t *testing.T) {
	t.Parallel()
	b := newBrowser(cloudtest.Shared(t))
	const policy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; " +
		"form-action 'self'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
	for path, kind := range map[string]string{
		"/console": "text/html; charset=utf-8", "/console/assets/app.js": "text/javascript; charset=utf-8", "/console/assets/app.css": "text/css; charset=utf-8",
	} {
		got := b.do(t, http.MethodGet, path).want(t, http.StatusOK)
		for name, want := range map[string]string{
			"Content-Security-Policy": policy, "Content-Type": kind, "Cross-Origin-Opener-Policy": "same-origin",
			"Referrer-Policy": "no-referrer", "X-Content-Type-Options": "nosniff",
		} {
			if value := got.Header.Get(name); value != want {
				t.Errorf("%s: %s is %q, want %q", path, name, value, want)
			}
		}
		b.do(t, http.MethodGet, path, "If-None-Match", got.Header.Get("ETag")).want(t, http.StatusNotModified)
	}
	got := b.do(t, http.MethodPost, "/console/session", "Strongroom-Console", "1").want(t, http.StatusUnauthorized)
	if got.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("Cache-Control of the session is %q", got.Header.Get("Cache-Control"))
	}
	for _, path := range []string{"/console/assets/index.html", "/console/assets/nothing.js", "/console/other"} {
		b.do(t, http.MethodGet, path).want(t, http.StatusNotFound)
	}
	if got := b.do(t, http.MethodGet, "/console/").want(t, http.StatusOK); !strings.Contains(got.body, "/console/assets/app.js") {
		t.Errorf("/console/ is not the console: %s", got.body)
	}
	for _, path := range []string{"/console//", "/console/assets//app.js", "/console/assets/../"} {
		b.do(t, http.MethodGet, path).want(t, http.StatusBadRequest)
	}
}

func TestTheIssuerGetsAFixedRedirect(t *testing.T) {
	t.Parallel()
	c := cloudtest.Shared(t)
	b := newBrowser(c)
	begun := b.do(t, http.MethodGet, "/console/sign-in?tenant="+string(c.Tenant(t).ID)+"&redirect_uri=https://elsewhere.example&state=x")
	query, err := url.Parse(begun.Header.Get("Location"))
	if err != nil {
		t.Fatal(err)
	}
	values := query.Query()
	if values.Get("redirect_uri") != c.URL+"/console/callback" || values.Get("code_challenge_method") != "S256" || len(values.Get("state")) < 40 || values.Get("nonce") == "" {
		t.Errorf("the request to the issuer is %v", values)
	}
}

func TestEverybodyMayReadHowTheCommandLineSignsIn(t *testing.T) {
	t.Parallel()
	c := cloudtest.New(t, suite.Options{})
	tn := c.Tenant(t)
	b := newBrowser(c)
	got := b.do(t, http.MethodGet, "/console/command-line?tenant="+string(tn.ID)).want(t, http.StatusOK)
	var body struct{ Name, Issuer, ClientID, ClientSecret string }
	if err := json.Unmarshal([]byte(got.body), &body); err != nil {
		t.Fatal(err)
	}
	if body.Name != string(tn.ID) || body.Issuer != c.Issuer.URL() || body.ClientID != "command-line-"+string(tn.ID) || strings.Contains(got.body, "secret") {
		t.Errorf("the response is %s", got.body)
	}
	configureSignIn(t, c, tn, nil, nil) // without the command line
	for _, path := range []string{"?tenant=" + string(tn.ID), "?tenant=nobody", ""} {
		got := b.do(t, http.MethodGet, "/console/command-line"+path).want(t, http.StatusNotFound)
		if got.Header.Get("Content-Type") != "application/problem+json" || strings.Contains(got.body, "secret") {
			t.Errorf("%s: %s", path, got.body)
		}
	}
}
