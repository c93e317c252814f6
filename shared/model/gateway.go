package model

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"cloud.google.com/go/firestore"
	"google.golang.org/genai"

	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/consent"
	"github.com/strongroom-dev/strongroom/shared/gcp"
	"github.com/strongroom-dev/strongroom/shared/halves"
	"github.com/strongroom-dev/strongroom/shared/keys"
	"github.com/strongroom-dev/strongroom/shared/ledger"
	"github.com/strongroom-dev/strongroom/shared/prompt"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// Limits in time.
const (
	// SendWindow bounds the time between the check of the consents and the send: the
	// gateway hands no byte of a request to the connection later than this after the
	// transaction that checked them began.
	SendWindow = 5 * time.Second

	// answerTimeout bounds the time from the send to the end of the answer. A function has
	// 60 s for a request.
	answerTimeout = 45 * time.Second
)

// Gateway sends requests to language models. It is safe for concurrent use.
type Gateway struct {
	config   halves.Config
	clients  *gcp.Clients
	now      func() time.Time
	log      *slog.Logger
	verifier *halves.Verifier
	ledger   *ledger.Ledger
	tenants  *keys.Tenants

	transport gcp.Lazy[http.RoundTripper] // authenticates and connects

	mu     sync.Mutex
	models map[tenant.ModelEndpoint]*genai.Client
}

// Deps is what a gateway is built from. All fields are required.
type Deps struct {
	Clients *gcp.Clients
	Audit   *auditlog.Log
	Now     func() time.Time
	Log     *slog.Logger
}

// New returns the gateway. It makes no calls.
func New(ctx context.Context, config halves.Config, deps Deps) (*Gateway, error) {
	if err := config.Validate(); err != nil {
		return nil, err
	}
	verifier, err := halves.NewVerifier(ctx, config, deps.Clients, deps.Now)
	if err != nil {
		return nil, err
	}
	return &Gateway{
		config: config, clients: deps.Clients, now: deps.Now, log: deps.Log, verifier: verifier,
		ledger:  &ledger.Ledger{Audit: deps.Audit, Now: deps.Now},
		tenants: keys.NewTenants(deps.Clients, deps.Now),
		models:  map[tenant.ModelEndpoint]*genai.Client{},
	}, nil
}

// Request is what is sent to a model, for whom.
type Request struct {
	// Tenant, DB and Workspace are those of the session. For a feature with public data,
	// Tenant is the zero record, DB is the platform's database, and Workspace is empty.
	Tenant    tenant.Record
	DB        *firestore.Client
	Workspace tenant.WorkspaceID

	Actor       auditlog.Actor
	Resource    string              // path of what the request is about, for the ledger, such as issues/ID; IDs only
	Destination consent.Destination // empty: the preferred one of those that are consented to
	Payload     prompt.Payload
}

// home returns where the request's ledger is.
func (r Request) home() ledger.Home { return ledger.Home{DB: r.DB, Tenant: r.Tenant.ID} }

// Answer is a model's answer. The text is untrusted.
type Answer struct {
	Text        string // of at most the feature's MaxAnswerBytes
	Cut         bool   // it reached the limit of tokens, so it is not complete
	Entry       string // ID of the ledger's entry
	Destination consent.Destination
	Model       string   // pinned name
	Omitted     []string // names of fields of the payload that did not fit
}

// Send sends a request and returns the whole answer. An error is a *consent.Refusal, or
// internal.
func (g *Gateway) Send(ctx context.Context, r Request) (Answer, error) {
	return g.Stream(ctx, r, func(string) error { return nil })
}

// Stream sends a request and passes the pieces of the answer to yield as they come. If an
// error is returned before yield was called, no piece has come, and a function can
// answer with a problem. An error of yield ends the stream. An error is a
// *consent.Refusal, that of yield, or internal.
func (g *Gateway) Stream(ctx context.Context, r Request, yield func(piece string) error) (Answer, error) {
	spec, _ := r.Payload.Feature().Spec()
	encoded, err := encode(spec, r.Payload)
	if err != nil {
		return Answer{}, err
	}
	if err := g.checkKey(ctx, spec, r); err != nil {
		return Answer{}, err
	}
	refused := &consent.Refusal{Code: consent.CodeNoDestination, Feature: spec.Feature}
	for _, d := range destinations(spec, r) {
		endpoint := g.config.Endpoint(r.Tenant, d)
		if !endpoint.Exists() {
			continue
		}
		answer, err := g.sendTo(ctx, newSend(g, r, spec, encoded, d, endpoint), yield)
		var missing *consent.Refusal
		if !errors.As(err, &missing) || missing.Code != consent.CodeNoConsent {
			return answer, err
		}
		refused = join(refused, missing)
	}
	return Answer{}, refused
}

// destinations lists the destinations to try, the preferred one first.
func destinations(spec consent.Spec, r Request) []consent.Destination {
	switch {
	case spec.Public:
		return []consent.Destination{consent.Shared}
	case r.Destination != "":
		return []consent.Destination{r.Destination}
	}
	return consent.Destinations
}

// join adds what a destination lacks to what others lack.
func join(all, more *consent.Refusal) *consent.Refusal {
	all.Code, all.SamePerson = more.Code, all.SamePerson || more.SamePerson
	all.Missing = append(all.Missing, more.Missing...)
	return all
}

// encode returns the payload within the feature's limit.
func encode(spec consent.Spec, p prompt.Payload) (prompt.Encoded, error) {
	encoded, err := prompt.Encode(p, spec.MaxPayloadBytes)
	if err == nil && len(encoded.Fields) == 0 {
		err = &consent.Refusal{Code: consent.CodeTooLarge, Feature: spec.Feature}
	}
	return encoded, err
}

// checkKey refuses a request of a tenant whose key is disabled.
func (g *Gateway) checkKey(ctx context.Context, spec consent.Spec, r Request) error {
	if spec.Public {
		return nil
	}
	client, err := g.clients.KMS(ctx)
	if err != nil {
		return err
	}
	err = keys.CheckUsable(ctx, client, r.Tenant.KeyName)
	if errors.Is(err, keys.ErrKeyUnavailable) {
		return &consent.Refusal{Code: consent.CodeKeyLocked, Feature: spec.Feature}
	}
	return err
}
