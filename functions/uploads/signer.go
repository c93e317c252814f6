package uploads

import (
	"context"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	credentials "cloud.google.com/go/iam/credentials/apiv1"

	"github.com/strongroom-dev/strongroom/shared/signedurl"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// signer returns the signer of the tenant's signing account. It uses, in this order:
// the account's local key, the Cloud KMS key that the tenant's record names, and
// IAM signBlob.
func (h *Handler) signer(ctx context.Context, t tenant.Record) (signedurl.Signer, error) {
	if key := h.localKeys[t.SigningAccount]; key != nil {
		return signedurl.NewLocal(key, t.SigningAccount), nil
	}
	if t.SigningKeyName != "" {
		client, err := h.deps.Clients.KMS(ctx)
		return signedurl.NewKMS(client, t.SigningKeyName, t.SigningAccount), err
	}
	client, err := h.credentials.Get(ctx, func(ctx context.Context) (*credentials.IamCredentialsClient, error) {
		cloud := h.deps.Clients.Config
		options, err := cloud.Dial(cloud.IAMCredentialsHost)
		if err != nil {
			return nil, err
		}
		return credentials.NewIamCredentialsClient(ctx, options...)
	})
	return signedurl.NewIAM(client, t.SigningAccount), err
}

// readLocalKeys reads every ACCOUNT.pem in dir: the PKCS #8 private key that signs
// as that account. If dir is empty, there are no local keys.
func readLocalKeys(dir string) (map[string]*rsa.PrivateKey, error) {
	keys := map[string]*rsa.PrivateKey{}
	if dir == "" {
		return keys, nil
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.pem"))
	if err != nil {
		return nil, fmt.Errorf("list signing keys: %w", err)
	}
	for _, file := range files {
		key, err := readKey(file)
		if err != nil {
			return nil, fmt.Errorf("read signing key %s: %w", filepath.Base(file), err)
		}
		name := filepath.Base(file)
		keys[name[:len(name)-len(".pem")]] = key
	}
	return keys, nil
}

var errKey = errors.New("not a PEM file with a PKCS #8 RSA key of at least 2048 bits")

// readKey reads one private key. Its errors never show the content of the file.
func readKey(file string) (*rsa.PrivateKey, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, errKey
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, errKey
	}
	key, ok := parsed.(*rsa.PrivateKey)
	if !ok || key.N.BitLen() < 2048 {
		return nil, errKey
	}
	return key, nil
}
