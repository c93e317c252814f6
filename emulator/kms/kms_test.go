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

// world is KMS as its clients see it, with one key ring.
type world struct {
	t     *testing.T
	clock *clock.Clock
	iam   *iam.Server
	kms   *kms.Server
	admin *kmsapi.KeyManagementClient // may administer keys, not use them
	user  *kmsapi.KeyManagementClient // may use keys, not administer them
}

func newWorld(t *testing.T, dir string) *world {
	t.Helper()
	w := &world{t: t, clock: &clock.Clock{}}
	w.iam = newIAM(t, w.clock)
	server, err := kms.New(kms.Config{Clock: w.clock, IAM: w.iam, Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	w.kms = server
	address := serve(t, server)
	w.admin, w.user = w.dial(address, admin), w.dial(address, worker)
	_, err = w.admin.CreateKeyRing(t.Context(), &kmspb.CreateKeyRingRequest{Parent: parent, KeyRingId: "tenants"})
	if err != nil && status.Code(err) != codes.AlreadyExists {
		t.Fatal(err)
	}
	return w
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

// dial gives Google's own client, as that account.
func (w *world) dial(address, email string) *kmsapi.KeyManagementClient {
	w.t.Helper()
	client, err := kmsapi.NewKeyManagementClient(w.t.Context(),
		option.WithEndpoint(address), option.WithoutAuthentication(),
		option.WithGRPCDialOption(grpc.WithTransportCredentials(insecure.NewCredentials())),
		option.WithGRPCDialOption(grpc.WithPerRPCCredentials(bearer(w.iam.AccessToken(email)))))
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { _ = client.Close() })
	return client
}

type bearer string

func (b bearer) GetRequestMetadata(context.Context, ...string) (map[string]string, error) {
	return map[string]string{"authorization": "Bearer " + string(b)}, nil
}

func (bearer) RequireTransportSecurity() bool { return false }

// key makes a key that encrypts, and gives its name.
func (w *world) key(id string) string {
	w.t.Helper()
	return w.keyLike(id, &kmspb.CryptoKey{Purpose: purpose})
}

func (w *world) keyLike(id string, like *kmspb.CryptoKey) string {
	w.t.Helper()
	k, err := w.admin.CreateCryptoKey(w.t.Context(),
		&kmspb.CreateCryptoKeyRequest{Parent: ring, CryptoKeyId: id, CryptoKey: like})
	if err != nil {
		w.t.Fatal(err)
	}
	return k.GetName()
}

func (w *world) encrypt(name, plaintext, aad string) *kmspb.EncryptResponse {
	w.t.Helper()
	sealed, err := w.user.Encrypt(w.t.Context(), &kmspb.EncryptRequest{
		Name: name, Plaintext: []byte(plaintext), AdditionalAuthenticatedData: []byte(aad),
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return sealed
}

func (w *world) decrypt(name string, ciphertext []byte, aad string) (string, error) {
	opened, err := w.user.Decrypt(w.t.Context(), &kmspb.DecryptRequest{
		Name: name, Ciphertext: ciphertext, AdditionalAuthenticatedData: []byte(aad),
	})
	return string(opened.GetPlaintext()), err
}

// opens fails the test unless the ciphertext opens to that plaintext.
func (w *world) opens(name string, ciphertext []byte, aad, want string) {
	w.t.Helper()
	got, err := w.decrypt(name, ciphertext, aad)
	if err != nil || got != want {
		w.t.Fatalf("decrypt: got %q, %v; want %q", got, err, want)
	}
}

// refuses fails the test unless err has that code.
func refuses(t *testing.T, err error, want codes.Code) {
	t.Helper()
	if status.Code(err) != want {
		t.Fatalf("got %v, want %v", err, want)
	}
}
