package kms

import (
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"

	"cloud.google.com/go/kms/apiv1/kmspb"
)

const symmetricBytes = 32 // AES-256

// algorithm says how the key material of a version is generated, as the bytes that
// are stored, and how these bytes become a cipher or signer.
type algorithm struct {
	generate func() ([]byte, error)
	open     func([]byte) (any, error) // returns a cipher.AEAD or a crypto.Signer
}

var algorithms = map[kmspb.CryptoKeyVersion_CryptoKeyVersionAlgorithm]algorithm{
	kmspb.CryptoKeyVersion_GOOGLE_SYMMETRIC_ENCRYPTION: {generateAES, openAES},
	kmspb.CryptoKeyVersion_RSA_SIGN_PKCS1_2048_SHA256:  {generateRSA(2048), x509.ParsePKCS8PrivateKey},
	kmspb.CryptoKeyVersion_RSA_SIGN_PKCS1_3072_SHA256:  {generateRSA(3072), x509.ParsePKCS8PrivateKey},
	kmspb.CryptoKeyVersion_RSA_SIGN_PKCS1_4096_SHA256:  {generateRSA(4096), x509.ParsePKCS8PrivateKey},
	kmspb.CryptoKeyVersion_EC_SIGN_P256_SHA256:         {generateP256, x509.ParsePKCS8PrivateKey},
	kmspb.CryptoKeyVersion_EC_SIGN_ED25519:             {generateEd25519, x509.ParsePKCS8PrivateKey},
}

// material is the key material of one version. RSA keys take long to generate, so
// they are generated when they are first used.
type material struct {
	path      string // empty: in memory only
	algorithm algorithm

	mu     sync.Mutex
	opened any // nil until needed
	erased bool
}

// open returns the cipher or signer, and generates the key material first if it
// does not exist.
func (m *material) open() (any, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.erased {
		return nil, errors.New("the key material is erased")
	}
	if m.opened != nil {
		return m.opened, nil
	}
	secret, err := m.read()
	if errors.Is(err, fs.ErrNotExist) {
		secret, err = m.create()
	}
	if err != nil {
		return nil, fmt.Errorf("open key material: %w", err)
	}
	opened, err := m.algorithm.open(secret)
	if err != nil {
		return nil, fmt.Errorf("open key material: %w", err)
	}
	m.opened = opened
	return opened, nil
}

func (m *material) read() ([]byte, error) {
	if m.path == "" {
		return nil, fs.ErrNotExist
	}
	return os.ReadFile(m.path)
}

func (m *material) create() ([]byte, error) {
	secret, err := m.algorithm.generate()
	if err != nil || m.path == "" {
		return secret, err
	}
	return secret, writeFile(m.path, secret)
}

// erase makes the key material unrecoverable: it overwrites and removes the file.
func (m *material) erase() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.erased = true
	m.opened = nil // a call in progress may still use it
	if m.path == "" {
		return nil
	}
	if err := overwrite(m.path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("erase key material: %w", err)
	}
	return nil
}

func overwrite(path string) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	info, err := f.Stat()
	if err == nil {
		_, err = f.Write(make([]byte, info.Size()))
	}
	return errors.Join(err, f.Sync(), f.Close(), os.Remove(path))
}

// aead returns the cipher of a version of GOOGLE_SYMMETRIC_ENCRYPTION.
func (m *material) aead() (cipher.AEAD, error) { return openedAs[cipher.AEAD](m) }

// signer returns the signer of a version that signs.
func (m *material) signer() (crypto.Signer, error) { return openedAs[crypto.Signer](m) }

func openedAs[T any](m *material) (T, error) {
	opened, err := m.open()
	if err != nil {
		var none T
		return none, err
	}
	as, ok := opened.(T)
	if !ok {
		return as, fmt.Errorf("the key has another purpose: %T", opened)
	}
	return as, nil
}

func generateAES() ([]byte, error) {
	secret := make([]byte, symmetricBytes)
	_, err := rand.Read(secret)
	return secret, err
}

func openAES(secret []byte) (any, error) {
	block, err := aes.NewCipher(secret)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(block)
}

func generateRSA(bits int) func() ([]byte, error) {
	return func() ([]byte, error) {
		key, err := rsa.GenerateKey(rand.Reader, bits)
		if err != nil {
			return nil, err
		}
		return x509.MarshalPKCS8PrivateKey(key)
	}
}

func generateP256() ([]byte, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	return x509.MarshalPKCS8PrivateKey(key)
}

func generateEd25519() ([]byte, error) {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	return x509.MarshalPKCS8PrivateKey(key)
}
