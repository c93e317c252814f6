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

// The accounts of every test's cloud and what each may do on its bucket.
const (
	project  = "p"
	admin    = "admin@p.iam.gserviceaccount.com"  // everything
	creator  = "writer@p.iam.gserviceaccount.com" // objectCreator: signs uploads
	viewer   = "reader@p.iam.gserviceaccount.com" // objectViewer
	getter   = "getter@p.iam.gserviceaccount.com" // legacyObjectReader: reads, lists nothing
	stranger = "nobody@p.iam.gserviceaccount.com" // nothing
	agent    = "service-1@gs-project-accounts.iam.gserviceaccount.com"
	bucket   = "acme-outputs"
	topic    = "projects/p/topics/object-events"
	ring     = "projects/p/locations/global/keyRings/tenants"
	keyName  = ring + "/cryptoKeys/acme"
)

// world is one test's cloud.
type world struct {
	t         testing.TB
	clock     *clock.Clock
	iam       *iam.Server
	kms       *kms.Server
	gcs       *gcs.Server
	url       string // http://127.0.0.1:PORT
	published *published
}

// uploadKey is the private key of creator; made once, since it takes long.
var uploadKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

// newWorld starts a cloud whose bucket is as the changes say.
func newWorld(t testing.TB, changes ...func(*gcs.Bucket, *gcs.Config)) *world {
	t.Helper()
	w := &world{t: t, clock: &clock.Clock{}, published: &published{}}
	var err error
	w.iam, err = iam.New(iam.Config{ProjectID: project, Clock: w.clock})
	check(t, err)
	for member, role := range map[string]string{
		admin: "roles/owner", creator: "roles/storage.objectCreator", viewer: "roles/storage.objectViewer", stranger: "",
		getter: "roles/storage.legacyObjectReader",
		agent:  "roles/cloudkms.cryptoKeyEncrypterDecrypter",
	} {
		check(t, w.iam.CreateServiceAccount(member))
		if role != "" {
			check(t, w.iam.Bind(iam.Binding{Member: member, Role: role, Resource: scopeOf(member)}))
		}
	}
	check(t, w.iam.UploadKey(creator, publicPEM(t)))
	w.kms, err = kms.New(kms.Config{Clock: w.clock, IAM: w.iam})
	check(t, err)
	w.makeKey()
	config := gcs.Config{Clock: w.clock, IAM: w.iam, KMS: w.kms, ServiceAgent: agent, Publish: w.published.publish}
	b := gcs.Bucket{Name: bucket, Location: "EUROPE-WEST3", DefaultKMSKeyName: keyName, NotificationTopic: topic}
	for _, change := range changes {
		change(&b, &config)
	}
	w.start(config)
	check(t, w.gcs.CreateBucket(b))
	return w
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
func (w *world) start(config gcs.Config) {
	w.t.Helper()
	var err error
	w.gcs, err = gcs.New(config)
	check(w.t, err)
	server := httptest.NewServer(w.gcs)
	w.url = server.URL
	w.t.Cleanup(func() {
		server.Close()
		if err := w.gcs.Close(); err != nil {
			w.t.Errorf("close: %v", err)
		}
	})
}

func (w *world) makeKey() {
	w.t.Helper()
	ctx := kms.As(context.Background(), admin)
	_, err := w.kms.CreateKeyRing(ctx, &kmspb.CreateKeyRingRequest{Parent: "projects/p/locations/global", KeyRingId: "tenants"})
	check(w.t, err)
	_, err = w.kms.CreateCryptoKey(ctx, &kmspb.CreateCryptoKeyRequest{
		Parent: ring, CryptoKeyId: "acme", CryptoKey: &kmspb.CryptoKey{Purpose: kmspb.CryptoKey_ENCRYPT_DECRYPT},
	})
	check(w.t, err)
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

// client is Google's own client as the account.
func (w *world) client(account string, options ...option.ClientOption) *storage.Client {
	w.t.Helper()
	as := &http.Client{Transport: bearer{w.iam.AccessToken(account)}}
	options = append([]option.ClientOption{option.WithEndpoint(w.url + "/storage/v1/"), option.WithHTTPClient(as)}, options...)
	c, err := storage.NewClient(context.Background(), options...)
	check(w.t, err)
	c.SetRetry(storage.WithPolicy(storage.RetryNever))
	w.t.Cleanup(func() { _ = c.Close() })
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

// object is Google's handle on one object of the bucket, as the account.
func (w *world) object(account, name string) *storage.ObjectHandle {
	w.t.Helper()
	return w.client(account).Bucket(bucket).Object(name)
}

// write stores content as admin.
func (w *world) write(name, content string) {
	w.t.Helper()
	check(w.t, write(w.object(admin, name), content))
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

// sign makes an upload URL for 15 minutes as creator, with these headers
// ("name:value") besides the host.
func (w *world) sign(name string, headers ...string) string {
	w.t.Helper()
	return w.signWith(name, storage.SignedURLOptions{Method: http.MethodPut, Headers: headers})
}

func (w *world) signWith(name string, o storage.SignedURLOptions) string {
	w.t.Helper()
	return w.signFor(bucket, name, o)
}

func (w *world) signFor(bucket, name string, o storage.SignedURLOptions) string {
	w.t.Helper()
	o.GoogleAccessID, o.PrivateKey, o.Scheme, o.Insecure = creator, privatePEM(w.t), storage.SigningSchemeV4, true
	o.Hostname = strings.TrimPrefix(w.url, "http://")
	if o.Expires.IsZero() {
		o.Expires = time.Now().Add(15 * time.Minute)
	}
	signed, err := storage.SignedURL(bucket, name, &o)
	check(w.t, err)
	return signed
}

// answer is what a request got.
type answer struct {
	status int
	header http.Header
	body   string
}

// send makes one request with these headers ("name:value").
func (w *world) send(method, url, body string, headers ...string) answer {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.t.Context(), method, url, strings.NewReader(body))
	check(w.t, err)
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ":")
		if strings.EqualFold(name, "host") {
			r.Host = value
		} else {
			r.Header.Add(name, value)
		}
	}
	return w.do(r)
}

func (w *world) do(r *http.Request) answer {
	w.t.Helper()
	got, err := http.DefaultClient.Do(r)
	check(w.t, err)
	defer func() { _ = got.Body.Close() }()
	text, err := io.ReadAll(got.Body)
	check(w.t, err)
	return answer{got.StatusCode, got.Header, string(text)}
}

// token is the header that identifies the account.
func (w *world) token(account string) string {
	return "Authorization:Bearer " + w.iam.AccessToken(account)
}

// refused checks an XML refusal's status and code.
func (a answer) refused(t testing.TB, status int, code string) {
	t.Helper()
	if a.status != status || !strings.Contains(a.body, "<Code>"+code+"</Code>") {
		t.Errorf("got %d %s, want %d %s", a.status, a.body, status, code)
	}
	if !strings.HasPrefix(a.body, "<?xml version='1.0' encoding='UTF-8'?><Error>") {
		t.Errorf("not Google's form of an error: %s", a.body)
	}
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// message is what came to a topic.
type message struct {
	topic      string
	data       string
	attributes map[string]string
}

// published collects messages, after it failed as often as it is told to.
type published struct {
	mu       sync.Mutex
	failures int
	failed   chan struct{} // if set, takes one token for each failure
	came     chan struct{} // if set, takes one token for each message
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
