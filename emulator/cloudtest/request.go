package cloudtest

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"hash/crc32"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"testing"
	"time"

	"github.com/strongroom-dev/strongroom/shared/crc32c"
)

// Response is a response with its body.
type Response struct {
	Status int
	Header http.Header
	Body   []byte
}

// JSON decodes the body into v.
func (r Response) JSON(t testing.TB, v any) {
	t.Helper()
	if err := json.Unmarshal(r.Body, v); err != nil {
		t.Fatalf("decode %q: %v", r.Body, err)
	}
}

// Want fails the test unless the status is want.
func (r Response) Want(t testing.TB, want int) Response {
	t.Helper()
	if r.Status != want {
		t.Fatalf("status %d, want %d: %s", r.Status, want, r.Body)
	}
	return r
}

// Do sends a request to the load balancer as a persona of the tenant; "" sends no token.
// A body that is not a []byte, a Text or a Media is sent as JSON.
func (tn *Tenant) Do(t testing.TB, persona, method, path string, body any, header ...string) Response {
	t.Helper()
	var token string
	if persona != "" {
		token = tn.Token(t, persona)
	}
	return tn.Cloud.Do(t, token, method, path, body, header...)
}

// Do sends a request to the load balancer with a token; "" sends none. Header contains
// names and values in turn.
func (c *Cloud) Do(t testing.TB, token, method, path string, body any, header ...string) Response {
	t.Helper()
	contentType := "application/json"
	if text, ok := body.(Text); ok {
		contentType, body = "text/plain", []byte(text)
	}
	if media, ok := body.(Media); ok {
		contentType, body = media.Type, media.Data
	}
	raw, ok := body.([]byte)
	if !ok && body != nil {
		var err error
		if raw, err = json.Marshal(body); err != nil {
			t.Fatal(err)
		}
	}
	r, err := http.NewRequestWithContext(t.Context(), method, c.URL+path, bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	if body != nil {
		r.Header.Set("Content-Type", contentType)
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	return Send(t, r)
}

// Text is the body of a request that is text/plain.
type Text string

// Send sends r and reads the response.
func Send(t testing.TB, r *http.Request) Response {
	t.Helper()
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return Response{answer.StatusCode, answer.Header, text}
}

// Part describes one part of an output.
type Part struct {
	Output      string `json:"output"`
	Part        int    `json:"part"`
	ContentType string `json:"contentType"`
	Size        *int64 `json:"size,omitempty"`
	CRC32C      string `json:"crc32c,omitempty"`
	SHA256      string `json:"sha256,omitempty"`
	Lines       *int64 `json:"lines,omitempty"`
}

// PartOf returns a complete description of data.
func PartOf(output string, part int, data []byte) Part {
	size, lines := int64(len(data)), int64(bytes.Count(data, []byte("\n")))
	return Part{Output: output, Part: part, ContentType: "text/plain", Size: &size, CRC32C: CRC32C(data), SHA256: SHA256(data), Lines: &lines}
}

// SHA256 returns the SHA-256 in the API's format.
func SHA256(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// CRC32C returns the checksum in the API's format.
func CRC32C(data []byte) string {
	return crc32c.Encode(crc32.Checksum(data, crc32.MakeTable(crc32.Castagnoli)))
}

// Upload is a signed URL for one part.
type Upload struct {
	Output  string            `json:"output"`
	Part    int               `json:"part"`
	Method  string            `json:"method"`
	URL     string            `json:"url"`
	Headers map[string]string `json:"headers"`
	Expires time.Time         `json:"expires"`
}

// RunPath returns the path of a run in the tenant's first workspace.
func (tn *Tenant) RunPath(run string) string {
	return "/v1/workspaces/" + string(tn.Workspace) + "/runs/" + run
}

// Mint requests URLs for the parts as the runner.
func (tn *Tenant) Mint(t testing.TB, run string, parts ...Part) []Upload {
	t.Helper()
	var out struct{ Parts []Upload }
	tn.Do(t, "runner", http.MethodPost, tn.RunPath(run)+"/uploads", map[string]any{"parts": parts}).
		Want(t, http.StatusOK).JSON(t, &out)
	return out.Parts
}

// Put uploads data with u. Changed contains names and values of headers to replace; an
// empty value removes the header.
func (u Upload) Put(t testing.TB, data []byte, changed ...string) Response {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), u.Method, u.URL, bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range u.Headers {
		r.Header.Set(name, value)
	}
	for i := 0; i+1 < len(changed); i += 2 {
		r.Header.Set(changed[i], changed[i+1])
		if changed[i+1] == "" {
			r.Header.Del(changed[i])
		}
	}
	return Send(t, r)
}

// Store uploads data as the parts of one output, reports the run as ended, and waits
// until custody has processed all parts.
func (tn *Tenant) Store(t testing.TB, run, output string, parts ...[]byte) {
	t.Helper()
	var asked []Part
	for i, data := range parts {
		asked = append(asked, PartOf(output, i+1, data))
	}
	for i, u := range tn.Mint(t, run, asked...) {
		u.Put(t, parts[i]).Want(t, http.StatusOK)
	}
	tn.Do(t, "runner", http.MethodPost, tn.RunPath(run)+"/report", map[string]any{
		"end": time.Now().UTC(), "outcome": "success", "exitCode": 0,
		"outputs": []map[string]any{{"name": output, "parts": len(parts)}},
	}).Want(t, http.StatusOK)
	tn.Cloud.Drain(t)
}

// Search sends a search of a collection as a persona of the tenant. Filters has the
// fields of the body as pairs, such as state=active&severity=2.
func (tn *Tenant) Search(t testing.TB, persona, collection, filters string) Response {
	t.Helper()
	return tn.Do(t, persona, http.MethodPost, collection+"/search", Filters(t, filters))
}

// Filters returns the body of a search. Whole numbers of pairs become numbers, other
// values become texts, and empty ones are left out.
func Filters(t testing.TB, pairs string) map[string]any {
	t.Helper()
	values, err := url.ParseQuery(pairs)
	if err != nil {
		t.Fatal(err)
	}
	body := map[string]any{}
	for name := range values {
		value := values.Get(name)
		if n, err := strconv.Atoi(value); err == nil {
			body[name] = n
		} else if value != "" {
			body[name] = value
		}
	}
	return body
}
