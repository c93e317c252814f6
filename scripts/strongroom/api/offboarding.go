package api

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Offboarding is how far the offboarding of a tenant is.
type Offboarding struct {
	ID        string     `json:"id"` // of the admin's request
	Requested time.Time  `json:"requested"`
	Expires   time.Time  `json:"expires"`           // after that, nobody can start it
	Started   *time.Time `json:"started,omitempty"` // nil: not started
	Step      string     `json:"step,omitempty"`
	Waits     string     `json:"waits,omitempty"` // why the step has not ended
	KeyAfter  *time.Time `json:"keyAfter,omitempty"`
}

// Certificate is the newest certificate of an offboarding.
type Certificate struct {
	Kind         string   `json:"kind"` // interim or final
	Note         string   `json:"note"`
	VerifierKeys []string `json:"verifierKeys"`
}

// offboardingPath returns a path of the caller's tenant, or of the one that staff name.
func offboardingPath(tenant, path string) string {
	if tenant == "" {
		return "/v1/tenant" + path
	}
	return "/v1/tenants/" + url.PathEscape(tenant) + path
}

// Leave asks for the offboarding of a tenant, which must be the caller's.
func (c *Client) Leave(ctx context.Context, tenant string) (o Offboarding, err error) {
	r := request{what: "ask for the offboarding", method: http.MethodPost, path: "/v1/tenant/offboarding"}
	r.in = struct {
		Tenant string `json:"tenant"`
	}{tenant}
	err = c.call(ctx, r, &o)
	return o, err
}

// Offboard starts the offboarding that an admin has asked for, as the platform's staff.
func (c *Client) Offboard(ctx context.Context, tenant, id string) (o Offboarding, err error) {
	r := request{what: "start the offboarding", method: http.MethodPost, path: offboardingPath(tenant, "/offboarding")}
	r.in = struct {
		Request string `json:"request"`
	}{id}
	err = c.call(ctx, r, &o)
	return o, err
}

// Offboarding reads how far the offboarding of a tenant is, as the platform's staff.
func (c *Client) Offboarding(ctx context.Context, tenant string) (o Offboarding, err error) {
	err = c.call(ctx, request{what: "read the offboarding", method: http.MethodGet, path: offboardingPath(tenant, "/offboarding")}, &o)
	return o, err
}

// StopOffboarding stops the offboarding of the caller's tenant, or of the one that staff name.
func (c *Client) StopOffboarding(ctx context.Context, tenant string) (o Offboarding, err error) {
	err = c.call(ctx, request{what: "stop the offboarding", method: http.MethodPost, path: offboardingPath(tenant, "/offboarding/stop")}, &o)
	return o, err
}

// Certificate reads the newest certificate of the caller's tenant, or of the one that staff name.
func (c *Client) Certificate(ctx context.Context, tenant string) (r Certificate, err error) {
	err = c.call(ctx, request{what: "read the certificate", method: http.MethodGet, path: offboardingPath(tenant, "/certificate")}, &r)
	return r, err
}

// maxCertificateKeys limits what CertificateKeys reads.
const maxCertificateKeys = 1 << 20

// CertificateKeys reads the verifier keys of the certificates of any tenant, without a token.
func (c *Client) CertificateKeys(ctx context.Context, tenant string) ([]string, error) {
	r := request{what: "read the verifier keys of certificates", method: http.MethodGet, path: offboardingPath(tenant, "/certificates/keys")}
	text, err := c.readAll(ctx, r, nil, maxCertificateKeys)
	if err != nil {
		return nil, err
	}
	return strings.Fields(string(text)), nil
}
