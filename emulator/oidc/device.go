package oidc

import (
	"crypto/rand"
	"encoding/json"
	"net/http"
)

// deviceGrant is the grant type of a device code: RFC 8628, section 3.4.
const deviceGrant = "urn:ietf:params:oauth:grant-type:device_code"

// device is a sign-in that a person completes in another browser.
type device struct {
	client   string
	userCode string
	person   Identity // nil: nobody has signed in so far
	denied   bool
}

// startDevice is the device authorization endpoint: RFC 8628, section 3.1.
func (i *Issuer) startDevice(w http.ResponseWriter, r *http.Request) {
	id, _, ok := i.authenticate(r)
	if !ok {
		tokenError(w, http.StatusUnauthorized, "invalid_client")
		return
	}
	code, d := rand.Text(), &device{client: id, userCode: rand.Text()[:8]}
	i.mu.Lock()
	i.devices[code] = d
	i.mu.Unlock()
	text, err := json.Marshal(map[string]any{
		"device_code": code, "user_code": d.userCode, "verification_uri": i.config.Issuer + "/device",
		"verification_uri_complete": i.config.Issuer + "/device?user_code=" + d.userCode, "expires_in": 600, "interval": 1,
	})
	w.Header().Set("Cache-Control", "no-store")
	write(w, "application/json", text, err)
}

// approveDevice is the page on which a person enters the code. With the parameter as, it
// signs that person in, or nobody if it is "nobody".
func (i *Issuer) approveDevice(w http.ResponseWriter, r *http.Request) {
	i.mu.Lock()
	var found *device
	for _, d := range i.devices {
		if d.userCode == r.FormValue("user_code") {
			found = d
		}
	}
	i.mu.Unlock()
	if found == nil {
		http.Error(w, "no sign-in has this code", http.StatusNotFound)
		return
	}
	c, _ := i.client(found.client)
	person := c.People[r.FormValue("as")]
	if person == nil && r.FormValue("as") != "nobody" {
		i.showChoices(w, r, c)
		return
	}
	i.mu.Lock()
	found.person, found.denied = person, person == nil
	i.mu.Unlock()
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = w.Write([]byte("You can close this page.\n")) // an error means that the caller has left
}

// deviceToken responds to a device code.
func (i *Issuer) deviceToken(w http.ResponseWriter, r *http.Request, c Client, id string) {
	code := r.PostFormValue("device_code")
	i.mu.Lock()
	d := i.devices[code]
	var signIn device
	if d != nil {
		signIn = *d
	}
	if signIn.person != nil || signIn.denied {
		delete(i.devices, code)
	}
	i.mu.Unlock()
	switch {
	case signIn.client != id:
		tokenError(w, http.StatusBadRequest, "invalid_grant")
	case signIn.denied:
		tokenError(w, http.StatusBadRequest, "access_denied")
	case signIn.person == nil:
		tokenError(w, http.StatusBadRequest, "authorization_pending")
	default:
		i.respondTokens(w, c, id, grantedSignIn{client: id, person: signIn.person}, false)
	}
}
