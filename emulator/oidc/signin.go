package oidc

import (
	"crypto"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"html/template"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Client is a program that people sign in to with a browser (OpenID Connect Core 1.0,
// section 3.1). Its fields reproduce the habits of identity providers.
type Client struct {
	Secret      string              // the token endpoint requires it, also with PKCE, as Google's does; empty: a public client
	Key         crypto.PublicKey    // the token endpoint requires a JWT that its private key signed (private_key_jwt), and no secret; nil: it does not
	RedirectURI string              // exact; for an address of this machine, of any port: RFC 8252, section 7.3
	People      map[string]Identity // whom the sign-in page offers, by label

	NoRefreshToken     bool           // there is no refresh token
	NoIDTokenOnRefresh bool           // a refresh returns no ID token, which OpenID Connect allows
	ReusableRefresh    bool           // a refresh token can be used again; otherwise, each is replaced, and using an old one ends the sign-in
	NamesItself        bool           // the redirect back has the issuer (RFC 9207)
	Refuse             string         // the error that the browser is sent back with
	Lifetime           time.Duration  // of an ID token; zero: an hour
	Extra              map[string]any // claims in addition, such as other audiences or other times

	Token func(http.ResponseWriter, *http.Request) bool // answers a request to the token endpoint instead, if it returns true; nil: never
}

// Identity is the claims of a person.
type Identity map[string]any

// AddClient registers a client. It replaces one with the same ID.
func (i *Issuer) AddClient(id string, c Client) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.clients == nil {
		i.clients, i.grants = map[string]Client{}, map[string]grantedSignIn{}
		i.devices, i.proofs = map[string]*device{}, map[string]bool{}
	}
	i.clients[id] = c
}

// grantedSignIn is what a code or a refresh token stands for.
type grantedSignIn struct {
	client    string
	person    Identity
	nonce     string
	challenge string // of PKCE; empty for a refresh token
	redirect  string // redirect URI of the request
	refresh   bool
	family    string // of all refresh tokens of one sign-in
	used      bool   // a refresh token that was replaced
}

func (i *Issuer) registerSignIn(mux *http.ServeMux) {
	mux.HandleFunc("GET /authorize", i.authorize)
	mux.HandleFunc("POST /token", i.token)
	mux.HandleFunc("POST /revoke", i.revoke)
	mux.HandleFunc("POST /device", i.startDevice)
	mux.HandleFunc("GET /device", i.approveDevice)
}

func (i *Issuer) client(id string) (Client, bool) {
	i.mu.RLock()
	defer i.mu.RUnlock()
	c, ok := i.clients[id]
	return c, ok
}

var choices = template.Must(template.New("").Parse(`<!doctype html><html lang="en"><meta charset="utf-8"><title>Embedded issuer</title>
<h1>Sign in as</h1><ul>{{range $name, $url := .}}<li><a href="{{$url}}">{{$name}}</a></li>{{end}}</ul></html>`))

// authorize is the sign-in page. With the parameter as, it signs that person in.
func (i *Issuer) authorize(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	c, ok := i.client(query.Get("client_id"))
	if !ok || !c.mayRedirect(query.Get("redirect_uri")) {
		http.Error(w, "no client has this ID and redirect URI", http.StatusBadRequest)
		return
	}
	back := url.Values{"state": {query.Get("state")}}
	switch {
	case c.Refuse != "":
		back.Set("error", c.Refuse)
	case query.Get("response_type") != "code" || query.Get("code_challenge_method") != "S256" || query.Get("code_challenge") == "":
		back.Set("error", "invalid_request")
	case c.People[query.Get("as")] == nil:
		i.showChoices(w, r, c)
		return
	default:
		back.Set("code", i.grant(grantedSignIn{
			client: query.Get("client_id"), person: c.People[query.Get("as")],
			nonce: query.Get("nonce"), challenge: query.Get("code_challenge"), redirect: query.Get("redirect_uri"),
		}))
	}
	if c.NamesItself {
		back.Set("iss", i.config.Issuer)
	}
	w.Header().Set("Location", query.Get("redirect_uri")+"?"+back.Encode())
	w.WriteHeader(http.StatusFound)
}

func (i *Issuer) showChoices(w http.ResponseWriter, r *http.Request, c Client) {
	links := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(c.People)) {
		query := r.URL.Query()
		query.Set("as", name)
		links[name] = "?" + query.Encode()
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_ = choices.Execute(w, links) // an error means that the caller has left
}

// grant stores what a new code or refresh token stands for.
func (i *Issuer) grant(g grantedSignIn) string {
	i.mu.Lock()
	defer i.mu.Unlock()
	code := rand.Text()
	i.grants[code] = g
	return code
}

// mayRedirect reports whether the browser may be sent back to an address.
func (c Client) mayRedirect(address string) bool {
	if address == c.RedirectURI {
		return true
	}
	want, err := url.Parse(c.RedirectURI)
	got, gotErr := url.Parse(address)
	if err != nil || gotErr != nil || want.Scheme != "http" || want.Hostname() != "127.0.0.1" {
		return false
	}
	got.Host = want.Host
	return got.Hostname() == "127.0.0.1" && strings.HasPrefix(address, "http://127.0.0.1:") && got.String() == c.RedirectURI
}

// take returns what a code or a refresh token stands for. A code is used up. A refresh token
// that was replaced ends the whole sign-in (RFC 9700, section 4.14.2).
func (i *Issuer) take(code string, keep bool) (grantedSignIn, bool) {
	i.mu.Lock()
	defer i.mu.Unlock()
	g, ok := i.grants[code]
	switch {
	case !ok || keep:
		return g, ok
	case g.used:
		maps.DeleteFunc(i.grants, func(_ string, other grantedSignIn) bool { return other.family == g.family })
		return g, false
	case g.refresh:
		used := g
		used.used = true
		i.grants[code] = used
	default:
		delete(i.grants, code)
	}
	return g, true
}

// token is the token endpoint: RFC 6749, sections 4.1.3 and 6, and RFC 8628, section 3.4.
func (i *Issuer) token(w http.ResponseWriter, r *http.Request) {
	id, c, ok := i.authenticate(r)
	if c.Token != nil && c.Token(w, r) {
		return
	}
	if !ok {
		tokenError(w, http.StatusUnauthorized, "invalid_client")
		return
	}
	if r.PostFormValue("grant_type") == deviceGrant {
		i.deviceToken(w, r, c, id)
		return
	}
	refresh := r.PostFormValue("grant_type") == "refresh_token"
	code := r.PostFormValue("code")
	if refresh {
		code = r.PostFormValue("refresh_token")
	}
	g, ok := i.take(code, refresh && c.ReusableRefresh)
	proof := sha256.Sum256([]byte(r.PostFormValue("code_verifier")))
	verified := refresh || base64.RawURLEncoding.EncodeToString(proof[:]) == g.challenge && r.PostFormValue("redirect_uri") == g.redirect
	if !ok || g.client != id || g.refresh != refresh || !verified {
		tokenError(w, http.StatusBadRequest, "invalid_grant")
		return
	}
	i.respondTokens(w, c, id, g, refresh)
}

func (i *Issuer) respondTokens(w http.ResponseWriter, c Client, id string, g grantedSignIn, refreshed bool) {
	lifetime := c.Lifetime
	if lifetime == 0 {
		lifetime = time.Hour
	}
	body := map[string]any{"token_type": "Bearer", "access_token": rand.Text(), "expires_in": int(lifetime.Seconds())}
	if !refreshed || !c.NoIDTokenOnRefresh {
		claims := map[string]any{"aud": id}
		if maps.Copy(claims, g.person); g.nonce != "" {
			claims["nonce"] = g.nonce
		}
		maps.Copy(claims, c.Extra)
		token, err := i.Token(claims, lifetime)
		if err != nil {
			tokenError(w, http.StatusInternalServerError, "server_error")
			return
		}
		body["id_token"] = token
	}
	if !c.NoRefreshToken && !(refreshed && c.ReusableRefresh) {
		family := g.family
		if family == "" {
			family = rand.Text()
		}
		body["refresh_token"] = i.grant(grantedSignIn{client: id, person: g.person, refresh: true, family: family})
	}
	text, err := json.Marshal(body)
	w.Header().Set("Cache-Control", "no-store")
	write(w, "application/json", text, err)
}

// revoke ends the sign-in of a refresh token: RFC 7009.
func (i *Issuer) revoke(w http.ResponseWriter, r *http.Request) {
	id, _, ok := i.authenticate(r)
	if !ok {
		tokenError(w, http.StatusUnauthorized, "invalid_client")
		return
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	if g, found := i.grants[r.PostFormValue("token")]; found && g.client == id {
		maps.DeleteFunc(i.grants, func(_ string, other grantedSignIn) bool { return other.family == g.family })
	}
}

func tokenError(w http.ResponseWriter, status int, code string) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"error": code}) // an error means that the caller has left
}
