package suite_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	credentials "cloud.google.com/go/iam/credentials/apiv1"
	"cloud.google.com/go/kms/apiv1/kmspb"
	"cloud.google.com/go/storage"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/iam"
	"github.com/strongroom-dev/strongroom/emulator/suite"
	"github.com/strongroom-dev/strongroom/functions/uploads"
	"github.com/strongroom-dev/strongroom/infra"
	"github.com/strongroom-dev/strongroom/shared/access"
	"github.com/strongroom-dev/strongroom/shared/api"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/function"
	"github.com/strongroom-dev/strongroom/shared/gcp"
	"github.com/strongroom-dev/strongroom/shared/signedurl"
)

// signAs signs any V4 URL for an account with signBlob, as the function uploads could
// if its code were different.
func signAs(t *testing.T, c *cloudtest.Cloud, account string) func(method, bucket, object string, headers ...string) cloudtest.Upload {
	t.Helper()
	config := c.As(suite.FunctionAccount("uploads"))
	options, err := config.Dial(config.IAMCredentialsHost)
	if err != nil {
		t.Fatal(err)
	}
	client, err := credentials.NewIamCredentialsClient(t.Context(), options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	signer := signedurl.NewIAM(client, account)
	return func(method, bucket, object string, headers ...string) cloudtest.Upload {
		url, err := storage.SignedURL(bucket, object, &storage.SignedURLOptions{
			GoogleAccessID: account, Method: method, Scheme: storage.SigningSchemeV4, Style: storage.PathStyle(),
			SignBytes: func(b []byte) ([]byte, error) { return signer.Sign(context.WithoutCancel(t.Context()), b) },
			Expires:   c.Clock.Now().Add(time.Minute), Headers: headers, Hostname: config.StorageHost, Insecure: true,
		})
		if err != nil {
			t.Fatal(err)
		}
		u := cloudtest.Upload{Method: method, URL: url, Headers: map[string]string{}}
		for _, h := range headers {
			name, value, _ := strings.Cut(h, ":")
			u.Headers[name] = value
		}
		return u
	}
}

// A tenant's signing account may create objects in that tenant's bucket and nothing
// else, which limits what a fault in the functions could do.
func TestLaw1SigningAccountReachesOneBucket(t *testing.T) {
	t.Parallel()
	c := cloudtest.Shared(t)
	a, b := c.Tenant(t), c.Tenant(t)
	sign := signAs(t, c, a.SigningAccount)
	b.Store(t, cloudtest.NewRun(t), "kept.log", []byte("of b"))
	once := "x-goog-if-generation-match:0"
	sign(http.MethodPut, a.OutputsBucket, "kept", once).Put(t, []byte("of a")).Want(t, http.StatusOK)
	ofB := bucketContents(t, c, b.OutputsBucket)
	var keptOfB string
	for keptOfB = range ofB {
	}
	narrow := sign(http.MethodPut, a.OutputsBucket, "narrow", once, "x-goog-content-length-range:0,4")

	for name, try := range map[string]struct {
		upload cloudtest.Upload
		change []string
		status int
		code   string
	}{
		"create in another tenant's bucket":        {upload: sign("PUT", b.OutputsBucket, "new", once), change: nil, status: 403, code: "AccessDenied"},
		"replace in another tenant's bucket":       {upload: sign("PUT", b.OutputsBucket, keptOfB), change: nil, status: 403, code: "AccessDenied"},
		"read from another tenant's bucket":        {upload: sign("GET", b.OutputsBucket, keptOfB), change: nil, status: 403, code: "AccessDenied"},
		"list another tenant's bucket":             {upload: sign("GET", b.OutputsBucket, ""), change: nil, status: 403, code: "AccessDenied"},
		"delete in another tenant's bucket":        {upload: sign("DELETE", b.OutputsBucket, keptOfB), change: nil, status: 403, code: "AccessDenied"},
		"create in the tenant's bucket of exports": {upload: sign("PUT", a.ExportsBucket, "new", once), change: nil, status: 403, code: "AccessDenied"},
		"replay":                                   {upload: sign("PUT", a.OutputsBucket, "kept", once), change: nil, status: 412, code: "PreconditionFailed"},
		"replace in its own bucket":                {upload: sign("PUT", a.OutputsBucket, "kept"), change: nil, status: 403, code: "AccessDenied"},
		"read from its own bucket":                 {upload: sign("GET", a.OutputsBucket, "kept"), change: nil, status: 403, code: "AccessDenied"},
		"look into its own bucket":                 {upload: sign("HEAD", a.OutputsBucket, "kept"), change: nil, status: 403, code: ""},
		"list its own bucket":                      {upload: sign("GET", a.OutputsBucket, ""), change: nil, status: 403, code: "AccessDenied"},
		"delete in its own bucket":                 {upload: sign("DELETE", a.OutputsBucket, "kept"), change: nil, status: 403, code: "AccessDenied"},
		"leave a signed header out":                {upload: narrow, change: []string{"x-goog-content-length-range", ""}, status: 400, code: "MalformedSecurityHeader"},
		"widen a signed header":                    {upload: narrow, change: []string{"x-goog-content-length-range", "0,400"}, status: 403, code: "SignatureDoesNotMatch"},
		"add a header that is not signed":          {upload: narrow, change: []string{"x-goog-meta-a", "b"}, status: 400, code: "MalformedSecurityHeader"},
		"send more than the signed header's range": {upload: narrow, change: nil, status: 400, code: "EntityTooLarge"},
	} {
		t.Run(name, func(t *testing.T) {
			attempt{status: try.status, code: try.code}.check(t, try.upload.Put(t, []byte("other"), try.change...))
		})
	}
	if got := bucketContents(t, c, a.OutputsBucket); len(got) != 1 || got["kept"] != "of a" {
		t.Errorf("its own bucket contains %v", got)
	}
	if got := bucketContents(t, c, b.OutputsBucket); len(got) != 1 || got[keptOfB] != "of b" {
		t.Errorf("the other tenant's bucket contains %v", got)
	}
}

// uploadsFunctionWithKeys returns the function uploads with local signing keys in dir.
func uploadsFunctionWithKeys(t *testing.T, c *cloudtest.Cloud, dir string) http.Handler {
	t.Helper()
	config := c.As(suite.FunctionAccount("uploads"))
	clients := gcp.NewClients(config)
	t.Cleanup(func() { _ = clients.Close() })
	h, err := uploads.New(t.Context(), uploads.Config{
		LocalKeys: dir,
		Access:    access.Config{Audience: suite.Audience, Config: auditlog.Config{AuditKeyName: auditKeyName}},
	}, function.Deps{Clients: clients, Now: c.Clock.Now, Log: api.NewLogger(c.Log)})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// The bucket accepts all three signers, and none can sign after its permission is
// removed.
func TestLaw1SignersAgree(t *testing.T) {
	t.Parallel()
	c := cloudtest.New(t, suite.Options{})
	uploader := suite.FunctionAccount("uploads")
	for name, prepare := range map[string]func(*testing.T, *cloudtest.Tenant) (mint func() cloudtest.Response, remove func() error){
		"IAM signBlob": func(t *testing.T, tn *cloudtest.Tenant) (func() cloudtest.Response, func() error) {
			may := iam.Binding{Member: uploader, Role: infra.RoleName("strongroom.blobSigner", suite.ProjectID), Resource: "serviceAccounts/" + tn.SigningAccount}
			return minterOverLoadBalancer(t, tn), func() error { return c.IAM.Unbind(may) }
		},
		"a key in Cloud KMS": func(t *testing.T, tn *cloudtest.Tenant) (func() cloudtest.Response, func() error) {
			key := signingKey(t, tn)
			may := iam.Binding{Member: uploader, Role: "roles/cloudkms.signer", Resource: key}
			if err := c.IAM.Bind(may); err != nil {
				t.Fatal(err)
			}
			return minterOverLoadBalancer(t, tn), func() error { return c.IAM.Unbind(may) }
		},
	} {
		t.Run(name, func(t *testing.T) {
			tn := c.Tenant(t)
			mint, remove := prepare(t, tn)
			var out struct{ Parts []cloudtest.Upload }
			mint().Want(t, http.StatusOK).JSON(t, &out)
			out.Parts[0].Put(t, []byte(grantedText)).Want(t, http.StatusOK)
			if err := remove(); err != nil {
				t.Fatal(err)
			}
			before := c.IAM.Counts().SignBlob
			wantProblem(t, mint(), http.StatusInternalServerError)
			if got := c.IAM.Counts().SignBlob; got != before {
				t.Errorf("%d signatures without the permission", got-before)
			}
		})
	}
}

func TestLaw1SignersAgreeOnALocalKey(t *testing.T) {
	t.Parallel()
	c := cloudtest.Shared(t)
	tn := c.Tenant(t)
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, tn.SigningAccount+".pem"), pemOf("PRIVATE KEY", private), 0o600); err != nil {
		t.Fatal(err)
	}
	mint := minterAtHandler(t, tn, uploadsFunctionWithKeys(t, c, dir))
	var unknown, known struct{ Parts []cloudtest.Upload }
	mint().Want(t, http.StatusOK).JSON(t, &unknown)
	attempt{status: 403, code: "SignatureDoesNotMatch"}.check(t, unknown.Parts[0].Put(t, []byte(grantedText)))
	public, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.IAM.UploadKey(tn.SigningAccount, pemOf("PUBLIC KEY", public)); err != nil {
		t.Fatal(err)
	}
	mint().Want(t, http.StatusOK).JSON(t, &known)
	known.Parts[0].Put(t, []byte(grantedText)).Want(t, http.StatusOK)
}

