package api

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// RawRequest is a request that the caller wrote.
type RawRequest struct {
	Method      string
	Path        string // from the root, such as /v1/data-map?x=y
	Body        []byte // nil: no body
	ContentType string // of the body; empty: JSON
}

// RawResponse is the response to a RawRequest.
type RawResponse struct {
	Body    []byte
	IsJSON  bool
	Problem error // of a status that is not 2xx
}

// ParsePath rejects paths that are not below the platform's own address.
func ParsePath(path string) (*url.URL, error) {
	u, err := url.Parse(path)
	if err != nil || u.IsAbs() || u.Host != "" || u.User != nil || !strings.HasPrefix(path, "/") || strings.HasPrefix(path, "//") ||
		strings.ContainsAny(path, "\\#") || u.Fragment != "" {
		return nil, fmt.Errorf("%q is not a path of the platform, such as /v1/data-map", path)
	}
	for segment := range strings.SplitSeq(strings.TrimPrefix(u.Path, "/"), "/") {
		if segment == "" || segment == "." || segment == ".." {
			return nil, fmt.Errorf("the path %q has an empty, . or .. segment", path)
		}
	}
	return u, nil
}

// Raw sends a request with the token to the platform, once.
func (c *Client) Raw(ctx context.Context, raw RawRequest) (RawResponse, error) {
	u, err := ParsePath(raw.Path)
	if err != nil {
		return RawResponse{}, err
	}
	r := request{what: raw.Method + " " + u.EscapedPath(), method: raw.Method, path: u.EscapedPath(), query: u.Query(), header: http.Header{}}
	if raw.ContentType != "" {
		r.header.Set("Content-Type", raw.ContentType)
	}
	req, err := c.newRequest(ctx, r, raw.Body)
	if err != nil {
		return RawResponse{}, fmt.Errorf("%s: %w", r.what, err)
	}
	if _, err := c.authorize(req); err != nil {
		return RawResponse{}, fmt.Errorf("%s: %w", r.what, err)
	}
	res, err := c.do(req, r.what)
	if err != nil {
		return RawResponse{}, unreachable(ctx, r.what, err)
	}
	defer closeBody(res.Body)
	if entry := res.Header.Get(receiptHeader); entry != "" && c.receipt != nil {
		c.receipt(Receipt{What: r.what, Entry: printable(entry)})
	}
	body, err := io.ReadAll(io.LimitReader(res.Body, maxResponse+1))
	switch {
	case err != nil:
		return RawResponse{}, unreachable(ctx, r.what, err)
	case len(body) > maxResponse:
		return RawResponse{}, fmt.Errorf("%s: the response has more than %d bytes; outputs cat prints outputs of any size", r.what, maxResponse)
	}
	response := RawResponse{Body: body, IsJSON: strings.Contains(res.Header.Get("Content-Type"), "json")}
	if res.StatusCode/100 != 2 {
		response.Problem = problemOf(r.what, res, body)
	}
	return response, nil
}
