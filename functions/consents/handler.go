package consents

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/strongroom-dev/strongroom/shared/access"
	"github.com/strongroom-dev/strongroom/shared/api"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/function"
	"github.com/strongroom-dev/strongroom/shared/halves"
	"github.com/strongroom-dev/strongroom/shared/keys"
)

// Handler stores, withdraws and shows consents, and lists the ledger. It is safe for
// concurrent use.
type Handler struct {
	http.Handler
	API     *api.API
	guard   *access.Guard
	deps    function.Deps
	config  halves.Config
	store   *halves.Store
	tenants *keys.Tenants
}

// The paths of the function.
const (
	listPath   = "/v1/consents"
	onePath    = "/v1/consents/{feature}/{destination}"
	textPath   = "/v1/consent-texts/{text}"
	staffPath  = "/v1/tenants/{tenant}/consents"
	staffOne   = "/v1/tenants/{tenant}/consents/{feature}/{destination}"
	sendsPath  = "/v1/model-sends"
	shownPath  = "/v1/model-sends/{send}/request"
	publicPath = "/v1/platform/model-sends"
	mapPath    = "/v1/data-map"
)

// shownMemory is what one response of showModelRequest needs: the sealed request, the
// opened one, and its JSON.
const shownMemory = 16 << 20

// New returns the function. It makes no calls.
func New(ctx context.Context, config Config, deps function.Deps) (*Handler, error) {
	if err := config.Consent.Validate(); err != nil {
		return nil, err
	}
	guard, err := access.NewGuard(ctx, config.Access, deps.Clients, deps.Now)
	if err != nil {
		return nil, err
	}
	verifier, err := halves.NewVerifier(ctx, config.Consent, deps.Clients, deps.Now)
	if err != nil {
		return nil, err
	}
	a := api.New("Strongroom consents", deps.Now, deps.Log)
	h := &Handler{
		Handler: a.Handler(), API: a, guard: guard, deps: deps, config: config.Consent,
		store:   &halves.Store{Verifier: verifier, Audit: guard.Audit, Now: deps.Now},
		tenants: keys.NewTenants(deps.Clients, deps.Now),
	}
	h.registerTenant(a)
	h.registerStaff(a)
	h.registerLedger(a)
	return h, nil
}

func (h *Handler) registerTenant(a *api.API) {
	api.Register(a, h.operation("listConsents", http.MethodGet, listPath, "List the consents of the tenant", auditlog.ReadConsents), h.list)
	api.Register(a, h.operation("getConsent", http.MethodGet, onePath, "Show a consent with its text and its history", auditlog.ReadConsents, 404), h.get)
	api.Register(a, h.operation("giveConsent", http.MethodPut, onePath, "Give the tenant's half of a consent", auditlog.GiveConsent, 404, 409, 413, 415), h.give)
	api.Register(a, h.operation("withdrawConsent", http.MethodDelete, onePath, "Withdraw the tenant's half of a consent", auditlog.WithdrawConsent, 404), h.withdraw)
	api.Register(a, h.operation("getConsentText", http.MethodGet, textPath, "Show a text that was agreed to", auditlog.ReadConsents, 404), h.text)
}

func (h *Handler) registerStaff(a *api.API) {
	api.Register(a, h.operation("listTenantConsents", http.MethodGet, staffPath, "List the consents of a tenant, as the platform's staff",
		auditlog.ReadTenantConsents, 404), h.listAsStaff)
	api.Register(a, h.operation("getTenantConsent", http.MethodGet, staffOne, "Show a consent with its text, as the platform's staff",
		auditlog.ReadTenantConsents, 404), h.getAsStaff)
	api.Register(a, h.operation("givePlatformConsent", http.MethodPut, staffOne, "Give the platform's half of a consent",
		auditlog.GiveStaffHalf, 404, 409, 413, 415), h.giveAsStaff)
	api.Register(a, h.operation("withdrawPlatformConsent", http.MethodDelete, staffOne, "Withdraw the platform's half of a consent",
		auditlog.WithdrawStaffHalf, 404), h.withdrawAsStaff)
}

func (h *Handler) registerLedger(a *api.API) {
	api.Register(a, h.operation("listModelSends", http.MethodGet, sendsPath, "List the requests to language models, newest first",
		auditlog.ListModelSends), h.sends)
	api.Register(a, api.WithMemory(h.operation("showModelRequest", http.MethodGet, shownPath, "Show the exact request to a language model, if it is stored",
		auditlog.ReadModelRequest, 404), shownMemory), h.shown)
	api.Register(a, h.operation("listPlatformModelSends", http.MethodGet, publicPath,
		"List the requests to language models with public data, newest first", auditlog.ListPlatformSends), h.sends)
	api.Register(a, h.operation("getDataMap", http.MethodGet, mapPath, "Show what may be done with each kind of data, and where it is stored",
		auditlog.ReadDataMap), h.dataMap)
}

// operation describes an operation: statuses are its own, in addition to those that every
// operation may return.
func (h *Handler) operation(id, method, path, summary string, action auditlog.Action, statuses ...int) huma.Operation {
	return h.guard.Protect(huma.Operation{
		OperationID: id, Method: method, Path: path, Summary: summary, Errors: append([]int{400, 401, 403, 422, 503}, statuses...),
	}, action)
}
