package openid

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
)

// Provider has the endpoints of an issuer: OpenID Connect Discovery 1.0, section 3.
type Provider struct {
	Issuer        string `json:"issuer"`
	Authorization string `json:"authorization_endpoint"`
	Token         string `json:"token_endpoint"`
	Device        string `json:"device_authorization_endpoint"` // empty: the issuer has no device flow
	Revocation    string `json:"revocation_endpoint"`           // empty: tokens cannot be revoked (RFC 7009)

	NamesItself bool `json:"authorization_response_iss_parameter_supported"` // the redirect back has the parameter iss (RFC 9207)
}

// maxResponse limits the bytes that are read of an issuer's response.
const maxResponse = 1 << 20

// ErrProvider is the error of an issuer that does not respond as OpenID Connect requires,
// or that cannot be reached.
var ErrProvider = errors.New("the identity provider does not respond as OpenID Connect requires")

// ErrRefused is the error of a code or a refresh token that the issuer no longer accepts.
// The person signs in again.
var ErrRefused = errors.New("the identity provider no longer accepts this sign-in")

// Discover reads the endpoints of an issuer.
func Discover(ctx context.Context, client *http.Client, issuer string) (Provider, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSuffix(issuer, "/")+"/.well-known/openid-configuration", nil)
	if err != nil {
		return Provider{}, fmt.Errorf("read the discovery document: %w", ErrProvider)
	}
	var found Provider
	if _, err := call(client, request, &found); err != nil {
		return Provider{}, fmt.Errorf("read the discovery document: %w", err)
	}
	if found.Issuer != issuer {
		return Provider{}, fmt.Errorf("read the discovery document: %w: it is of another issuer", ErrProvider)
	}
	endpoints := []string{found.Authorization, found.Token}
	for _, optional := range []string{found.Device, found.Revocation} {
		if optional != "" {
			endpoints = append(endpoints, optional)
		}
	}
	if !sameScheme(issuer, endpoints) {
		return Provider{}, fmt.Errorf("read the discovery document: %w: an endpoint is not a URL with the issuer's scheme", ErrProvider)
	}
	return found, nil
}

// sameScheme reports whether the endpoints are URLs with the scheme of the issuer.
func sameScheme(issuer string, endpoints []string) bool {
	want, err := url.Parse(issuer)
	return err == nil && !slices.ContainsFunc(endpoints, func(endpoint string) bool {
		u, err := url.Parse(endpoint)
		return err != nil || u.Scheme != want.Scheme || u.Host == "" || u.User != nil || u.Fragment != ""
	})
}

// call sends a request and decodes its JSON response, whatever its status. Its errors have
// no text of the issuer, which could contain a token.
func call(client *http.Client, request *http.Request, v any) (status int, err error) {
	request.Header.Set("Accept", "application/json")
	response, err := client.Do(request)
	if err != nil {
		return 0, fmt.Errorf("%w: it cannot be reached", ErrProvider)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxResponse))
	if err != nil {
		return 0, fmt.Errorf("%w: its response ended early", ErrProvider)
	}
	if v == nil && response.StatusCode == http.StatusOK {
		return response.StatusCode, nil
	}
	decoded := json.Unmarshal(body, v)
	if response.StatusCode != http.StatusOK {
		return response.StatusCode, fmt.Errorf("%w: status %d", ErrProvider, response.StatusCode)
	}
	if decoded != nil {
		return response.StatusCode, fmt.Errorf("%w: the response is not the expected JSON", ErrProvider)
	}
	return response.StatusCode, nil
}
