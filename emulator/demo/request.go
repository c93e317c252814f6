package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/google/uuid"

	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// response is the response to a request.
type response struct {
	status int
	code   string // Google's error code, or the problem's detail
	body   []byte

	receipt string // ID of the audit entry; empty: the request was not recorded
}

// send sends one request and reads the response.
func send(ctx context.Context, method, url string, body []byte, header map[string]string) (response, error) {
	r, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(body))
	if err != nil {
		return response{}, fmt.Errorf("create a request: %w", err)
	}
	for name, value := range header {
		r.Header.Set(name, value)
	}
	reply, err := http.DefaultClient.Do(r)
	if err != nil {
		return response{}, fmt.Errorf("%s: no response", method) // err would contain a signed URL
	}
	defer reply.Body.Close()
	text, err := io.ReadAll(io.LimitReader(reply.Body, 1<<20))
	if err != nil {
		return response{}, fmt.Errorf("read the response: %w", err)
	}
	return response{
		status: reply.StatusCode, code: reason(reply.Header.Get("Content-Type"), text), body: text,
		receipt: reply.Header.Get("Strongroom-Audit-Entry"),
	}, nil
}

// reason returns the detail or the code of an error response.
func reason(contentType string, text []byte) string {
	var problem struct{ Detail string }
	var apiError struct{ Code string }
	switch {
	case strings.HasPrefix(contentType, "application/problem+json") && json.Unmarshal(text, &problem) == nil:
		return problem.Detail
	case xml.Unmarshal(text, &apiError) == nil:
		return apiError.Code
	}
	return ""
}

// call sends a request to the platform as a persona of a tenant.
func (d *Demo) call(ctx context.Context, id tenant.ID, persona, method, path string, body any) (response, error) {
	token, err := d.cloud.Token(id, persona)
	if err != nil {
		return response{}, err
	}
	return d.callWith(ctx, token, method, path, body)
}

func (d *Demo) callWith(ctx context.Context, token, method, path string, body any) (response, error) {
	raw, err := json.Marshal(body)
	if err != nil {
		return response{}, fmt.Errorf("encode a request: %w", err)
	}
	header := map[string]string{"Content-Type": "application/json", "Authorization": "Bearer " + token}
	return send(ctx, method, d.cloud.URL+path, raw, header)
}

// upload is a signed URL for one part.
type upload struct {
	URL     string
	Headers map[string]string
}

// put uploads data with u. Name, unless empty, is a header to replace.
func (u upload) put(ctx context.Context, data []byte, name, value string) (response, error) {
	header := map[string]string{}
	for k, v := range u.Headers {
		header[k] = v
	}
	if name != "" {
		header[name] = value
	}
	return send(ctx, http.MethodPut, u.URL, data, header)
}

// oneSmallPart is the body of a request for one part of five bytes.
func oneSmallPart() map[string]any {
	return map[string]any{"parts": []map[string]any{{"output": "probe.txt", "part": 1, "contentType": "text/plain", "size": 5}}}
}

func newRun() (string, error) {
	id, err := uuid.NewV7()
	return id.String(), err
}

// mint requests one URL as a tenant's runner, for a new run.
func (d *Demo) mint(ctx context.Context, id tenant.ID) (u upload, run string, err error) {
	if run, err = newRun(); err != nil {
		return upload{}, "", err
	}
	a, err := d.call(ctx, id, "runner", http.MethodPost, uploadsPath(prod, run), oneSmallPart())
	if err != nil {
		return upload{}, "", err
	}
	var minted struct{ Parts []upload }
	if err := json.Unmarshal(a.body, &minted); err != nil || a.status != http.StatusOK || len(minted.Parts) != 1 {
		return upload{}, "", fmt.Errorf("minting returned %d: %s", a.status, a.code)
	}
	return minted.Parts[0], run, nil
}

func uploadsPath(w tenant.WorkspaceID, run string) string {
	return fmt.Sprintf("/v1/workspaces/%s/runs/%s/uploads", w, run)
}
