package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/validation"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// Problem is an error as the client sees it: application/problem+json,
// RFC 9457. Its texts are fixed, or quote only what the client itself sent.
type Problem struct {
	Title  string  `json:"title" class:"operational" doc:"The status in words"`
	Status int     `json:"status" class:"operational" doc:"The HTTP status"`
	Detail string  `json:"detail" class:"operational" doc:"What to change"`
	Errors []Fault `json:"errors,omitempty" doc:"Each thing that is wrong"`

	header http.Header
}

// Fault is one thing that is wrong with a request.
type Fault struct {
	Message  string `json:"message" class:"operational"`
	Location string `json:"location,omitempty" class:"operational" doc:"Where, as body.parts[0].size"`
}

// Refuse makes a problem that says what to change.
func Refuse(status int, detail string, faults ...Fault) *Problem {
	return &Problem{Title: http.StatusText(status), Status: status, Detail: detail, Errors: faults}
}

// With adds a response header.
func (p *Problem) With(name, value string) *Problem {
	if p.header == nil {
		p.header = http.Header{}
	}
	p.header.Set(name, value)
	return p
}

// Error implements error.
func (p *Problem) Error() string { return p.Detail }

// GetStatus implements huma.StatusError.
func (p *Problem) GetStatus() int { return p.Status }

// GetHeaders implements huma.HeadersError.
func (p *Problem) GetHeaders() http.Header { return p.header }

// ContentType implements huma.ContentTypeFilter.
func (p *Problem) ContentType(string) string { return "application/problem+json" }

const (
	internalText    = "something went wrong on our side; it is on our log"
	unavailableText = "a service that we need does not answer; try again"
)

// publicError is what a client may see of err.
func publicError(ctx context.Context, err error) error {
	var public huma.StatusError
	if errors.As(err, &public) {
		return err
	}
	return Public(ctx, err)
}

// Public is err as a Problem: as it is if it is one, else fixed text, and err
// itself in the log only.
func Public(ctx context.Context, err error) *Problem {
	var public *Problem
	if errors.As(err, &public) {
		return public
	}
	if ctx.Err() != nil {
		return Refuse(http.StatusServiceUnavailable, unavailableText) // the client has gone
	}
	Logger(ctx).ErrorContext(ctx, "operation failed", "error", err.Error())
	if Transient(err) {
		return Refuse(http.StatusServiceUnavailable, unavailableText).With("Retry-After", "1")
	}
	return Refuse(http.StatusInternalServerError, internalText)
}

// Transient reports whether err, by its gRPC code, may pass when tried again.
func Transient(err error) bool {
	if errors.Is(err, context.DeadlineExceeded) {
		return true
	}
	switch status.Code(err) {
	case codes.Unavailable, codes.DeadlineExceeded, codes.Aborted, codes.ResourceExhausted, codes.Internal, codes.Canceled:
		return true
	}
	return false
}

// Write answers with p from within a middleware, where no error can be returned.
func Write(hc huma.Context, p *Problem) {
	for name := range p.header {
		hc.SetHeader(name, p.header.Get(name))
	}
	hc.SetHeader("Content-Type", p.ContentType(""))
	hc.SetStatus(p.Status)
	_ = json.NewEncoder(hc.BodyWriter()).Encode(p) // the client may have gone
}

func writeProblem(w http.ResponseWriter, p *Problem) {
	for name := range p.header {
		w.Header().Set(name, p.header.Get(name))
	}
	w.Header().Set("Content-Type", p.ContentType(""))
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p) // the client may have gone
}

// huma makes its own errors through this hook, which is global to it: set once,
// here, so that they too are Problems and never echo the values that were sent.
// Names match in their own case only, and null is no array; that is global too.
func init() {
	huma.ValidateStrictCasing = true
	huma.DefaultArrayNullable = false // null would pass minItems
	validation.MsgUnexpectedProperty = "there is no such name here; take it out"
	validation.MsgExpectedMinimumNumber = "expected number >= %.15g"
	validation.MsgExpectedMaximumNumber = "expected number <= %.15g" // %v writes 8.388608e+06
	huma.NewError = func(status int, detail string, errs ...error) huma.StatusError {
		p := Refuse(status, detail)
		if own, ok := details[status]; ok {
			p.Detail = own
		}
		if status >= http.StatusInternalServerError {
			p.Detail = internalText
			return p
		}
		for _, err := range errs {
			p.Errors = append(p.Errors, fault(err))
		}
		return p
	}
	huma.NewErrorWithContext = func(hc huma.Context, status int, detail string, errs ...error) huma.StatusError {
		if status == http.StatusRequestEntityTooLarge {
			return Refuse(status, fmt.Sprintf("a body has at most %d bytes; send less at once", hc.Operation().MaxBodyBytes-1))
		}
		return huma.NewError(status, detail, errs...)
	}
}

// details say what to change, where huma says only that something is wrong.
var details = map[int]string{
	http.StatusBadRequest:           "the request cannot be read; send what the OpenAPI document asks for",
	http.StatusRequestTimeout:       "the body did not arrive in time; send it again",
	http.StatusUnsupportedMediaType: "send the body as application/json",
	http.StatusUnprocessableEntity:  "the request is not as it must be; change what errors names",
}

func fault(err error) Fault {
	var detail huma.ErrorDetailer
	if errors.As(err, &detail) {
		d := detail.ErrorDetail()
		return Fault{d.Message, d.Location}
	}
	return Fault{Message: err.Error()}
}
