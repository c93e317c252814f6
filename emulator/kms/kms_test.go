package kms_test

import (
	"context"
	"net"
	"testing"
	"time"

	kmsapi "cloud.google.com/go/kms/apiv1"
	"cloud.google.com/go/kms/apiv1/kmspb"
	"google.golang.org/api/option"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"

	"github.com/strongroom-dev/strongroom/emulator/clock"
	"github.com/strongroom-dev/strongroom/emulator/iam"
	"github.com/strongroom-dev/strongroom/emulator/kms"
)

const (
	project = "projects/strongroom-local"
	parent  = project + "/locations/europe-west1"
	ring    = parent + "/keyRings/tenants"

	admin   = "admin@strongroom-local.iam.gserviceaccount.com"
	worker  = "worker@strongroom-local.iam.gserviceaccount.com"
	nobody  = "nobody@strongroom-local.iam.gserviceaccount.com"
	month   = 30 * 24 * time.Hour
	purpose = kmspb.CryptoKey_ENCRYPT_DECRYPT
)

// fixture is a running KMS with clients and one key ring.
type fixture struct {
	t     *testing.T
	clock *clock.Clock
	iam   *iam.Server
	kms   *kms.Server
	admin *kmsapi.KeyManagementClient // may administer keys, not use them
	user  *kmsapi.KeyManagementClient // may use keys, not administer them
}

func newFixture(t *testing.T, dir string) *fixture {
	t.Helper()
	f := &fixture{t: t, clock: &clock.Clock{}}
	f.iam = newIAM(t, f.clock)
	server, err := kms.New(kms.Config{Clock: f.clock, IAM: f.iam, Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	f.kms = server
	address := serve(t, server)
	f.admin, f.user = f.dial(address, admin), f.dial(address, worker)
	_, err = f.admin.CreateKeyRing(t.Context(), &kmspb.CreateKeyRingRequest{Parent: parent, KeyRingId: "tenants"})
	if err != nil && status.Code(err) != codes.AlreadyExists {
		t.Fatal(err)
	}
	return f
}

func newIAM(t *testing.T, c *clock.Clock) *iam.Server {
	t.Helper()
	server, err := iam.New(iam.Config{ProjectID: "strongroom-local", Clock: c})
	if err != nil {
		t.Fatal(err)
	}
	for _, email := range []string{admin, worker, nobody} {
		if err := server.CreateServiceAccount(email); err != nil {
			t.Fatal(err)
		}
	}
	for _, b := range []iam.Binding{
		{Member: admin, Role: "roles/cloudkms.admin", Resource: project},
		{Member: worker, Role: "roles/cloudkms.cryptoKeyEncrypterDecrypter", Resource: ring},
		{Member: worker, Role: "roles/cloudkms.signerVerifier", Resource: ring},
	} {
		if err := server.Bind(b); err != nil {
			t.Fatal(err)
		}
	}
	return server
}

func serve(t *testing.T, server *kms.Server) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	g := grpc.NewServer()
	server.Register(g)
	go func() { _ = g.Serve(listener) }()
	t.Cleanup(g.Stop)
	return listener.Addr().String()
}

// dial returns Google's own client for an account.
func (f *fixture) dial(address, email string) *kmsapi.KeyManagementClient {
	f.t.Helper()
	client, err := kmsapi.NewKeyManagementClient(f.t.Context(),
		option.WithEndpoint(address), option.WithoutAuthentication(),
		option.WithGRPCDialOption(grpc.WithTransportCredentials(insecure.NewCredentials())),
		option.WithGRPCDialOption(grpc.WithPerRPCCredentials(bearer(f.iam.AccessToken(email)))))
	if err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(func() { _ = client.Close() })
	return client
}

type bearer string

func (b bearer) GetRequestMetadata(context.Context, ...string) (map[string]string, error) {
	return map[string]string{"authorization": "Bearer " + string(b)}, nil
}

func (bearer) RequireTransportSecurity() bool { return false }

// key creates an encryption key and returns its name.
func (f *fixture) key(id string) string {
	f.t.Helper()
	return f.keyLike(id, &kmspb.CryptoKey{Purpose: purpose})
}

func (f *fixture) keyLike(id string, like *kmspb.CryptoKey) string {
	f.t.Helper()
	k, err := f.admin.CreateCryptoKey(f.t.Context(),
		&kmspb.CreateCryptoKeyRequest{Parent: ring, CryptoKeyId: id, CryptoKey: like})
	if err != nil {
		f.t.Fatal(err)
	}
	return k.GetName()
}

func (f *fixture) encrypt(name, plaintext, aad string) *kmspb.EncryptResponse {
	f.t.Helper()
	sealed, err := f.user.Encrypt(f.t.Context(), &kmspb.EncryptRequest{
		Name: name, Plaintext: []byte(plaintext), AdditionalAuthenticatedData: []byte(aad),
	})
	if err != nil {
		f.t.Fatal(err)
	}
	return sealed
}

func (f *fixture) decrypt(name string, ciphertext []byte, aad string) (string, error) {
	opened, err := f.user.Decrypt(f.t.Context(), &kmspb.DecryptRequest{
		Name: name, Ciphertext: ciphertext, AdditionalAuthenticatedData: []byte(aad),
	})
	return string(opened.GetPlaintext()), err
}

// wantDecrypted fails the test unless the ciphertext decrypts to the plaintext.
func (f *fixture) wantDecrypted(name string, ciphertext []byte, aad, want string) {
	f.t.Helper()
	got, err := f.decrypt(name, ciphertext, aad)
	if err != nil || got != want {
		f.t.Fatalf("decrypt: got %q, %v; want %q", got, err, want)
	}
}

// wantCode fails the test unless err has this code.
func wantCode(t *testing.T, err error, want codes.Code) {
	t.Helper()
	if status.Code(err) != want {
		t.Fatalf("got %v, want %v", err, want)
	}
}
