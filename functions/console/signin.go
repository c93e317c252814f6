package console

import (
	"errors"
	"net/http"

	"github.com/strongroom-dev/strongroom/shared/api"
	"github.com/strongroom-dev/strongroom/shared/openid"
)

// signInState is what the browser keeps while a person is at the issuer.
type signInState struct {
	Client   string `json:"c"`
	State    string `json:"s"`
	Nonce    string `json:"n"`
	Verifier string `json:"v"`
}

// signIn returns the sign-in that the state is of.
func (s signInState) signIn(redirectURI string) openid.SignIn {
	return openid.SignIn{State: s.State, Nonce: s.Nonce, Verifier: s.Verifier, RedirectURI: redirectURI}
}

// signIn sends the browser to the issuer of a client.
func (h *Handler) signIn(w http.ResponseWriter, r *http.Request) {
	c, err := h.client(r.FormValue("tenant"))
	if err != nil {
		h.showError(w, r, err)
		return
	}
	provider, err := h.issuers.discover(r.Context(), c.Issuer)
	if err != nil {
		h.showError(w, r, h.unavailable(r, err))
		return
	}
	begun := openid.NewSignIn(h.redirectURI())
	state := signInState{Client: c.Name, State: begun.State, Nonce: begun.Nonce, Verifier: begun.Verifier}
	text, err := seal(h.cookies, stateCookie, state, stateAge)
	if err != nil {
		h.showError(w, r, err)
		return
	}
	set(w, stateCookie, text, http.SameSiteLaxMode)
	w.Header().Set("Location", provider.AuthorizationURL(h.registration(c), begun))
	w.WriteHeader(http.StatusFound)
}

// client returns the client with a name. The error is a 404.
func (h *Handler) client(name string) (client, error) {
	c, ok, err := h.clients.find(name)
	if err != nil {
		return client{}, err
	}
	if !ok {
		return client{}, api.Refuse(http.StatusNotFound, "nobody signs in under this name; ask your administrator for the ID of your tenant")
	}
	return c, nil
}

// unavailable logs an error of an issuer, and returns the problem for the client.
func (h *Handler) unavailable(r *http.Request, err error) error {
	api.Logger(r.Context()).WarnContext(r.Context(), "sign-in failed", "error", err.Error())
	return api.Refuse(http.StatusServiceUnavailable, "your identity provider does not respond; try again").With("Retry-After", "5")
}

func (h *Handler) redirectURI() string { return h.config.URL + path + "/callback" }

// callback receives the browser from the issuer. The session cookie is SameSite=Strict,
// so the browser does not send it with a redirect from another site. The response is
// therefore a page, which continues to the console.
func (h *Handler) callback(w http.ResponseWriter, r *http.Request) {
	state, err := unseal[signInState](h.cookies, r, stateCookie)
	remove(w, stateCookie)
	if err != nil {
		h.showError(w, r, errOtherSignIn)
		return
	}
	s, err := h.redeem(r, state)
	if err == nil {
		err = h.store(w, s)
	}
	if err != nil {
		h.showError(w, r, err)
		return
	}
	writePage(w, http.StatusOK, continuePage)
}

var (
	errOtherSignIn = api.Refuse(http.StatusBadRequest, "this sign-in is too old, or did not begin in this browser; sign in again")
	errDenied      = api.Refuse(http.StatusForbidden, "your identity provider did not sign you in; try again, or ask its administrator for access")
	errUsedSignIn  = api.Refuse(http.StatusBadRequest, "this sign-in was used already, or is too old; sign in again")
)

// redeem exchanges the code of the redirect back for a session.
func (h *Handler) redeem(r *http.Request, state signInState) (session, error) {
	c, err := h.client(state.Client)
	if err != nil {
		return session{}, err
	}
	provider, err := h.issuers.discover(r.Context(), c.Issuer)
	if err != nil {
		return session{}, h.unavailable(r, err)
	}
	begun := state.signIn(h.redirectURI())
	code, err := provider.Code(begun, r.URL.Query())
	if err != nil {
		return session{}, h.signInProblem(r, err)
	}
	got, err := provider.Redeem(r.Context(), h.issuers.http, h.registration(c), begun, code, openid.Check{Now: h.deps.Now()})
	if err != nil {
		return session{}, h.signInProblem(r, err)
	}
	return session{Client: c.Name, Subject: got.Claims.Subject, Refresh: got.Refresh, IDToken: got.IDToken}, nil
}

// signInProblem returns the problem of a sign-in that failed.
func (h *Handler) signInProblem(r *http.Request, err error) error {
	switch {
	case errors.Is(err, openid.ErrState):
		return errOtherSignIn
	case errors.Is(err, openid.ErrDenied):
		return errDenied
	case errors.Is(err, openid.ErrRefused):
		return errUsedSignIn
	}
	return h.unavailable(r, err)
}

// showError shows the problem of an error as a page, because a person sees it.
func (h *Handler) showError(w http.ResponseWriter, r *http.Request, err error) {
	p := api.ToProblem(r.Context(), err)
	writePage(w, p.Status, errorPage(p))
}
