package console

import (
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"github.com/strongroom-dev/strongroom/shared/api"
	"github.com/strongroom-dev/strongroom/shared/openid"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// session is what the session cookie contains.
type session struct {
	Client  string `json:"c"`
	Subject string `json:"s,omitempty"`
	Refresh string `json:"r,omitempty"` // empty: the issuer gave none
	IDToken string `json:"t,omitempty"` // the newest; empty: it does not fit into the cookie
}

// renewBefore is how long before its end an ID token is renewed.
const renewBefore = 5 * time.Minute

// sessionHeader is a header that a page of another site cannot send: a request with it
// is not simple, and the console allows no cross-origin requests.
const sessionHeader = "Strongroom-Console"

// sessionBody is the response to a request for a session.
type sessionBody struct {
	IDToken    string               `json:"idToken"`
	Expires    time.Time            `json:"expires"`
	Tenant     string               `json:"tenant"` // name that the person signed in under
	Subject    string               `json:"subject"`
	Name       string               `json:"name"`
	Workspaces []tenant.WorkspaceID `json:"workspaces"`
	Assistant  string               `json:"assistant"`
}

// defaultAssistant is the assistant of a client whose settings name none.
const defaultAssistant = "oncall"

var errSignIn = api.Refuse(http.StatusUnauthorized, "you are not signed in; sign in")

// session returns the ID token, which it renews if it ends soon.
func (h *Handler) session(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get(sessionHeader) != "1" {
		respondProblem(w, r, api.Refuse(http.StatusBadRequest, "the request needs the header "+sessionHeader+": 1"))
		return
	}
	s, err := unseal[session](h.cookies, r, sessionCookie)
	if err != nil {
		respondProblem(w, r, errSignIn)
		return
	}
	c, err := h.client(s.Client)
	if err != nil {
		remove(w, sessionCookie)
		respondProblem(w, r, errSignIn)
		return
	}
	claims, err := h.renew(w, r, c, &s)
	if err != nil {
		respondProblem(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(sessionBody{ // an error means that the client has left
		IDToken: s.IDToken, Expires: claims.ExpireTime(), Tenant: c.Name, Subject: claims.Subject,
		Name: firstOf(claims.Name, claims.Email, claims.Subject), Workspaces: c.Workspaces,
		Assistant: firstOf(c.Assistant, defaultAssistant),
	})
}

func firstOf(texts ...string) string {
	for _, text := range texts {
		if text != "" {
			return text
		}
	}
	return ""
}

// renew makes sure that the session has an ID token that is valid for a while. If the
// issuer returns none for a refresh token, the session lasts as long as its first ID token.
func (h *Handler) renew(w http.ResponseWriter, r *http.Request, c client, s *session) (openid.Claims, error) {
	now := h.deps.Now()
	claims, err := openid.Check{Now: now}.IDToken(s.IDToken, h.registration(c))
	valid := err == nil && now.Before(claims.ExpireTime())
	if valid && (s.Refresh == "" || now.Add(renewBefore).Before(claims.ExpireTime())) {
		return claims, nil
	}
	if s.Refresh == "" {
		remove(w, sessionCookie)
		return claims, errSignIn
	}
	got, err := h.refresh(r, c, s)
	switch {
	case err == nil:
		s.IDToken, s.Refresh = got.IDToken, got.Refresh
		return got.Claims, h.store(w, *s)
	case valid:
		return claims, nil // the next request tries again
	case errors.Is(err, openid.ErrRefused), errors.Is(err, openid.ErrNoIDToken):
		remove(w, sessionCookie)
		return claims, errSignIn
	}
	return claims, h.unavailable(r, err)
}

// refresh gets a new ID token. An issuer may rotate the refresh token.
func (h *Handler) refresh(r *http.Request, c client, s *session) (openid.Tokens, error) {
	provider, err := h.issuers.discover(r.Context(), c.Issuer)
	if err != nil {
		return openid.Tokens{}, err
	}
	old := openid.Tokens{Refresh: s.Refresh, Claims: openid.Claims{Subject: s.Subject}}
	return provider.Refresh(r.Context(), h.issuers.http, h.registration(c), old, openid.Check{Now: h.deps.Now()})
}

// store sets the session cookie. An ID token that does not fit is left out, so the next
// request renews it.
func (h *Handler) store(w http.ResponseWriter, s session) error {
	text, err := seal(h.cookies, sessionCookie, s, sessionAge)
	if err == nil && len(text) > maxCookie && s.Refresh != "" {
		s.IDToken = ""
		text, err = seal(h.cookies, sessionCookie, s, sessionAge)
	}
	if err != nil {
		return err
	}
	if len(text) > maxCookie {
		return errors.New("the issuer's tokens do not fit into a cookie")
	}
	set(w, sessionCookie, text, http.SameSiteStrictMode)
	return nil
}

// signOut removes everything that the browser stores for this origin. The issuer's own
// session stays.
func (h *Handler) signOut(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get(sessionHeader) != "1" {
		respondProblem(w, r, api.Refuse(http.StatusBadRequest, "the request needs the header "+sessionHeader+": 1"))
		return
	}
	remove(w, sessionCookie)
	w.Header().Set("Clear-Site-Data", `"cache", "cookies", "storage"`)
	w.WriteHeader(http.StatusNoContent)
}
