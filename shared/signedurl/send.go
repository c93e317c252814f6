package signedurl

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"google.golang.org/api/googleapi"

	"github.com/strongroom-dev/strongroom/shared/lazyregexp"
	"github.com/strongroom-dev/strongroom/shared/secret"
)

// Answer is what a bucket answers to a signed request. The zero Answer means that it did not.
type Answer struct {
	Status int    // of HTTP; 0: there was no answer
	Code   string // such as AccessDenied; empty: none

	text string // of an error, from the bucket; it may name objects
}

// Transient reports whether the same request may succeed later.
func (a Answer) Transient() bool {
	return a.Status == 0 || a.Status >= http.StatusInternalServerError || a.Status == http.StatusTooManyRequests
}

// String returns the status and the code.
func (a Answer) String() string {
	switch {
	case a.Status == 0:
		return "no connection"
	case a.Code == "":
		return fmt.Sprintf("status %d", a.Status)
	}
	return fmt.Sprintf("status %d %s", a.Status, a.Code)
}

// Err returns the error that a client of Cloud Storage would return, for package bucket to
// classify. It is nil if the request succeeded.
func (a Answer) Err() error {
	if a.Status >= http.StatusOK && a.Status < http.StatusMultipleChoices {
		return nil
	}
	return &googleapi.Error{Code: a.Status, Body: a.text}
}

// client sends requests to buckets. It follows no redirect, because a signed URL is for one host.
var client = &http.Client{
	Timeout:       10 * time.Second,
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

const maxAnswer = 8 << 10 // bytes of an answer that are read

// Send sends a signed request. An error of the connection would have the URL, so Send returns an
// Answer without a status instead.
func Send(ctx context.Context, method string, location secret.String, headers map[string]string, body []byte) Answer {
	if _, err := url.Parse(location.Reveal()); err != nil {
		return Answer{}
	}
	r, err := http.NewRequestWithContext(ctx, method, location.Reveal(), bytes.NewReader(body))
	if err != nil {
		return Answer{}
	}
	for name, value := range headers {
		r.Header.Set(name, value)
	}
	response, err := client.Do(r)
	if err != nil {
		return Answer{}
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		return Answer{}
	}
	a := Answer{Status: response.StatusCode}
	if a.Err() != nil {
		a.Code, a.text = errorCode(text), string(text)
	}
	return a
}

// plainCode is the form of error codes of Cloud Storage.
var plainCode = lazyregexp.New(`^[A-Za-z]{1,64}$`)

// errorCode returns the code of an error of the XML API, or "".
func errorCode(text []byte) string {
	var e struct {
		Code string
	}
	if xml.Unmarshal(text, &e) != nil || !plainCode.MatchString(e.Code) {
		return ""
	}
	return e.Code
}
