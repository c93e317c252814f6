package uploads

import (
	"context"
	"crypto/rsa"
	"net/http"

	credentials "cloud.google.com/go/iam/credentials/apiv1"
	"github.com/danielgtaylor/huma/v2"

	"github.com/strongroom-dev/strongroom/shared/access"
	"github.com/strongroom-dev/strongroom/shared/api"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/function"
	"github.com/strongroom-dev/strongroom/shared/gcp"
	"github.com/strongroom-dev/strongroom/shared/signedurl"
)

// Handler mints write-only URLs. It is safe for concurrent use.
type Handler struct {
	http.Handler
	API   *api.API
	guard *access.Guard
	deps  function.Deps

	minter      signedurl.Minter
	localKeys   map[string]*rsa.PrivateKey // by account
	credentials gcp.Lazy[*credentials.IamCredentialsClient]
}

// New returns the function. It makes no calls.
func New(ctx context.Context, config Config, deps function.Deps) (*Handler, error) {
	guard, err := access.NewGuard(ctx, config.Access, deps.Clients, deps.Now)
	if err != nil {
		return nil, err
	}
	localKeys, err := readLocalKeys(config.LocalKeys)
	if err != nil {
		return nil, err
	}
	a := api.New("Strongroom uploads", deps.Now, deps.Log)
	h := &Handler{
		Handler: a.Handler(), API: a, guard: guard, deps: deps,
		minter: signedurl.Minter{Host: deps.Clients.Config.StorageHost, Now: deps.Now}, localKeys: localKeys,
	}
	api.Register(a, guard.Protect(huma.Operation{
		OperationID: "mintUploads",
		Method:      http.MethodPost,
		Path:        "/v1/workspaces/{workspace}/runs/{run}/uploads",
		Summary:     "Mint write-only URLs for parts of a run's output",
		Errors:      []int{400, 401, 403, 409, 413, 415, 422, 503},
	}, auditlog.MintUpload), h.mint)
	return h, nil
}
