package access

import (
	"context"
	"io"

	"github.com/danielgtaylor/huma/v2"

	"github.com/strongroom-dev/strongroom/shared/api"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/gcp"
)

// ProtectReading is Protect for an operation that has effects on Firestore only, or only
// after Admitted. Its handler runs while the membership of a viewer is
// read, which saves a call. Until the viewer is admitted, nothing is written to Firestore
// and nothing of the response is sent. If the viewer is denied, the response is dropped.
func (g *Guard) ProtectReading(op huma.Operation, action auditlog.Action) huma.Operation {
	return g.protect(op, action, true)
}

// admission is the decision about a request whose handler reads while it is made.
type admission struct {
	made chan struct{} // closed when the decision is made
	err  error         // an *api.Problem, or internal; nil: the request is allowed
}

// wait returns the decision.
func (a *admission) wait() error {
	<-a.made
	return a.err
}

type admissionKey struct{}

// Admitted waits until a request of ProtectReading is allowed, and returns the error if it
// is denied. A handler calls it before an effect that is not on Firestore, and before it
// reads what nobody may read without permission. Every other request is allowed already.
func Admitted(ctx context.Context) error {
	if decision, ok := ctx.Value(admissionKey{}).(*admission); ok {
		return decision.wait()
	}
	return nil
}

// serveReading calls next with a session that decide has not admitted yet.
func serveReading(hc huma.Context, session Session, decide func(context.Context) error, next func(huma.Context)) {
	ctx, decision := hc.Context(), &admission{made: make(chan struct{})}
	go func() {
		defer close(decision.made)
		decision.err = decide(ctx)
	}()
	defer func() { _ = decision.wait() }() // if the handler panics, a denial is recorded nevertheless
	held := context.WithValue(context.WithValue(gcp.WithApproval(ctx, decision.wait), sessionKey{}, session), admissionKey{}, decision)
	next(huma.WithContext(&heldContext{hc, decision}, held))
	if err := decision.wait(); err != nil {
		api.Write(hc, api.ToProblem(ctx, err))
	}
}

// humaContext embeds huma.Context under a name that is not that of its method.
type humaContext huma.Context

// heldContext holds the response of a handler until its request is allowed, and drops it
// if the request is denied.
type heldContext struct {
	humaContext

	decision *admission
}

// SetStatus implements huma.Context.
func (h *heldContext) SetStatus(code int) {
	if h.decision.wait() == nil {
		h.humaContext.SetStatus(code)
	}
}

// SetHeader implements huma.Context.
func (h *heldContext) SetHeader(name, value string) {
	if h.decision.wait() == nil {
		h.humaContext.SetHeader(name, value)
	}
}

// AppendHeader implements huma.Context.
func (h *heldContext) AppendHeader(name, value string) {
	if h.decision.wait() == nil {
		h.humaContext.AppendHeader(name, value)
	}
}

// BodyWriter implements huma.Context.
func (h *heldContext) BodyWriter() io.Writer {
	if h.decision.wait() == nil {
		return h.humaContext.BodyWriter()
	}
	return io.Discard
}

// Unwrap lets humago.Unwrap find the request.
func (h *heldContext) Unwrap() huma.Context { return h.humaContext }
