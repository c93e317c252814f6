package model

import (
	"context"
	"errors"
	"net/http"

	"google.golang.org/api/option"
	htransport "google.golang.org/api/transport/http"
	"google.golang.org/genai"

	"github.com/strongroom-dev/strongroom/shared/consent"
	"github.com/strongroom-dev/strongroom/shared/gcp"
	"github.com/strongroom-dev/strongroom/shared/prompt"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// apiVersion is set explicitly: the client's default is v1beta1.
const apiVersion = "v1"

// scope is the OAuth scope of Vertex AI:
// cloud.google.com/vertex-ai/docs/authentication.
const scope = "https://www.googleapis.com/auth/cloud-platform"

// client returns the client of an endpoint. Everything that the client would otherwise
// take from the environment or choose itself is set: backend, project, location, base
// URL and API version. It has no retry options, so it does not retry.
func (g *Gateway) client(ctx context.Context, e tenant.ModelEndpoint) (*genai.Client, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if c := g.models[e]; c != nil {
		return c, nil
	}
	c, err := genai.NewClient(context.WithoutCancel(ctx), &genai.ClientConfig{
		Backend: genai.BackendVertexAI, Project: e.ProjectID, Location: e.Location,
		HTTPClient: &http.Client{
			Transport:     gate{},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		HTTPOptions: genai.HTTPOptions{BaseURL: g.baseURL(e), APIVersion: apiVersion},
	})
	if err != nil {
		return nil, errors.New("build the client of the model") // the client's error can contain an API key of the environment
	}
	g.models[e] = c
	return c, nil
}

func (g *Gateway) baseURL(e tenant.ModelEndpoint) string {
	if host := g.clients.Config.VertexHost; host != "" {
		return "http://" + host + "/"
	}
	return e.BaseURL()
}

// connection returns the transport that authenticates as this process, and connects
// directly: a proxy of the environment is not used.
func (g *Gateway) connection(ctx context.Context) (http.RoundTripper, error) {
	return g.transport.Get(ctx, func(ctx context.Context) (http.RoundTripper, error) {
		direct := http.DefaultTransport.(*http.Transport).Clone()
		direct.Proxy = nil
		g.clients.OnClose(func() error { direct.CloseIdleConnections(); return nil })
		if g.clients.Config.VertexHost != "" {
			return emulatorTransport{g.clients.Config, direct}, nil
		}
		return htransport.NewTransport(ctx, direct, option.WithScopes(scope), option.WithTelemetryDisabled())
	})
}

// emulatorTransport sends the access token of an emulator.
type emulatorTransport struct {
	config gcp.Config
	base   http.RoundTripper
}

// RoundTrip implements http.RoundTripper.
func (t emulatorTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("Authorization", "Bearer "+t.config.AccessToken.Reveal())
	return t.base.RoundTrip(r)
}

// contents and settings are what the client makes the body of. There are no tools, so
// there is no grounding and no call of functions. Nothing is cached or stored by name.
func contents(p prompt.Encoded) []*genai.Content {
	return []*genai.Content{genai.NewContentFromText(string(p.JSON), genai.RoleUser)}
}

func settings(spec consent.Spec) *genai.GenerateContentConfig {
	return &genai.GenerateContentConfig{
		SystemInstruction:     genai.NewContentFromText(prompt.Instructions(spec.Feature), genai.RoleUser),
		Temperature:           genai.Ptr[float32](0),
		CandidateCount:        1,
		MaxOutputTokens:       spec.MaxOutputTokens,
		AutomaticContinuation: genai.Ptr(false), // the client would send the same request again
	}
}
