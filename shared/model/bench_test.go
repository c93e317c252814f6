package model_test

import (
	"net/http"
	"testing"

	"google.golang.org/genai"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/suite"
	"github.com/strongroom-dev/strongroom/emulator/vertex"
	"github.com/strongroom-dev/strongroom/shared/prompt"
)

// BenchmarkSendOverABareClient compares the CPU of a send to that of the same request by
// Google's client alone. Both include the embedded cloud, which runs in this process.
func BenchmarkSendOverABareClient(b *testing.B) {
	c := cloudtest.Shared(b)
	f := benchFixture(b, c)
	f.answers(b, vertex.Answer{Text: longText(16_000), Pieces: 200})
	payload := explanation
	payload.Issue.Details = longText(32 << 10)
	request := f.request(b, payload)
	preview, err := f.gateway.Preview(b.Context(), request)
	if err != nil {
		b.Fatal(err)
	}
	encoded, err := prompt.Encode(payload, 64<<10)
	if err != nil {
		b.Fatal(err)
	}
	config := c.As(suite.FunctionAccount("assistants"))
	bare, err := genai.NewClient(b.Context(), &genai.ClientConfig{
		Backend: genai.BackendVertexAI, Project: preview.Endpoint.ProjectID, Location: preview.Endpoint.Location,
		HTTPClient:  &http.Client{Transport: config.Transport()},
		HTTPOptions: genai.HTTPOptions{BaseURL: "http://" + config.VertexHost + "/", APIVersion: "v1"},
	})
	if err != nil {
		b.Fatal(err)
	}
	cloudtest.CompareCPU(b, func() {
		if _, err := f.gateway.Send(b.Context(), request); err != nil {
			b.Fatal(err)
		}
	}, func() {
		for _, err := range bare.Models.GenerateContentStream(b.Context(), preview.Endpoint.Model,
			genai.Text(string(encoded.JSON)), &genai.GenerateContentConfig{
				SystemInstruction: genai.NewContentFromText(prompt.Instructions(encoded.Feature), genai.RoleUser), AutomaticContinuation: genai.Ptr(false),
			}) {
			if err != nil {
				b.Fatal(err)
			}
		}
	}, "bare")
}

func benchFixture(b *testing.B, c *cloudtest.Cloud) fixture {
	b.Helper()
	f := newFixture(b, c)
	f.tenant.Limits.ModelSendsPerHour, f.tenant.Limits.ModelTokensPerDay = 1<<40, 1<<50
	return f
}
