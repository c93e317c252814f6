package gcs_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"cloud.google.com/go/kms/apiv1/kmspb"
	"cloud.google.com/go/storage"
	"google.golang.org/api/option"

	"github.com/strongroom-dev/strongroom/emulator/clock"
	"github.com/strongroom-dev/strongroom/emulator/gcs"
	"github.com/strongroom-dev/strongroom/emulator/iam"
	"github.com/strongroom-dev/strongroom/emulator/kms"
)

// The accounts of every fixture and their roles on its bucket.
const (
	project  = "p"
	admin    = "admin@p.iam.gserviceaccount.com"  // everything
	creator  = "writer@p.iam.gserviceaccount.com" // objectCreator: signs uploads
	viewer   = "reader@p.iam.gserviceaccount.com" // objectViewer
	getter   = "getter@p.iam.gserviceaccount.com" // legacyObjectReader: reads but does not list
	stranger = "nobody@p.iam.gserviceaccount.com" // nothing
	agent    = "service-1@gs-project-accounts.iam.gserviceaccount.com"
	bucket   = "acme-outputs"
	topic    = "projects/p/topics/object-events"
	ring     = "projects/p/locations/global/keyRings/tenants"
	keyName  = ring + "/cryptoKeys/acme"
)

// fixture is a running server with the parts that it needs.
type fixture struct {
	t         testing.TB
	clock     *clock.Clock
	iam       *iam.Server
	kms       *kms.Server
	gcs       *gcs.Server
	url       string // http://127.0.0.1:PORT
	published *published
}

// uploadKey is the private key of creator. It is generated once, because that takes long.
var uploadKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

// newFixture starts a server with one bucket. Changes change the bucket and the config.
func newFixture(t testing.TB, changes ...func(*gcs.Bucket, *gcs.Config)) *fixture {
	t.Helper()
	f := &fixture{t: t, clock: &clock.Clock{}, published: &published{}}
	var err error
	f.iam, err = iam.New(iam.Config{ProjectID: project, Clock: f.clock})
	check(t, err)
	for member, role := range map[string]string{
		admin: "roles/owner", creator: "roles/storage.objectCreator", viewer: "roles/storage.objectViewer", stranger: "",
		getter: "roles/storage.legacyObjectReader",
		agent:  "roles/cloudkms.cryptoKeyEncrypterDecrypter",
	} {
		check(t, f.iam.CreateServiceAccount(member))
		if role != "" {
			check(t, f.iam.Bind(iam.Binding{Member: member, Role: role, Resource: scopeOf(member)}))
		}
	}
	check(t, f.iam.UploadKey(creator, publicPEM(t)))
	f.kms, err = kms.New(kms.Config{Clock: f.clock, IAM: f.iam})
	check(t, err)
	f.makeKey()
	config := gcs.Config{Clock: f.clock, IAM: f.iam, KMS: f.kms, ServiceAgent: agent, Publish: f.published.publish}
	b := gcs.Bucket{Name: bucket, Location: "EUROPE-WEST3", DefaultKMSKeyName: keyName, NotificationTopic: topic}
	for _, change := range changes {
		change(&b, &config)
	}
	f.start(config)
	check(t, f.gcs.CreateBucket(b))
	return f
}

func scopeOf(member string) string {
	switch member {
	case admin:
		return "projects/" + project
	case agent:
		return keyName
	}
	return "buckets/" + bucket
}

// start serves config until the test ends.
func (f *fixture) start(config gcs.Config) {
	f.t.Helper()
	var err error
	f.gcs, err = gcs.New(config)
	check(f.t, err)
	server := httptest.NewServer(f.gcs)
	f.url = server.URL
	f.t.Cleanup(func() {
		server.Close()
		if err := f.gcs.Close(); err != nil {
			f.t.Errorf("close: %v", err)
		}
	})
}

func (f *fixture) makeKey() {
	f.t.Helper()
	ctx := kms.As(context.Background(), admin)
	_, err := f.kms.CreateKeyRing(ctx, &kmspb.CreateKeyRingRequest{Parent: "projects/p/locations/global", KeyRingId: "tenants"})
	check(f.t, err)
	_, err = f.kms.CreateCryptoKey(ctx, &kmspb.CreateCryptoKeyRequest{
		Parent: ring, CryptoKeyId: "acme", CryptoKey: &kmspb.CryptoKey{Purpose: kmspb.CryptoKey_ENCRYPT_DECRYPT},
	})
	check(f.t, err)
}

func publicPEM(t testing.TB) []byte {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(&uploadKey().PublicKey)
	check(t, err)
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
}

func privatePEM(t testing.TB) []byte {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(uploadKey())
	check(t, err)
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
}

