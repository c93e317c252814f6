package api

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/validation"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/strongroom-dev/strongroom/shared/consent"
)

// Problem is an error as the client receives it: application/problem+json
// (RFC 9457). Its texts are fixed, or quote only what the client itself sent.
type Problem struct {
	Title  string  `json:"title" class:"operational" doc:"Text of the HTTP status"`
	Status int     `json:"status" class:"operational" doc:"HTTP status"`
	Code   string  `json:"code" class:"operational" doc:"What is wrong, as a stable word for programs"`
	Detail string  `json:"detail" class:"operational" doc:"What is wrong and what to change"`
	Errors []Fault `json:"errors,omitempty" doc:"Details, one for each field"`

	header http.Header
}

// Fault is one error in a request.
type Fault struct {
	Message  string `json:"message" class:"operational"`
	Location string `json:"location,omitempty" class:"operational" doc:"Where the error is, such as body.parts[0].size"`
}

// Refuse returns a problem. Detail says what is wrong and what to change.
// It has the first faults only, so that its size is bounded.
func Refuse(status int, detail string, faults ...Fault) *Problem {
	return &Problem{
		Title: http.StatusText(status), Status: status, Code: problemCode(status, detail), Detail: detail,
		Errors: faults[:min(len(faults), maxFaults)],
	}
}

// With sets a response header and returns p.
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
	busyText        = "the service is handling many large requests; try again"
	internalText    = "internal error; it has been logged"
	unavailableText = "a required service is not responding; try again"
)

// publicError converts an error of a handler to one that a client may see.
func publicError(ctx context.Context, err error) error {
	var public huma.StatusError
	if errors.As(err, &public) {
		return err
	}
	return ToProblem(ctx, err)
}

// ToProblem returns the Problem that err wraps, or that of a *consent.Refusal. For any
// other error, it logs err and returns a Problem with fixed text.
func ToProblem(ctx context.Context, err error) *Problem {
	var public *Problem
	if errors.As(err, &public) {
		return public
	}
	var refusal *consent.Refusal
	if errors.As(err, &refusal) {
		return fromRefusal(refusal)
	}
	if ctx.Err() != nil {
		return Refuse(http.StatusServiceUnavailable, unavailableText) // the client has disconnected
	}
	Logger(ctx).ErrorContext(ctx, "operation failed", "error", err.Error())
	if Transient(err) {
		return Refuse(http.StatusServiceUnavailable, unavailableText).With("Retry-After", "1")
	}
	return Refuse(http.StatusInternalServerError, internalText)
}

// Transient reports whether a retry may succeed, according to the gRPC code of err.
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

// Write writes p as the response. A middleware uses it, because it cannot return
// an error.
func Write(hc huma.Context, p *Problem) {
	for name := range p.header {
		hc.SetHeader(name, p.header.Get(name))
	}
	hc.SetHeader("Content-Type", p.ContentType(""))
	text := p.encode()
	hc.SetHeader("Content-Length", strconv.Itoa(len(text)))
	hc.SetStatus(p.Status)
	_, _ = hc.BodyWriter().Write(text) // the client may have disconnected
}

// Respond writes p as the response of a handler that is no operation.
func Respond(w http.ResponseWriter, p *Problem) {
	for name := range p.header {
		w.Header().Set(name, p.header.Get(name))
	}
	w.Header().Set("Content-Type", p.ContentType(""))
	text := p.encode()
	w.Header().Set("Content-Length", strconv.Itoa(len(text)))
	w.WriteHeader(p.Status)
	_, _ = w.Write(text) // the client may have disconnected
}

// encode returns p in JSON.
func (p *Problem) encode() []byte {
	text, err := json.Marshal(p)
	if err != nil {
		panic("api: encode a problem: " + err.Error()) // its members are texts
	}
	return append(text, '\n')
}

// huma creates its own errors with these global hooks. They are set once, here, so
// that its errors are Problems too and never repeat the values that were sent.
// These settings are global as well: names must match in case, and null is not a
// valid array.
func init() {
	huma.ValidateStrictCasing = true
	huma.DefaultArrayNullable = false // null would satisfy minItems
	validation.MsgUnexpectedProperty = "unknown field; remove it"
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
		for _, err := range errs[:min(len(errs), maxFaults)] {
			p.Errors = append(p.Errors, fault(err))
		}
		return p
	}
	huma.NewErrorWithContext = func(hc huma.Context, status int, detail string, errs ...error) huma.StatusError {
		var p *Problem
		if errors.As(errors.Join(errs...), &p) { // from body.WriteTo
			for name := range p.header {
				hc.SetHeader(name, p.header.Get(name))
			}
			return p
		}
		return huma.NewError(status, detail, errs...)
	}
}

// details replace texts of huma that do not say what to change.
var details = map[int]string{
	http.StatusBadRequest:           "the request cannot be parsed; send what the OpenAPI document describes",
	http.StatusRequestTimeout:       "the body did not arrive in time; send it again",
	http.StatusUnsupportedMediaType: "send the body as application/json",
	http.StatusUnprocessableEntity:  "the request is invalid; correct the fields listed in errors",
}

func fault(err error) Fault {
	var detail huma.ErrorDetailer
	if errors.As(err, &detail) {
		d := detail.ErrorDetail()
		return Fault{d.Message, d.Location}
	}
	return Fault{Message: err.Error()}
}
