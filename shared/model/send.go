package model

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/strongroom-dev/strongroom/shared/consent"
	"github.com/strongroom-dev/strongroom/shared/ledger"
	"github.com/strongroom-dev/strongroom/shared/prompt"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// send is the state of one request to one endpoint. The transport finds it in the
// context of the HTTP request.
type send struct {
	gateway     *Gateway
	request     Request
	spec        consent.Spec
	encoded     prompt.Encoded
	destination consent.Destination
	endpoint    tenant.ModelEndpoint

	preview bool   // capture the body, and send nothing
	body    []byte // exact, once the client has built it

	id      string      // of the ledger's entry; empty: it was not recorded
	checked time.Time   // when the transaction began that checked the consents
	used    atomic.Bool // the transport has seen the request
	sending sending
	cause   error // why the transport refused; set before the client returns
	begun   error // why begin failed; it has no data of the request

	text     []byte // of the answer
	digest   hash.Hash
	finish   string // finish or block reason
	version  string
	tokensIn int64
	tokens   int64 // of the answer
	counted  bool  // the model said how many tokens
}

func newSend(g *Gateway, r Request, spec consent.Spec, encoded prompt.Encoded, d consent.Destination, e tenant.ModelEndpoint) *send {
	return &send{gateway: g, request: r, spec: spec, encoded: encoded, destination: d, endpoint: e, digest: sha256.New()}
}

type sendKey struct{}

// sendTo sends the request to its endpoint and records its end.
func (g *Gateway) sendTo(ctx context.Context, s *send, yield func(string) error) (Answer, error) {
	client, err := g.client(ctx, s.endpoint)
	if err != nil {
		return Answer{}, err
	}
	bounded, cancel := context.WithTimeout(context.WithValue(ctx, sendKey{}, s), answerTimeout+SendWindow)
	defer cancel()
	end, err := s.receive(bounded, client, yield)
	if s.id == "" {
		return Answer{}, s.refusedBefore(err)
	}
	if s.begun != nil {
		g.log.WarnContext(ctx, "a request to a model was not sent", "entry", s.id, "error", s.begun)
	}
	recorded, failed := g.finish(ctx, s, end)
	if failed != nil {
		g.log.ErrorContext(ctx, "the end of a request to a model is not recorded", "entry", s.id, "error", failed)
	}
	if refused := (*consent.Refusal)(nil); !recorded && failed == nil && errors.As(err, &refused) {
		refused.Entry = "" // the transaction had no effect
	}
	return Answer{
		Text: string(s.text), Cut: s.finish == finishMaxTokens, Entry: s.id, Destination: s.destination,
		Model: s.endpoint.Model, Omitted: s.encoded.Omitted,
	}, err
}

// refusedBefore returns why a request was refused before it was recorded.
func (s *send) refusedBefore(err error) error {
	if s.cause != nil {
		return s.cause
	}
	return fmt.Errorf("build the request to the model: %w", hidden{err})
}

// hidden hides the text of an error of the client, which may have data of the request.
// What the error is remains visible to errors.Is and errors.As.
type hidden struct{ err error }

// Error implements error.
func (hidden) Error() string { return "the client failed" }

// Unwrap lets callers recognize errors of contexts.
func (h hidden) Unwrap() error {
	for _, known := range []error{context.Canceled, context.DeadlineExceeded} {
		if errors.Is(h.err, known) {
			return known
		}
	}
	return nil
}

// The attempts to record an end. It is recorded although the client has disconnected.
const (
	finishAttempts = 4
	finishTimeout  = 10 * time.Second
)

// finish records the end of a send. It reports whether the send is on the ledger.
func (g *Gateway) finish(ctx context.Context, s *send, end ledger.End) (recorded bool, err error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), finishTimeout)
	defer cancel()
	for range finishAttempts {
		if recorded, err = g.ledger.Finish(ctx, s.request.home(), s.spec.Feature, s.id, s.request.Actor, end); err == nil || ctx.Err() != nil {
			break
		}
	}
	return recorded, err
}

// end returns the end of the send with what is known of the answer.
func (s *send) end(status ledger.Status, reason string) ledger.End {
	e := ledger.End{
		Status: status, Reason: reason, Version: s.version, PromptTokens: s.tokensIn, AnswerTokens: s.tokens, TokensKnown: s.counted,
		AnswerBytes: int64(len(s.text)),
	}
	if len(s.text) > 0 {
		e.AnswerSHA256 = hex.EncodeToString(s.digest.Sum(nil))
	}
	return e
}

// refusal returns a refusal of a send that is on the ledger.
func (s *send) refusal(code consent.Code, reason string) *consent.Refusal {
	return &consent.Refusal{Code: code, Feature: s.spec.Feature, Reason: reason, Entry: s.id}
}

// gate is the transport of every client. It admits requests that have a send.
type gate struct{}

// RoundTrip implements http.RoundTripper.
func (gate) RoundTrip(r *http.Request) (*http.Response, error) {
	s, ok := r.Context().Value(sendKey{}).(*send)
	if !ok {
		return nil, errNoSend
	}
	response, err := s.roundTrip(r)
	if err != nil && s.cause == nil {
		s.cause = err
	}
	return response, err
}

var errNoSend = errors.New("this request to a model does not come from the gateway")
