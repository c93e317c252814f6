package suite_test

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"cloud.google.com/go/firestore/apiv1/firestorepb"
	"cloud.google.com/go/kms/apiv1/kmspb"
	"google.golang.org/protobuf/encoding/prototext"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/iam"
	"github.com/strongroom-dev/strongroom/emulator/suite"
	"github.com/strongroom-dev/strongroom/infra"
)

// secretSearch is a cloud in use, with every secret that was used and everything that
// was sent and stored.
type secretSearch struct {
	cloud    *cloudtest.Cloud
	secrets  map[string]string // description of each secret, by its text
	problems strings.Builder

	mu       sync.Mutex
	messages strings.Builder
}

func newSecretSearch(t *testing.T) *secretSearch {
	t.Helper()
	h := &secretSearch{cloud: cloudtest.New(t, suite.Options{}), secrets: map[string]string{"PRIVATE KEY": "a private key"}}
	h.cloud.PubSub.OnPublish(func(topic string, data []byte, attributes map[string]string) {
		h.mu.Lock()
		defer h.mu.Unlock()
		fmt.Fprintln(&h.messages, topic, string(data), attributes)
	})
	for name := range h.cloud.Suite.Functions {
		h.secrets[h.cloud.IAM.AccessToken(suite.FunctionAccount(name))] = "the access token of " + name
	}
	return h
}

// token adds the token, and its signature alone, to the secrets.
func (h *secretSearch) token(t *testing.T, tn *cloudtest.Tenant, persona string) string {
	token := tn.Token(t, persona)
	h.secrets[token] = "the token of " + persona
	h.secrets[token[strings.LastIndex(token, ".")+1:]] = "the signature of the token of " + persona
	return token
}

// uploads adds the URLs and their signatures, in three encodings, to the secrets.
func (h *secretSearch) uploads(t *testing.T, minted []cloudtest.Upload) {
	t.Helper()
	for _, u := range minted {
		parsed, err := url.Parse(u.URL)
		if err != nil {
			t.Fatal(err)
		}
		signature := parsed.Query().Get("X-Goog-Signature")
		raw, err := hex.DecodeString(signature)
		if err != nil || len(raw) == 0 {
			t.Fatalf("signature %q: %v", signature, err)
		}
		h.secrets[u.URL] = "a signed URL"
		h.secrets[signature] = "the signature of a URL"
		h.secrets[base64.StdEncoding.EncodeToString(raw)] = "the signature of a URL in base64"
		h.secrets[string(raw)] = "the bytes of a URL's signature"
	}
}

func (h *secretSearch) do(t *testing.T, token, method, path string, body any, header ...string) cloudtest.Response {
	t.Helper()
	r := h.cloud.Do(t, token, method, path, body, header...)
	if r.Status >= http.StatusBadRequest {
		fmt.Fprintln(&h.problems, string(r.Body), r.Header)
	}
	return r
}

// scenario uses the platform in every way, successfully and not.
func (h *secretSearch) scenario(t *testing.T, tn *cloudtest.Tenant) {
	t.Helper()
	runner, viewer := h.token(t, tn, "runner"), h.token(t, tn, "viewer")
	id, spare := cloudtest.NewRun(t), cloudtest.NewRun(t)
	for _, parts := range [][]byte{[]byte("first\n"), []byte("second\n")} {
		tn.Store(t, cloudtest.NewRun(t), "stdout.log", parts)
	}
	var out struct{ Parts []cloudtest.Upload }
	h.do(t, runner, "POST", tn.RunPath(id)+"/uploads", oneUpload()).Want(t, http.StatusOK).JSON(t, &out)
	h.uploads(t, out.Parts)
	out.Parts[0].Put(t, []byte("wrong"))
	out.Parts[0].Put(t, []byte(grantedText)).Want(t, http.StatusOK)
	out.Parts[0].Put(t, []byte(grantedText)).Want(t, http.StatusPreconditionFailed)
	h.cloud.Drain(t)
	h.do(t, runner, "POST", tn.RunPath(id)+"/uploads", oneUpload()).Want(t, http.StatusConflict)
	h.do(t, viewer, "GET", tn.RunPath(id)+"/outputs/stdout.log", nil).Want(t, http.StatusOK)

	secretURL, token := out.Parts[0].URL, runner
	h.do(t, viewer, "POST", tn.RunPath(id)+"/uploads", oneUpload()).Want(t, http.StatusForbidden)
	h.do(t, runner+"x", "POST", tn.RunPath(id)+"/uploads", oneUpload()).Want(t, http.StatusUnauthorized)
	h.do(t, "", "GET", tn.RunPath(id)+"?token="+token, nil, "Authorization", "Basic "+token).Want(t, http.StatusUnauthorized)
	h.do(t, viewer, "GET", tn.RunPath(id)+"/outputs?pageToken="+url.QueryEscape(secretURL), nil).Want(t, http.StatusUnprocessableEntity)
	h.do(t, viewer, "GET", "/v1/"+url.PathEscape(secretURL), nil)
	h.do(t, runner, "POST", tn.RunPath(spare)+"/uploads", map[string]any{"parts": []any{map[string]any{"output": secretURL, "part": token, "contentType": token}}}).Want(t, http.StatusUnprocessableEntity)
	h.do(t, runner, "POST", tn.RunPath(spare)+"/uploads", []byte(`{"parts":`+token)).Want(t, http.StatusBadRequest)
	h.do(t, runner, token[:20], tn.RunPath(spare), nil)
}

