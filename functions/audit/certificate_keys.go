package audit

import (
	"context"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/strongroom-dev/strongroom/shared/api"
	"github.com/strongroom-dev/strongroom/shared/certificate"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// certificateKeysPath is below the name that signs the certificates of a tenant.
const certificateKeysPath = "/v1/tenants/{tenant}/certificates/keys"

// certificateKeysCaching lets every cache store the keys. A new version of the key is seen after
// an hour and the 10 minutes of signednote.Cache.
const certificateKeysCaching = "public, max-age=3600"

type certificateKeysResponse struct {
	ContentType  string `header:"Content-Type" class:"operational"`
	CacheControl string `header:"Cache-Control" class:"operational"`
	Body         []byte `class:"operational"`
}

func (h *Handler) registerCertificateKeys(a *api.API) {
	api.Register(a, h.guard.Public(huma.Operation{
		OperationID: "getCertificateKeys", Method: http.MethodGet, Path: certificateKeysPath,
		Summary: "List the verifier keys of the certificates of a tenant's offboarding, without a token",
		Errors:  []int{400, 422, 503},
	}), h.certificateKeys)
}

// certificateKeys returns the verifier keys of the certificates of a tenant. One key of the
// platform signs for all tenants, each under a name of its own. So the response follows from the
// name alone: nothing of the tenant is read, it is the same after the tenant is gone, and it
// does not show whether the tenant exists.
func (h *Handler) certificateKeys(ctx context.Context, in *logRequest) (*certificateKeysResponse, error) {
	id, err := tenant.ParseID(in.Tenant)
	if err != nil {
		return nil, api.Refuse(http.StatusBadRequest, err.Error())
	}
	client, err := h.deps.Clients.KMS(ctx)
	if err != nil {
		return nil, err
	}
	versions, err := h.certKeys.Keys(ctx, client, h.config.CertificateKeyName, h.deps.Now())
	if err != nil {
		return nil, err
	}
	var b strings.Builder
	for _, v := range versions {
		key, err := v.VerifierKey(certificate.Origin(h.config.Host, string(id)))
		if err != nil {
			return nil, err
		}
		b.WriteString(key + "\n")
	}
	return &certificateKeysResponse{"text/plain; charset=utf-8", certificateKeysCaching, []byte(b.String())}, nil
}