// client returns Google's own client for an account.
func (f *fixture) client(account string, options ...option.ClientOption) *storage.Client {
	f.t.Helper()
	as := &http.Client{Transport: bearer{f.iam.AccessToken(account)}}
	options = append([]option.ClientOption{option.WithEndpoint(f.url + "/storage/v1/"), option.WithHTTPClient(as)}, options...)
	c, err := storage.NewClient(context.Background(), options...)
	check(f.t, err)
	c.SetRetry(storage.WithPolicy(storage.RetryNever))
	f.t.Cleanup(func() { _ = c.Close() })
	return c
}

// bearer adds an access token to each request.
type bearer struct{ token string }

// RoundTrip implements http.RoundTripper.
func (b bearer) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("Authorization", "Bearer "+b.token)
	return http.DefaultTransport.RoundTrip(r)
}

// object returns an account's handle of an object in the bucket.
func (f *fixture) object(account, name string) *storage.ObjectHandle {
	f.t.Helper()
	return f.client(account).Bucket(bucket).Object(name)
}

// write stores content as admin.
func (f *fixture) write(name, content string) {
	f.t.Helper()
	check(f.t, write(f.object(admin, name), content))
}

func write(o *storage.ObjectHandle, content string) error {
	out := o.NewWriter(context.Background())
	if _, err := io.WriteString(out, content); err != nil {
		return err
	}
	return out.Close()
}

func read(o *storage.ObjectHandle) (string, error) {
	in, err := o.NewReader(context.Background())
	if err != nil {
		return "", err
	}
	defer func() { _ = in.Close() }()
	text, err := io.ReadAll(in)
	return string(text), err
}

// sign signs an upload URL for 15 minutes as creator, with these headers
// ("name:value") and the host.
func (f *fixture) sign(name string, headers ...string) string {
	f.t.Helper()
	return f.signWith(name, storage.SignedURLOptions{Method: http.MethodPut, Headers: headers})
}

func (f *fixture) signWith(name string, o storage.SignedURLOptions) string {
	f.t.Helper()
	return f.signFor(bucket, name, o)
}

func (f *fixture) signFor(bucket, name string, o storage.SignedURLOptions) string {
	f.t.Helper()
	o.GoogleAccessID, o.PrivateKey, o.Scheme, o.Insecure = creator, privatePEM(f.t), storage.SigningSchemeV4, true
	o.Hostname = strings.TrimPrefix(f.url, "http://")
	if o.Expires.IsZero() {
		o.Expires = time.Now().Add(15 * time.Minute)
	}
	signed, err := storage.SignedURL(bucket, name, &o)
	check(f.t, err)
	return signed
}

// response is a response with its body.
type response struct {
	status int
	header http.Header
	body   string
}

// send sends one request with these headers ("name:value").
func (f *fixture) send(method, url, body string, headers ...string) response {
	f.t.Helper()
	r, err := http.NewRequestWithContext(f.t.Context(), method, url, strings.NewReader(body))
	check(f.t, err)
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ":")
		if strings.EqualFold(name, "host") {
			r.Host = value
		} else {
			r.Header.Add(name, value)
		}
	}
	return f.do(r)
}

func (f *fixture) do(r *http.Request) response {
	f.t.Helper()
	got, err := http.DefaultClient.Do(r)
	check(f.t, err)
	defer func() { _ = got.Body.Close() }()
	text, err := io.ReadAll(got.Body)
	check(f.t, err)
	return response{got.StatusCode, got.Header, string(text)}
}

// token returns the header that authenticates an account.
func (f *fixture) token(account string) string {
	return "Authorization:Bearer " + f.iam.AccessToken(account)
}

// wantError checks the status and the code of an XML error.
func (r response) wantError(t testing.TB, status int, code string) {
	t.Helper()
	if r.status != status || !strings.Contains(r.body, "<Code>"+code+"</Code>") {
		t.Errorf("got %d %s, want %d %s", r.status, r.body, status, code)
	}
	if !strings.HasPrefix(r.body, "<?xml version='1.0' encoding='UTF-8'?><Error>") {
		t.Errorf("not Google's form of an error: %s", r.body)
	}
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// message is a message that was published to a topic.
type message struct {
	topic      string
	data       string
	attributes map[string]string
}

// published collects messages after a number of failures.
type published struct {
	mu       sync.Mutex
	failures int
	failed   chan struct{} // if set, receives one value for each failure
	came     chan struct{} // if set, receives one value for each message
	messages []message
}

func (p *published) publish(_ context.Context, topic string, data []byte, attributes map[string]string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.failures > 0 {
		p.failures--
		if p.failed != nil {
			p.failed <- struct{}{}
		}
		return context.DeadlineExceeded
	}
	p.messages = append(p.messages, message{topic, string(data), attributes})
	if p.came != nil {
		p.came <- struct{}{}
	}
	return nil
}

func (p *published) all() []message {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]message(nil), p.messages...)
}
