package openid_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/strongroom-dev/strongroom/shared/openid"
)

var client = openid.Client{Issuer: "https://issuer.example", ID: "console"}

var now = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// token returns a JWT without a signature: the token endpoint vouches for it.
func token(t testing.TB, change map[string]any) string {
	t.Helper()
	claims := map[string]any{"iss": client.Issuer, "sub": "a", "aud": client.ID, "iat": now.Unix(), "exp": now.Add(time.Hour).Unix(), "nonce": "n"}
	maps.Copy(claims, change)
	text, err := json.Marshal(claims)
	if err != nil {
		t.Fatal(err)
	}
	return "e30." + base64.RawURLEncoding.EncodeToString(text) + ".x"
}

func TestAnIDTokenIsForThisSignIn(t *testing.T) {
	t.Parallel()
	at := func(d time.Duration) int64 { return now.Add(d).Unix() }
	for name, row := range map[string]struct {
		change map[string]any
		ok     bool
	}{
		"a correct one":                           {nil, true},
		"its audience is a list of one":           {map[string]any{"aud": []string{client.ID}}, true},
		"it names the authorized party":           {map[string]any{"azp": client.ID}, true},
		"the issuer's clock is 50 seconds ahead":  {map[string]any{"iat": at(50 * time.Second), "nbf": at(50 * time.Second)}, true},
		"the issuer's clock is 50 seconds behind": {map[string]any{"exp": at(-50 * time.Second)}, true},
		"the issuer's clock is 2 minutes ahead":   {map[string]any{"iat": at(2 * time.Minute)}, false},
		"it is not valid for 2 minutes":           {map[string]any{"nbf": at(2 * time.Minute)}, false},
		"it ended 2 minutes ago":                  {map[string]any{"exp": at(-2 * time.Minute)}, false},
		"it has no end":                           {map[string]any{"exp": nil}, false},
		"it ends at a time that no clock shows":   {map[string]any{"exp": 1e300}, false},
		"it has no time of issue":                 {map[string]any{"iat": nil}, false},
		"another issuer":                          {map[string]any{"iss": "https://issuer.example/"}, false},
		"another client":                          {map[string]any{"aud": "another"}, false},
		"several audiences":                       {map[string]any{"aud": []string{client.ID, "account"}}, false},
		"no audience":                             {map[string]any{"aud": []string{}}, false},
		"another authorized party":                {map[string]any{"azp": "another"}, false},
		"no subject":                              {map[string]any{"sub": ""}, false},
		"another nonce":                           {map[string]any{"nonce": "m"}, false},
		"no nonce":                                {map[string]any{"nonce": nil}, false},
		"a subject that is not a text":            {map[string]any{"sub": 1}, false},
	} {
		claims, err := openid.Check{Now: now, Nonce: "n"}.IDToken(token(t, row.change), client)
		if (err == nil) != row.ok || (err != nil && !errors.Is(err, openid.ErrProvider)) {
			t.Errorf("%s: %v", name, err)
		}
		if row.ok != (claims.Subject == "a") {
			t.Errorf("%s: the claims are %+v", name, claims)
		}
	}
}

func TestARedirectBackBelongsToItsSignIn(t *testing.T) {
	t.Parallel()
	s := openid.SignIn{State: "s"}
	for name, row := range map[string]struct {
		query string
		names bool // the issuer names itself
		want  error
	}{
		"a code":                                {"state=s&code=c", false, nil},
		"a code of an issuer that names itself": {"state=s&code=c&iss=https%3A%2F%2Fissuer.example", true, nil},
		"another issuer":                        {"state=s&code=c&iss=https%3A%2F%2Fanother.example", false, openid.ErrState},
		"an issuer that should name itself":     {"state=s&code=c", true, openid.ErrState},
		"another state":                         {"state=t&code=c", false, openid.ErrState},
		"no state":                              {"code=c", false, openid.ErrState},
		"no code":                               {"state=s", false, openid.ErrState},
		"an error":                              {"state=s&error=access_denied", false, openid.ErrDenied},
		"an error of another sign-in":           {"state=t&error=access_denied", false, openid.ErrState},
	} {
		query, err := url.ParseQuery(row.query)
		if err != nil {
			t.Fatal(err)
		}
		code, err := openid.Provider{Issuer: client.Issuer, NamesItself: row.names}.Code(s, query)
		if !errors.Is(err, row.want) || (err == nil) != (code == "c") {
			t.Errorf("%s: %q, %v", name, code, err)
		}
	}
	if _, err := (openid.Provider{}).Code(openid.SignIn{}, url.Values{"code": {"c"}, "state": {""}}); !errors.Is(err, openid.ErrState) {
		t.Errorf("a sign-in without a state: %v", err)
	}
}

func TestADiscoveryDocumentIsOfItsIssuer(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		change func(issuer string) map[string]any
		ok     bool
	}{
		"a correct one":                    {func(string) map[string]any { return nil }, true},
		"another issuer":                   {func(issuer string) map[string]any { return map[string]any{"issuer": issuer + "/other"} }, false},
		"an endpoint of another scheme":    {func(string) map[string]any { return map[string]any{"token_endpoint": "ftp://a/token"} }, false},
		"an endpoint without a host":       {func(string) map[string]any { return map[string]any{"authorization_endpoint": "/authorize"} }, false},
		"an endpoint with a user":          {func(string) map[string]any { return map[string]any{"token_endpoint": "http://a@b/token"} }, false},
		"no token endpoint":                {func(string) map[string]any { return map[string]any{"token_endpoint": ""} }, false},
		"a device endpoint without a host": {func(string) map[string]any { return map[string]any{"device_authorization_endpoint": "x"} }, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var issuer string
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				document := map[string]any{"issuer": issuer, "authorization_endpoint": issuer + "/a?b=c", "token_endpoint": issuer + "/t"}
				maps.Copy(document, row.change(issuer))
				_ = json.NewEncoder(w).Encode(document)
			}))
			defer server.Close()
			issuer = server.URL
			found, err := openid.Discover(t.Context(), server.Client(), issuer)
			if (err == nil) != row.ok {
				t.Fatal(err)
			}
			if address := found.AuthorizationURL(client, openid.NewSignIn("http://127.0.0.1/")); row.ok && !strings.HasPrefix(address, issuer+"/a?b=c&client_id=console&") {
				t.Errorf("the address is %s", address)
			}
		})
	}
}

func FuzzIDToken(f *testing.F) {
	f.Add(token(f, nil))
	f.Add(token(f, map[string]any{"aud": []string{client.ID, "b"}}))
	f.Add("a.b.c")
	f.Fuzz(func(t *testing.T, text string) {
		claims, err := openid.Check{Now: now, Nonce: "n"}.IDToken(text, client)
		if err != nil {
			return
		}
		if claims.Issuer != client.Issuer || claims.Nonce != "n" || claims.Subject == "" || claims.ExpireTime().Before(now.Add(-openid.Leeway)) {
			t.Errorf("%+v is accepted", claims)
		}
	})
}
