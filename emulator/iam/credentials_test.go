package iam_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	credentials "cloud.google.com/go/iam/credentials/apiv1"
	"cloud.google.com/go/iam/credentials/apiv1/credentialspb"
	"cloud.google.com/go/storage"
	"google.golang.org/api/option"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"

	"github.com/strongroom-dev/strongroom/emulator/iam"
)

const tokenCreator = "roles/iam.serviceAccountTokenCreator"

type bearer string

func (b bearer) GetRequestMetadata(context.Context, ...string) (map[string]string, error) {
	return map[string]string{"authorization": "Bearer " + string(b)}, nil
}

func (bearer) RequireTransportSecurity() bool { return false }

// dial returns Google's own client with a token.
func dial(t *testing.T, s *iam.Server, token string) *credentials.IamCredentialsClient {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer()
	s.RegisterCredentials(server)
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(server.Stop)
	client, err := credentials.NewIamCredentialsClient(t.Context(),
		option.WithEndpoint(listener.Addr().String()), option.WithoutAuthentication(),
		option.WithGRPCDialOption(grpc.WithTransportCredentials(insecure.NewCredentials())),
		option.WithGRPCDialOption(grpc.WithPerRPCCredentials(bearer(token))))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	return client
}

func TestSignedURLsAreSignedThroughSignBlob(t *testing.T) {
	t.Parallel()
	s := newServer(t, "")
	bind(t, s, uploads, tokenCreator, "serviceAccounts/"+acme)
	client := dial(t, s, s.AccessToken(uploads))
	var payload, signature []byte
	signedURL, err := storage.SignedURL("acme-outputs", "w/run/stdout.log/00001", &storage.SignedURLOptions{
		GoogleAccessID: acme, Scheme: storage.SigningSchemeV4, Method: "PUT", Expires: time.Now().Add(time.Minute),
		SignBytes: func(b []byte) ([]byte, error) {
			answer, err := client.SignBlob(t.Context(), &credentialspb.SignBlobRequest{
				Name: "projects/-/serviceAccounts/" + acme, Payload: b})
			payload, signature = b, answer.GetSignedBlob()
			return signature, err
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	if parsed, err := url.Parse(signedURL); err != nil || len(parsed.Query().Get("X-Goog-Signature")) != 512 {
		t.Errorf("the URL has no signature: %v", err)
	}
	digest := sha256.Sum256(payload)
	if !s.Verify(acme, digest[:], signature) {
		t.Error("the signature is not the account's")
	}
	if s.Verify(globex, digest[:], signature) {
		t.Error("the signature is another account's too")
	}
	if got := s.Counts().SignBlob; got != 1 {
		t.Errorf("%d signatures counted, want 1", got)
	}
}

func TestSignBlobRejects(t *testing.T) {
	t.Parallel()
	s := newServer(t, "")
	bind(t, s, uploads, tokenCreator, "serviceAccounts/"+acme)
	bind(t, s, uploads, tokenCreator, "serviceAccounts/gone@x.iam.gserviceaccount.com")
	const prefix = "projects/-/serviceAccounts/"
	for name, c := range map[string]struct {
		token, account, payload string
		want                    codes.Code
	}{
		"no token of the cloud":          {token: "x", account: prefix + acme, payload: "p", want: codes.Unauthenticated},
		"an account without the role":    {token: s.AccessToken(acme), account: prefix + acme, payload: "p", want: codes.PermissionDenied},
		"another account's signature":    {token: s.AccessToken(uploads), account: prefix + globex, payload: "p", want: codes.PermissionDenied},
		"an account that does not exist": {token: s.AccessToken(uploads), account: prefix + "gone@x.iam.gserviceaccount.com", payload: "p", want: codes.NotFound},
		"an unknown, without role":       {token: s.AccessToken(uploads), account: prefix + "none@x.iam.gserviceaccount.com", payload: "p", want: codes.PermissionDenied},
		"a project in the name":          {token: s.AccessToken(uploads), account: "projects/p/serviceAccounts/" + acme, payload: "p", want: codes.InvalidArgument},
		"no name":                        {token: s.AccessToken(uploads), account: prefix, payload: "p", want: codes.InvalidArgument},
		"nothing to sign":                {token: s.AccessToken(uploads), account: prefix + acme, payload: "", want: codes.InvalidArgument},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := dial(t, s, c.token).SignBlob(t.Context(),
				&credentialspb.SignBlobRequest{Name: c.account, Payload: []byte(c.payload)})
			if status.Code(err) != c.want {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
	if got := s.Counts().SignBlob; got != 0 {
		t.Errorf("%d signatures counted, want 0", got)
	}
}

// post calls the REST API.
func post(t *testing.T, s *iam.Server, path, token, body string) (int, []byte) {
	t.Helper()
	server := httptest.NewServer(s.Handler())
	t.Cleanup(server.Close)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, answer
}

func TestSignBlobOverREST(t *testing.T) {
	t.Parallel()
	s := newServer(t, "")
	bind(t, s, uploads, tokenCreator, "serviceAccounts/"+acme)
	payload := base64.StdEncoding.EncodeToString([]byte("payload"))
	code, body := post(t, s, "/v1/projects/-/serviceAccounts/"+acme+":signBlob", s.AccessToken(uploads), `{"payload":"`+payload+`"}`)
	var answer struct {
		KeyID      string `json:"keyId"`
		SignedBlob []byte `json:"signedBlob"`
	}
	if err := json.Unmarshal(body, &answer); err != nil || code != http.StatusOK {
		t.Fatalf("%d %s: %v", code, body, err)
	}
	digest := sha256.Sum256([]byte("payload"))
	if len(answer.KeyID) != 40 || !s.Verify(acme, digest[:], answer.SignedBlob) {
		t.Errorf("answered %+v", answer)
	}
}

func TestSignBlobOverRESTRejectsAsGoogleDoes(t *testing.T) {
	t.Parallel()
	s := newServer(t, "")
	bind(t, s, uploads, tokenCreator, "serviceAccounts/"+acme)
	const good = `{"payload":"cGF5bG9hZA=="}`
	path := "/v1/projects/-/serviceAccounts/" + acme
	token := s.AccessToken(uploads)
	for name, c := range map[string]struct {
		path, token, body string
		code              int
		status            string
	}{
		"no token":         {path: path + ":signBlob", token: "", body: good, code: 401, status: "UNAUTHENTICATED"},
		"no permission":    {path: path + ":signBlob", token: s.AccessToken(acme), body: good, code: 403, status: "PERMISSION_DENIED"},
		"no JSON":          {path: path + ":signBlob", token: token, body: "payload", code: 400, status: "INVALID_ARGUMENT"},
		"no base64":        {path: path + ":signBlob", token: token, body: `{"payload":"*"}`, code: 400, status: "INVALID_ARGUMENT"},
		"an unknown name":  {path: path + ":signBlob", token: token, body: `{"payload":"cGF5","other":1}`, code: 400, status: "INVALID_ARGUMENT"},
		"a duplicate name": {path: path + ":signBlob", token: token, body: `{"payload":"cGF5","payload":"cGF5"}`, code: 400, status: "INVALID_ARGUMENT"},
		"a huge body":      {path: path + ":signBlob", token: token, body: `{"payload":"` + strings.Repeat("A", 2<<20) + `"}`, code: 400, status: "INVALID_ARGUMENT"},
		"another method":   {path: path + ":signJwt", token: token, body: good, code: 501, status: "UNIMPLEMENTED"},
		"another resource": {path: "/v1/projects", token: token, body: good, code: 404, status: "NOT_FOUND"},
	} {
		t.Run(name, func(t *testing.T) {
			code, body := post(t, s, c.path, c.token, c.body)
			var answer struct {
				Error struct {
					Code    int
					Status  string
					Message string
				}
			}
			if err := json.Unmarshal(body, &answer); err != nil {
				t.Fatalf("%s: %v", body, err)
			}
			if code != c.code || answer.Error.Code != c.code || answer.Error.Status != c.status || answer.Error.Message == "" {
				t.Errorf("got %d %s, want %d %s", code, body, c.code, c.status)
			}
			if bytes.Contains(body, []byte(token)) {
				t.Error("the answer holds the token")
			}
		})
	}
}