func pemOf(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}

// minterOverLoadBalancer returns a function that mints one part of a new run.
func minterOverLoadBalancer(t *testing.T, tn *cloudtest.Tenant) func() cloudtest.Response {
	return func() cloudtest.Response {
		return tn.Do(t, "runner", http.MethodPost, tn.RunPath(cloudtest.NewRun(t))+"/uploads", oneUpload())
	}
}

func oneUpload() any {
	return map[string]any{"parts": []cloudtest.Part{cloudtest.PartOf("stdout.log", 1, []byte(grantedText))}}
}

// signingKey makes the tenant sign with a key in Cloud KMS, which is uploaded as a
// key of its signing account.
func signingKey(t *testing.T, tn *cloudtest.Tenant) (name string) {
	t.Helper()
	client, err := tn.Cloud.Operator.KMS(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ring, _, _ := strings.Cut(tn.KeyName, "/cryptoKeys/")
	key, err := client.CreateCryptoKey(t.Context(), &kmspb.CreateCryptoKeyRequest{Parent: ring, CryptoKeyId: "sign", CryptoKey: &kmspb.CryptoKey{
		Purpose:         kmspb.CryptoKey_ASYMMETRIC_SIGN,
		VersionTemplate: &kmspb.CryptoKeyVersionTemplate{Algorithm: kmspb.CryptoKeyVersion_RSA_SIGN_PKCS1_2048_SHA256},
	}})
	if err != nil {
		t.Fatal(err)
	}
	tn.SigningKeyName = key.Name + "/cryptoKeyVersions/1"
	public, err := client.GetPublicKey(t.Context(), &kmspb.GetPublicKeyRequest{Name: tn.SigningKeyName})
	if err != nil {
		t.Fatal(err)
	}
	if err := tn.Cloud.IAM.UploadKey(tn.SigningAccount, []byte(public.Pem)); err != nil {
		t.Fatal(err)
	}
	if err := tn.Cloud.Directory.Put(t.Context(), tn.Record); err != nil {
		t.Fatal(err)
	}
	return key.Name
}

// minterAtHandler returns a function that mints one part of a new run at a handler
// without a load balancer.
func minterAtHandler(t *testing.T, tn *cloudtest.Tenant, h http.Handler) func() cloudtest.Response {
	t.Helper()
	url := serve(t, h)
	return func() cloudtest.Response {
		c := cloudtest.AtURL(url)
		return c.Do(t, tn.Token(t, "runner"), http.MethodPost, tn.RunPath(cloudtest.NewRun(t))+"/uploads", oneUpload())
	}
}