// Law 8: signed URLs, tokens and keys appear in no log, error, event or
// document.
func TestLaw8SecretsStaySecret(t *testing.T) {
	t.Parallel()
	h := newSecretSearch(t)
	tn := h.cloud.Tenant(t)
	h.scenario(t, tn)
	h.breakThings(t, tn)
	h.cloud.Drain(t)

	said := map[string]string{
		"the functions' log": h.cloud.Log.String(),
		"a problem":          h.problems.String(),
		"a message":          h.published(),
	}
	maps.Copy(said, h.documents())
	for what, text := range said {
		if text == "" {
			t.Errorf("nothing to search in %s", what)
		}
		for secret, name := range h.secrets {
			if strings.Contains(text, secret) {
				t.Errorf("%s contains %s", what, name)
			}
		}
	}
}

// breakThings makes signing, reading and the directory fail while tokens and URLs are
// in use.
func (h *secretSearch) breakThings(t *testing.T, tn *cloudtest.Tenant) {
	t.Helper()
	runner, viewer := h.token(t, tn, "runner"), h.token(t, tn, "viewer")
	id := cloudtest.NewRun(t)
	tn.Store(t, id, "kept.log", []byte(grantedText))
	h.disableKey(t, tn)
	h.do(t, viewer, "GET", tn.RunPath(id)+"/outputs/kept.log", nil).Want(t, http.StatusForbidden)
	may := iam.Binding{Member: suite.FunctionAccount("uploads"), Role: infra.RoleName("strongroom.blobSigner", suite.ProjectID), Resource: "serviceAccounts/" + tn.SigningAccount}
	without(t, h.cloud, may)
	h.do(t, runner, "POST", tn.RunPath(cloudtest.NewRun(t))+"/uploads", oneUpload()).Want(t, http.StatusInternalServerError)
	without(t, h.cloud, auditRole("uploads"))
	h.cloud.Clock.Advance(10 * time.Minute) // cached data keys expire
	h.do(t, runner, "POST", tn.RunPath(cloudtest.NewRun(t))+"/uploads", oneUpload()).Want(t, http.StatusInternalServerError)
}

func (h *secretSearch) disableKey(t *testing.T, tn *cloudtest.Tenant) {
	t.Helper()
	client, err := h.cloud.Operator.KMS(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	_, err = client.UpdateCryptoKeyVersion(t.Context(), &kmspb.UpdateCryptoKeyVersionRequest{
		CryptoKeyVersion: &kmspb.CryptoKeyVersion{Name: tn.KeyName + "/cryptoKeyVersions/1", State: kmspb.CryptoKeyVersion_DISABLED},
		UpdateMask:       &fieldmaskpb.FieldMask{Paths: []string{"state"}},
	})
	if err != nil {
		t.Fatal(err)
	}
}

func (h *secretSearch) published() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.messages.String()
}

// documents returns all documents in Firestore, by name. It returns none if Google's
// emulator replaces Firestore.
func (h *secretSearch) documents() map[string]string {
	all := map[string]string{}
	if h.cloud.Firestore == nil {
		return all
	}
	h.cloud.Firestore.Walk(func(_, document string, fields map[string]*firestorepb.Value) bool {
		var text strings.Builder
		for name, value := range fields {
			fmt.Fprintln(&text, name, prototext.Format(value), value.GetStringValue(), string(value.GetBytesValue()))
		}
		all["the document "+document] = text.String()
		return true
	})
	return all
}
