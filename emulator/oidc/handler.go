package oidc

import (
	"encoding/json"
	"net/http"
)

// cacheControl lets clients cache responses for a short time only, so that they
// see a rotation soon.
const cacheControl = "public, max-age=300"

// discovery is the part of OpenID Connect Discovery 1.0 that callers use.
type discovery struct {
	Issuer        string   `json:"issuer"`
	Authorization string   `json:"authorization_endpoint"`
	Token         string   `json:"token_endpoint"`
	Device        string   `json:"device_authorization_endpoint"`
	Revocation    string   `json:"revocation_endpoint"`
	JWKSURI       string   `json:"jwks_uri"`
	ResponseTypes []string `json:"response_types_supported"`
	SubjectTypes  []string `json:"subject_types_supported"`
	Algorithms    []string `json:"id_token_signing_alg_values_supported"`
}

// Handler serves /.well-known/openid-configuration and /jwks, and the sign-in of clients. If the issuer's URL
// has a path, strip it from the requests.
func (i *Issuer) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		body, err := json.Marshal(discovery{
			Issuer:        i.config.Issuer,
			JWKSURI:       i.config.Issuer + "/jwks",
			Authorization: i.config.Issuer + "/authorize",
			Token:         i.config.Issuer + "/token",
			Device:        i.config.Issuer + "/device",
			Revocation:    i.config.Issuer + "/revoke",
			ResponseTypes: []string{"code", "id_token"},
			SubjectTypes:  []string{"public"},
			Algorithms:    []string{"RS256"},
		})
		write(w, "application/json", body, err)
	})
	mux.HandleFunc("GET /jwks", func(w http.ResponseWriter, _ *http.Request) {
		body, err := i.jwks()
		write(w, "application/jwk-set+json", body, err)
	})
	i.registerSignIn(mux)
	return mux
}

func write(w http.ResponseWriter, contentType string, body []byte, err error) {
	if err != nil {
		http.Error(w, "the keys are not available", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", contentType)
	if w.Header().Get("Cache-Control") == "" {
		w.Header().Set("Cache-Control", cacheControl)
	}
	_, _ = w.Write(body) // an error means that the caller has left
}
