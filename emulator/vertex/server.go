package vertex

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"

	"github.com/strongroom-dev/strongroom/emulator/iam"
)

// Limits of the server.
const (
	maxBody     = 8 << 20 // bytes of a request
	maxRecorded = 10_000  // requests that Requests returns; older ones are forgotten
)

// predict is the permission that a request needs:
// cloud.google.com/vertex-ai/docs/general/iam-permissions.
const predict = "aiplatform.endpoints.predict"

// Request is a request that was admitted.
type Request struct {
	Caller    string // email of the service account
	ProjectID string
	Location  string
	Model     string
	Stream    bool
	Body      []byte // exact
	SHA256    string // hex, of Body

	Instruction string // text of the system instruction
	Text        string // of the last content
	MaxTokens   int    // that the answer may have; 0: no limit
}

// Server serves models. It is safe for concurrent use.
type Server struct {
	iam *iam.Server

	mu         sync.Mutex
	requests   []Request
	responders map[string]func(Request) Answer // by project; "": all others
}

// New returns the server.
func New(iam *iam.Server) *Server {
	return &Server{iam: iam, responders: map[string]func(Request) Answer{}}
}

// Respond sets what answers the requests to a project; "": to all projects that have
// none. A nil respond restores the answers of the server.
func (s *Server) Respond(projectID string, respond func(Request) Answer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if respond == nil {
		delete(s.responders, projectID)
		return
	}
	s.responders[projectID] = respond
}

// Requests returns the requests to a project that were admitted, the oldest first; "":
// to all projects.
func (s *Server) Requests(projectID string) []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []Request
	for _, r := range s.requests {
		if projectID == "" || r.ProjectID == projectID {
			all = append(all, r)
		}
	}
	return all
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	request, err := s.admit(r)
	if err != nil {
		err.write(w)
		return
	}
	s.record(request)
	s.answer(request).write(w, r, request)
}

func (s *Server) record(r Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests = append(s.requests, r)
	if len(s.requests) > maxRecorded {
		s.requests = newerHalf(s.requests)
	}
}

// newerHalf returns the newer half of the requests, so that the older half can be freed.
func newerHalf(all []Request) []Request { return append([]Request(nil), all[len(all)/2:]...) }

func (s *Server) answer(r Request) Answer {
	s.mu.Lock()
	respond := s.responders[r.ProjectID]
	if respond == nil {
		respond = s.responders[""]
	}
	s.mu.Unlock()
	if respond == nil {
		return Echo(r)
	}
	return respond(r)
}

// Echo is the answer of the server itself. It repeats nothing of the request but its
// size and its hash.
func Echo(r Request) Answer {
	return Answer{Text: fmt.Sprintf("This is the embedded Vertex AI, which has no model. The request had %d bytes and the SHA-256 %s.", len(r.Body), r.SHA256)}
}

// admit identifies the caller and parses the request.
func (s *Server) admit(r *http.Request) (Request, *apiError) {
	request, err := parsePath(r)
	if err != nil {
		return request, err
	}
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	caller, known := s.iam.Authenticate(token)
	if !known || !strings.EqualFold(scheme, "Bearer") {
		return request, &apiError{http.StatusUnauthorized, "UNAUTHENTICATED", "Request had invalid authentication credentials."}
	}
	if !s.iam.Allowed(caller, predict, "projects/"+request.ProjectID) {
		return request, &apiError{http.StatusForbidden, "PERMISSION_DENIED", fmt.Sprintf("Permission '%s' denied on resource (or it may not exist).", predict)}
	}
	request.Caller = caller
	body, failed := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	if failed != nil || len(body) > maxBody {
		return request, invalidArgument("Request payload size exceeds the limit.")
	}
	sum := sha256.Sum256(body)
	request.Body, request.SHA256 = body, hex.EncodeToString(sum[:])
	return request, request.parseBody()
}

// parsePath reads POST /{v1,v1beta1}/projects/P/locations/L/publishers/google/models/M:METHOD.
func parsePath(r *http.Request) (Request, *apiError) {
	parts := strings.Split(strings.TrimPrefix(r.URL.Path, "/"), "/")
	if r.Method != http.MethodPost || len(parts) != 9 || (parts[0] != "v1" && parts[0] != "v1beta1") || parts[1] != "projects" ||
		parts[3] != "locations" || parts[5] != "publishers" || parts[6] != "google" || parts[7] != "models" {
		return Request{}, &apiError{http.StatusNotFound, "NOT_FOUND", "Requested entity was not found."}
	}
	model, method, _ := strings.Cut(parts[8], ":")
	request := Request{ProjectID: parts[2], Location: parts[4], Model: model}
	switch {
	case model == "" || request.ProjectID == "" || request.Location == "":
		return request, &apiError{http.StatusNotFound, "NOT_FOUND", "Requested entity was not found."}
	case method == "generateContent":
	case method == "streamGenerateContent" && r.URL.Query().Get("alt") == "sse":
		request.Stream = true
	default:
		return request, &apiError{http.StatusNotImplemented, "UNIMPLEMENTED", "Only generateContent, and streamGenerateContent with alt=sse, are modeled."}
	}
	return request, nil
}

// content and body are the modeled part of a request:
// cloud.google.com/vertex-ai/generative-ai/docs/model-reference/inference.
type content struct {
	Role  string `json:"role"`
	Parts []struct {
		Text string `json:"text"`
	} `json:"parts"`
}

type body struct {
	Contents          []content `json:"contents"`
	SystemInstruction *content  `json:"systemInstruction"`
	GenerationConfig  struct {
		Temperature     *float64 `json:"temperature"`
		TopP            *float64 `json:"topP"`
		CandidateCount  int      `json:"candidateCount"`
		MaxOutputTokens int      `json:"maxOutputTokens"`
	} `json:"generationConfig"`
}

func (r *Request) parseBody() *apiError {
	var b body
	decoder := json.NewDecoder(bytes.NewReader(r.Body))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&b); err != nil {
		return invalidArgument("Invalid JSON payload received, or a field that is not modeled.")
	}
	if len(b.Contents) == 0 || b.GenerationConfig.CandidateCount > 1 {
		return invalidArgument("contents is required, and candidateCount must be 1.")
	}
	last := b.Contents[len(b.Contents)-1]
	if last.Role != "user" || last.text() == "" {
		return invalidArgument("The last content must have the role user and a text.")
	}
	r.Text, r.MaxTokens = last.text(), b.GenerationConfig.MaxOutputTokens
	if b.SystemInstruction != nil {
		r.Instruction = b.SystemInstruction.text()
	}
	return nil
}

func (c content) text() string {
	var all strings.Builder
	for _, p := range c.Parts {
		all.WriteString(p.Text)
	}
	return all.String()
}
