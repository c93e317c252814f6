package model

import (
	"context"
	"errors"

	"cloud.google.com/go/firestore"

	"github.com/strongroom-dev/strongroom/shared/consent"
	"github.com/strongroom-dev/strongroom/shared/halves"
	"github.com/strongroom-dev/strongroom/shared/prompt"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// Preview is what Send would send, and what is missing for it.
type Preview struct {
	Destination consent.Destination
	Endpoint    tenant.ModelEndpoint
	Body        []byte // the exact body: the ledger would have its SHA-256; empty: no field is left to send, so nothing would be sent
	Fields      []prompt.SentField
	Omitted     []string         // names of fields that do not fit
	Refusal     *consent.Refusal // nil: it would be sent, if the limits allow it
}

// Preview returns what Send would send now. It sends and records nothing, and needs no
// consent. Without a destination that is consented to, it shows the request to the
// first one that exists. The error is a *consent.Refusal if none exists, or internal.
func (g *Gateway) Preview(ctx context.Context, r Request) (Preview, error) {
	spec, _ := r.Payload.Feature().Spec()
	encoded, err := prompt.Encode(r.Payload, spec.MaxPayloadBytes)
	if err != nil {
		return Preview{}, err
	}
	refused := &consent.Refusal{Code: consent.CodeNoDestination, Feature: spec.Feature}
	var first *send
	for _, d := range destinations(spec, r) {
		endpoint := g.config.Endpoint(r.Tenant, d)
		if !endpoint.Exists() {
			continue
		}
		s := newSend(g, r, spec, encoded, d, endpoint)
		missing, err := s.missing(ctx)
		if err != nil {
			return Preview{}, err
		}
		if missing == nil {
			return s.show(ctx, nil)
		}
		if refused = join(refused, missing); first == nil {
			first = s
		}
	}
	if first == nil {
		return Preview{}, refused
	}
	return first.show(ctx, refused)
}

// missing reads the consents, and returns what they lack; nil: nothing.
func (s *send) missing(ctx context.Context) (*consent.Refusal, error) {
	verifying, err := s.gateway.consentKeys(ctx, s.spec)
	if err != nil || s.spec.Public {
		return nil, err
	}
	get := func(refs []*firestore.DocumentRef) ([]*firestore.DocumentSnapshot, error) {
		return s.request.DB.GetAll(ctx, refs)
	}
	consents, _, err := halves.Reading{DB: s.request.DB, Keys: verifying, Now: s.gateway.now()}.Consents(get, s.wants())
	if err != nil {
		return nil, err
	}
	var refused *consent.Refusal
	_, err = s.agreed(consents)
	if errors.As(err, &refused) {
		return refused, nil
	}
	return nil, err
}

// show has the client build the request, which the transport captures.
func (s *send) show(ctx context.Context, refused *consent.Refusal) (Preview, error) {
	preview := Preview{
		Destination: s.destination, Endpoint: s.endpoint, Fields: s.encoded.Fields, Omitted: s.encoded.Omitted, Refusal: refused,
	}
	if len(preview.Fields) == 0 {
		return preview, nil
	}
	client, err := s.gateway.client(ctx, s.endpoint)
	if err != nil {
		return Preview{}, err
	}
	s.preview = true
	_, err = s.receive(context.WithValue(ctx, sendKey{}, s), client, func(string) error { return nil })
	if !errors.Is(s.cause, errPreview) {
		return Preview{}, s.refusedBefore(err)
	}
	preview.Body = s.body
	return preview, nil
}
