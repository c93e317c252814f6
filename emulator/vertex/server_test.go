package vertex_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"google.golang.org/genai"

	"github.com/strongroom-dev/strongroom/emulator/clock"
	"github.com/strongroom-dev/strongroom/emulator/iam"
	"github.com/strongroom-dev/strongroom/emulator/vertex"
)

const (
	sender   = "fn-assistants@p.iam.gserviceaccount.com"
	stranger = "fn-outputs@p.iam.gserviceaccount.com"
	path     = "/v1/projects/models/locations/europe-west3/publishers/google/models/gemini-3.5-flash:streamGenerateContent?alt=sse"
	body     = `{"contents":[{"role":"user","parts":[{"text":"{}"}]}]}`
)

// fixture is a server whose project models admits one account.
type fixture struct {
	iam    *iam.Server
	vertex *vertex.Server
	url    string
}

func newFixture(t *testing.T) fixture {
	t.Helper()
	accounts, err := iam.New(iam.Config{ProjectID: "p", Clock: &clock.Clock{}})
	if err != nil {
		t.Fatal(err)
	}
	for _, email := range []string{sender, stranger} {
		if err := accounts.CreateServiceAccount(email); err != nil {
			t.Fatal(err)
		}
	}
	if err := accounts.Bind(iam.Binding{Member: sender, Role: "roles/aiplatform.user", Resource: "projects/models"}); err != nil {
		t.Fatal(err)
	}
	server := vertex.New(accounts)
	listener := httptest.NewServer(server)
	t.Cleanup(listener.Close)
	return fixture{accounts, server, listener.URL}
}

func (f fixture) post(t *testing.T, path, token, body string) (status int, response string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, f.url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(text)
}

func TestRequestsThatAreNotAdmitted(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for name, row := range map[string]struct {
		path, token, body string
		status            int
	}{
		"no token":                             {path: path, token: "", body: body, status: 401},
		"an invented token":                    {path: path, token: "ya29.emulated-x", body: body, status: 401},
		"an account without a role":            {path: path, token: f.iam.AccessToken(stranger), body: body, status: 403},
		"a project without a role":             {path: strings.Replace(path, "/models/", "/others/", 1), token: f.iam.AccessToken(sender), body: body, status: 403},
		"another path":                         {path: "/v1/projects/models", token: f.iam.AccessToken(sender), body: body, status: 404},
		"another method of a model":            {path: strings.Replace(path, "streamGenerateContent?alt=sse", "countTokens", 1), token: f.iam.AccessToken(sender), body: body, status: 501},
		"a stream that is not of events":       {path: strings.TrimSuffix(path, "?alt=sse"), token: f.iam.AccessToken(sender), body: body, status: 501},
		"no JSON":                              {path: path, token: f.iam.AccessToken(sender), body: "x", status: 400},
		"no contents":                          {path: path, token: f.iam.AccessToken(sender), body: `{"contents":[]}`, status: 400},
		"tools, which are not modeled":         {path: path, token: f.iam.AccessToken(sender), body: body[:len(body)-1] + `,"tools":[{"googleSearch":{}}]}`, status: 400},
		"a stored cache, which is not modeled": {path: path, token: f.iam.AccessToken(sender), body: body[:len(body)-1] + `,"cachedContent":"x"}`, status: 400},
		"a last content of the model":          {path: path, token: f.iam.AccessToken(sender), body: strings.Replace(body, "user", "model", 1), status: 400},
	} {
		if status, response := f.post(t, row.path, row.token, row.body); status != row.status {
			t.Errorf("%s: status %d, want %d: %s", name, status, row.status, response)
		}
	}
	if all := f.vertex.Requests(""); len(all) != 0 {
		t.Errorf("%d requests were admitted", len(all))
	}
}

// Google's client reads the answers, and the server records what it sent.
func TestGooglesClientReadsAnAnswer(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.vertex.Respond("models", func(r vertex.Request) vertex.Answer {
		return vertex.Answer{Text: "The answer to " + r.Text + ", über all.", Pieces: 5}
	})
	client, err := genai.NewClient(t.Context(), &genai.ClientConfig{
		Backend: genai.BackendVertexAI, Project: "models", Location: "europe-west3",
		HTTPClient:  &http.Client{Transport: bearer(f.iam.AccessToken(sender))},
		HTTPOptions: genai.HTTPOptions{BaseURL: f.url + "/", APIVersion: "v1"},
	})
	if err != nil {
		t.Fatal(err)
	}
	config := &genai.GenerateContentConfig{SystemInstruction: genai.NewContentFromText("Be brief.", genai.RoleUser), AutomaticContinuation: genai.Ptr(false)}
	whole, err := client.Models.GenerateContent(t.Context(), "gemini-3.5-flash", genai.Text("this"), config)
	if err != nil || whole.Text() != "The answer to this, über all." || whole.Candidates[0].FinishReason != genai.FinishReasonStop {
		t.Fatalf("%+v, %v", whole, err)
	}
	var text strings.Builder
	pieces := 0
	for chunk, err := range client.Models.GenerateContentStream(t.Context(), "gemini-3.5-flash", genai.Text("this"), config) {
		if err != nil {
			t.Fatal(err)
		}
		text.WriteString(chunk.Text())
		pieces++
	}
	if text.String() != whole.Text() || pieces != 5 {
		t.Errorf("%d pieces: %q", pieces, &text)
	}
	all := f.vertex.Requests("models")
	if len(all) != 2 || all[0].Stream || !all[1].Stream || all[1].Caller != sender || all[1].Text != "this" || all[1].Instruction != "Be brief." {
		t.Errorf("the server has recorded %+v", all)
	}
}

// bearer is a transport that sends an access token.
type bearer string

func (b bearer) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("Authorization", "Bearer "+string(b))
	return http.DefaultTransport.RoundTrip(r)
}
