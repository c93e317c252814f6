package iam_test

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/strongroom-dev/strongroom/emulator/clock"
	"github.com/strongroom-dev/strongroom/emulator/iam"
)

const (
	uploads = "uploads@strongroom-local.iam.gserviceaccount.com"
	acme    = "sr-acme@strongroom-local.iam.gserviceaccount.com"
	globex  = "sr-globex@strongroom-local.iam.gserviceaccount.com"
)

func newServer(t *testing.T, dir string) *iam.Server {
	t.Helper()
	return newServerAt(t, dir, &clock.Clock{})
}

func newServerAt(t *testing.T, dir string, c *clock.Clock) *iam.Server {
	t.Helper()
	s, err := iam.New(iam.Config{ProjectID: "strongroom-local", Clock: c, Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	for _, email := range []string{uploads, acme, globex} {
		if err := s.CreateServiceAccount(email); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

func bind(t *testing.T, s *iam.Server, member, role, resource string) {
	t.Helper()
	if err := s.Bind(iam.Binding{Member: member, Role: role, Resource: resource}); err != nil {
		t.Fatal(err)
	}
}

func TestOnlyServiceAccountsHaveAccounts(t *testing.T) {
	t.Parallel()
	s := newServer(t, "")
	for _, email := range []string{
		"", "uploads", "somebody@example.com", "@x.iam.gserviceaccount.com", "../up@x.iam.gserviceaccount.com",
		"a b@x.iam.gserviceaccount.com", "Uploads@x.iam.gserviceaccount.com", "a@x.iam.gserviceaccount.com.evil.test",
		"a@x.iam.gserviceaccount.com\n",
	} {
		if err := s.CreateServiceAccount(email); err == nil {
			t.Errorf("%q has an account", email)
		}
	}
	if err := s.CreateServiceAccount("service-1@gs-project-accounts.iam.gserviceaccount.com"); err != nil {
		t.Error(err)
	}
}

func TestAnAccessTokenIdentifiesItsAccount(t *testing.T) {
	t.Parallel()
	s := newServer(t, "")
	for name, c := range map[string]struct {
		header []string
		want   codes.Code
	}{
		"the account's own":     {[]string{"Bearer " + s.AccessToken(uploads)}, codes.OK},
		"in lower case":         {[]string{"bearer " + s.AccessToken(uploads)}, codes.OK},
		"none":                  {nil, codes.Unauthenticated},
		"an empty one":          {[]string{""}, codes.Unauthenticated},
		"no scheme":             {[]string{s.AccessToken(uploads)}, codes.Unauthenticated},
		"another scheme":        {[]string{"Basic " + s.AccessToken(uploads)}, codes.Unauthenticated},
		"an invented token":     {[]string{"Bearer ya29.emulated-x"}, codes.Unauthenticated},
		"of an unknown account": {[]string{"Bearer " + s.AccessToken("x@x.iam.gserviceaccount.com")}, codes.Unauthenticated},
		"of another cloud":      {[]string{"Bearer " + newServer(t, "").AccessToken(uploads)}, codes.Unauthenticated},
		"two at once":           {[]string{"Bearer " + s.AccessToken(uploads), "Bearer " + s.AccessToken(acme)}, codes.Unauthenticated},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx := metadata.NewIncomingContext(t.Context(), metadata.MD{"authorization": c.header})
			email, err := s.Caller(ctx)
			if status.Code(err) != c.want || (err == nil) != (email == uploads) {
				t.Errorf("got %q, %v; want %v", email, err, c.want)
			}
		})
	}
}

func TestEverythingSurvivesARestart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := newServer(t, dir)
	own := newKey(t)
	if err := s.UploadKey(acme, publicPEM(t, own)); err != nil {
		t.Fatal(err)
	}
	bind(t, s, acme, "roles/storage.objectCreator", "buckets/acme")
	idToken, err := s.SignJWT(uploads, map[string]any{"aud": "x"})
	if err != nil {
		t.Fatal(err)
	}

	again, err := iam.New(iam.Config{ProjectID: "strongroom-local", Clock: &clock.Clock{}, Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	if email, ok := again.Authenticate(s.AccessToken(uploads)); !ok || email != uploads {
		t.Errorf("the access token is of %q, %v", email, ok)
	}
	if diff := cmp.Diff(s.Bindings(), again.Bindings()); diff != "" {
		t.Error(diff)
	}
	digest, signature := signed(t, own)
	if !again.Verify(acme, digest, signature) {
		t.Error("the uploaded key is lost")
	}
	if _, err := again.VerifyIDToken(idToken, "x"); err != nil {
		t.Error(err)
	}
}

func TestUploadedKeysSignForTheirAccountOnly(t *testing.T) {
	t.Parallel()
	s := newServer(t, "")
	byKey, byCertificate := newKey(t), newKey(t)
	for _, text := range [][]byte{publicPEM(t, byKey), publicPEM(t, byKey), certificatePEM(t, byCertificate)} {
		if err := s.UploadKey(acme, text); err != nil {
			t.Fatal(err)
		}
	}
	for _, key := range []*rsa.PrivateKey{byKey, byCertificate} {
		digest, signature := signed(t, key)
		if !s.Verify(acme, digest, signature) {
			t.Error("the account's key is not taken")
		}
		if s.Verify(globex, digest, signature) {
			t.Error("another account's key is taken")
		}
		if s.Verify(acme, bytes.Repeat([]byte{1}, 32), signature) {
			t.Error("a signature of something else is taken")
		}
	}
}

func TestOnlyPublicRSAKeysAreUploaded(t *testing.T) {
	t.Parallel()
	s := newServer(t, "")
	private := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: []byte{1}})
	for name, text := range map[string][]byte{
		"nothing":        nil,
		"no PEM":         []byte("key"),
		"a private key":  private,
		"no key inside":  pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: []byte{1}}),
		"no certificate": pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: []byte{1}}),
	} {
		if err := s.UploadKey(acme, text); err == nil {
			t.Errorf("%s is accepted as a key", name)
		}
	}
	if err := s.UploadKey("x@x.iam.gserviceaccount.com", publicPEM(t, newKey(t))); err == nil {
		t.Error("an unknown account has a key now")
	}
}

func TestAServerStartsWithoutGeneratingKeys(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := newServer(t, dir)
	if s.Verify(acme, make([]byte, 32), make([]byte, 256)) {
		t.Error("an account without a key has signed")
	}
	fresh, err := iam.New(iam.Config{ProjectID: "strongroom-local", Clock: &clock.Clock{}, Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := fresh.VerifyIDToken("a.b.c", "x"); err == nil {
		t.Error("a token of a key that was never made is taken")
	}
	if files := keyFiles(t, dir); len(files) != 0 {
		t.Errorf("keys were generated: %v", files)
	}
}

func newKey(t *testing.T) *rsa.PrivateKey {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func publicPEM(t *testing.T, key *rsa.PrivateKey) []byte {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
}

func certificatePEM(t *testing.T, key *rsa.PrivateKey) []byte {
	t.Helper()
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

func signed(t *testing.T, key *rsa.PrivateKey) (digest, signature []byte) {
	t.Helper()
	sum := sha256.Sum256([]byte("what is signed"))
	signature, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])
	if err != nil {
		t.Fatal(err)
	}
	return sum[:], signature
}
