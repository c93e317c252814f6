package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/retry"
)

// errSlow is the cause of a deadline of ours, not of the caller's.
var errSlow = errors.New("no answer in time")

// maxRetryAfter bounds what a server may ask for.
const maxRetryAfter = 10 * time.Minute

// Problem is the platform's refusal, as RFC 9457 describes it.
type Problem struct {
	What   string   `json:"-"` // what was attempted
	Status int      `json:"-"` // of HTTP
	Title  string   `json:"title"`
	Detail string   `json:"detail"`
	Errors []Fault  `json:"errors"`
	Stored []Stored `json:"stored"` // parts that are stored already, on 409

	contentRange string // on 416: tells the size
}

// Fault is one thing that is wrong with a request.
type Fault struct {
	Message  string `json:"message"`
	Location string `json:"location"`
}

// Stored is a part that the platform holds already.
type Stored struct {
	Output string   `json:"output"`
	Part   int      `json:"part"`
	Size   int64    `json:"size"`
	CRC32C Checksum `json:"crc32c"`
}

// Error says what was attempted, the status, and what the platform said.
func (p *Problem) Error() string {
	text := fmt.Sprintf("%s: %d %s", p.What, p.Status, printable(p.Title))
	if p.Detail != "" {
		text += ": " + printable(p.Detail)
	}
	for _, fault := range p.Errors {
		text += "; " + printable(strings.TrimPrefix(fault.Location+": "+fault.Message, ": "))
	}
	return text
}

func decodeProblem(what string, res *http.Response) *Problem {
	problem := &Problem{}
	body, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err != nil || json.Unmarshal(body, problem) != nil {
		problem = &Problem{}
	}
	if problem.Title == "" {
		problem.Title = http.StatusText(res.StatusCode)
	}
	problem.What, problem.Status = what, res.StatusCode
	problem.contentRange = res.Header.Get("Content-Range")
	return problem
}

// classify marks what may pass by itself: 408, 429 and 5xx.
func classify(err error, res *http.Response) error {
	switch {
	case res.StatusCode == http.StatusRequestTimeout,
		res.StatusCode == http.StatusTooManyRequests,
		res.StatusCode >= 500:
		return &retry.Transient{Err: err, After: retryAfter(res.Header.Get("Retry-After"))}
	}
	return err
}

// retryAfter reads seconds or a date (RFC 9110, section 10.2.3); all else is 0.
func retryAfter(value string) time.Duration {
	var after time.Duration
	if seconds, err := strconv.ParseUint(value, 10, 31); err == nil {
		after = time.Duration(seconds) * time.Second
	} else if date, err := http.ParseTime(value); err == nil {
		after = time.Until(date)
	}
	return min(max(after, 0), maxRetryAfter)
}

// unreachable makes a failure of the connection transient, unless the caller
// has ended it.
func unreachable(ctx context.Context, what string, err error) error {
	if cause := context.Cause(ctx); cause != nil && !ours(cause) {
		return cause
	}
	if cause := context.Cause(ctx); cause != nil {
		err = cause
	}
	return &retry.Transient{Err: fmt.Errorf("%s: %w", what, withoutURL(err))}
}

func ours(cause error) bool { return errors.Is(cause, errSlow) || errors.Is(cause, errStalled) }

// withoutURL takes the URL, which may be signed, out of net/http's errors.
func withoutURL(err error) error {
	var withURL *url.Error
	if errors.As(err, &withURL) {
		return withURL.Err
	}
	return err
}

// printable keeps what a server says from steering a terminal.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, text)
}
