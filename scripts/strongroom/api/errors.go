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

// errSlow is the cause of this package's own deadline, as opposed to the caller's.
var errSlow = errors.New("no response in time")

// maxRetryAfter bounds the pause that a server may ask for.
const maxRetryAfter = 10 * time.Minute

// Problem is the platform's error response (RFC 9457).
type Problem struct {
	What   string   `json:"-"` // what was attempted
	Status int      `json:"-"` // HTTP status code
	Title  string   `json:"title"`
	Detail string   `json:"detail"`
	Code   string   `json:"code"` // stable, for programs
	Errors []Fault  `json:"errors"`
	Stored []Stored `json:"stored"` // with status 409: parts that are already stored

	Request string `json:"-"` // ID of the request in the platform's log

	contentRange string // with status 416: includes the size
}

// Fault is one error in a request.
type Fault struct {
	Message  string `json:"message"`
	Location string `json:"location"`
}

// Stored is a part that is already stored.
type Stored struct {
	Output string   `json:"output"`
	Part   int      `json:"part"`
	Size   int64    `json:"size"`
	CRC32C Checksum `json:"crc32c"`
}

// Error returns what was attempted, the status, and the platform's message.
func (p *Problem) Error() string {
	text := fmt.Sprintf("%s: %d %s", p.What, p.Status, printable(p.Title))
	if p.Detail != "" {
		text += ": " + printable(p.Detail)
	}
	for _, fault := range p.Errors {
		text += "; " + printable(strings.TrimPrefix(fault.Location+": "+fault.Message, ": "))
	}
	if p.Request != "" {
		text += " (request " + printable(p.Request) + ")"
	}
	return text
}

func decodeProblem(what string, res *http.Response) *Problem {
	body, err := io.ReadAll(io.LimitReader(res.Body, maxResponse))
	if err != nil {
		body = nil
	}
	return problemOf(what, res, body)
}

// problemOf returns the problem in the body of an error response.
func problemOf(what string, res *http.Response, body []byte) *Problem {
	problem := &Problem{}
	if json.Unmarshal(body, problem) != nil {
		problem = &Problem{}
	}
	if problem.Title == "" {
		problem.Title = http.StatusText(res.StatusCode)
	}
	problem.What, problem.Status = what, res.StatusCode
	problem.Request = res.Header.Get(requestHeader)
	problem.contentRange = res.Header.Get("Content-Range")
	return problem
}

// retryAfter reads the seconds or the date of Retry-After (RFC 9110, section
// 10.2.3). A date counts from the response's own date, because this machine's clock
// may be wrong. Any other value is 0.
func retryAfter(header http.Header) time.Duration {
	var after time.Duration
	value := header.Get("Retry-After")
	if seconds, err := strconv.ParseUint(value, 10, 31); err == nil {
		after = time.Duration(seconds) * time.Second
	} else if date, err := http.ParseTime(value); err == nil {
		now, err := http.ParseTime(header.Get("Date"))
		if err != nil {
			now = time.Now()
		}
		after = date.Sub(now)
	}
	return min(max(after, 0), maxRetryAfter)
}

// unreachable marks a connection error as transient, unless the caller canceled
// the request.
func unreachable(ctx context.Context, what string, err error) error {
	if cause := context.Cause(ctx); cause != nil && !isOwnTimeout(cause) {
		return cause
	}
	if cause := context.Cause(ctx); cause != nil {
		err = cause
	}
	return &retry.Transient{Err: fmt.Errorf("%s: %w", what, withoutURL(err))}
}

func isOwnTimeout(cause error) bool {
	return errors.Is(cause, errSlow) || errors.Is(cause, errStalled)
}

// withoutURL removes the URL, which may be signed, from net/http's errors.
func withoutURL(err error) error {
	var withURL *url.Error
	if errors.As(err, &withURL) {
		return withURL.Err
	}
	return err
}

// printable replaces characters with which a server could control the terminal.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, text)
}
