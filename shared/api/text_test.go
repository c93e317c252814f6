package api_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/strongroom-dev/strongroom/shared/api"
)

type textRequest struct {
	RawBody []byte `contentType:"text/plain"`
}

type textResult struct {
	Body struct {
		Text string `json:"text"`
	}
}

func TestAnOperationCanTakeTextInPlaceOfJSON(t *testing.T) {
	t.Parallel()
	a := api.New("test", time.Now, slog.New(slog.DiscardHandler))
	op := huma.Operation{OperationID: "say", Method: http.MethodPost, Path: "/v1/say", MaxBodyBytes: 8}
	api.Register(a, op, func(_ context.Context, in *textRequest) (*textResult, error) {
		out := &textResult{}
		out.Body.Text = string(in.RawBody)
		return out, nil
	})
	server := httptest.NewServer(a.Handler())
	t.Cleanup(server.Close)
	for name, c := range map[string]struct {
		contentType, body string
		chunked           bool
		want              int
		says              string
	}{
		"text":                      {contentType: "text/plain", body: "hello", want: 200, says: `"hello"`},
		"text with a character set": {contentType: "text/plain; charset=utf-8", body: "hello", want: 200, says: `"hello"`},
		"a body without a type":     {body: "hello", want: 200, says: `"hello"`},
		"the longest text":          {contentType: "text/plain", body: "12345678", want: 200, says: `"12345678"`},
		"JSON":                      {contentType: "application/json", body: "{}", want: 415, says: "send the body as text/plain"},
		"JSON of another kind":      {contentType: "application/a+json", body: "{}", want: 415, says: "send the body as text/plain"},
		"a text that is too long":   {contentType: "text/plain", body: "123456789", want: 413, says: "8 bytes"},
		"chunks that are too long":  {contentType: "text/plain", body: "123456789", chunked: true, want: 413, says: "8 bytes"},
		"no body":                   {contentType: "text/plain", want: 400, says: "cannot be parsed"},
	} {
		var body io.Reader = strings.NewReader(c.body)
		if c.chunked {
			body = struct{ io.Reader }{body}
		}
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL+"/v1/say", body)
		if err != nil {
			t.Fatal(err)
		}
		if c.contentType != "" {
			r.Header.Set("Content-Type", c.contentType)
		}
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(answer.Body)
		answer.Body.Close()
		if err != nil || answer.StatusCode != c.want || !strings.Contains(string(text), c.says) {
			t.Errorf("%s: %d %s %v, want %d with %s", name, answer.StatusCode, text, err, c.want, c.says)
		}
	}
}
