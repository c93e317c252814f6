// Package rsakey is an RSA-2048 signing key that is generated when it is first
// needed. Generating one takes a tenth of a second or more, and the embedded cloud
// should start in milliseconds.
package rsakey

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"
)

const (
	bits     = 2048
	pemBlock = "PRIVATE KEY"
	idBytes  = 20 // Google's key IDs have 40 hex digits
)

// Key is a signing key, in memory or in a file. Create it with New. It is safe for
// concurrent use.
type Key struct {
	path string

	mu      sync.Mutex
	private *rsa.PrivateKey // nil until needed
}

// New returns a key without generating or reading it. It is stored in the file
// path, or only in memory if path is empty.
func New(path string) *Key { return &Key{path: path} }

// Private returns the private key and generates it first if none exists. After
// an error, the next call tries again.
func (k *Key) Private() (*rsa.PrivateKey, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if err := k.load(); k.private != nil || err != nil {
		return k.private, err
	}
	private, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		return nil, fmt.Errorf("generate a signing key: %w", err)
	}
	if err := k.save(private); err != nil {
		return nil, err
	}
	k.private = private
	return private, nil
}

// Public returns the public key, or nil if the key has not been generated: a key
// that does not exist has signed nothing.
func (k *Key) Public() (*rsa.PublicKey, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if err := k.load(); k.private == nil || err != nil {
		return nil, err
	}
	return &k.private.PublicKey, nil
}

// ID returns the kid of a public key: 40 hex digits of its SHA-256.
func ID(public *rsa.PublicKey) string {
	sum := sha256.Sum256(x509.MarshalPKCS1PublicKey(public))
	return hex.EncodeToString(sum[:idBytes])
}

// load reads the file, if it exists and was not read yet.
func (k *Key) load() error {
	if k.private != nil || k.path == "" {
		return nil
	}
	text, err := os.ReadFile(k.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read a signing key: %w", err)
	}
	k.private, err = parse(text)
	return err
}

func parse(text []byte) (*rsa.PrivateKey, error) {
	block, _ := pem.Decode(text)
	if block == nil || block.Type != pemBlock {
		return nil, errors.New("read a signing key: the file has no PEM block " + pemBlock)
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("read a signing key: %w", err)
	}
	private, ok := key.(*rsa.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("read a signing key: %T is not an RSA key", key)
	}
	return private, nil
}

// save replaces the file atomically.
func (k *Key) save(private *rsa.PrivateKey) error {
	if k.path == "" {
		return nil
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return fmt.Errorf("store a signing key: %w", err)
	}
	text := pem.EncodeToMemory(&pem.Block{Type: pemBlock, Bytes: der})
	if err := os.WriteFile(k.path+".new", text, 0o600); err != nil {
		return fmt.Errorf("store a signing key: %w", err)
	}
	if err := os.Rename(k.path+".new", k.path); err != nil {
		return fmt.Errorf("store a signing key: %w", err)
	}
	return nil
}
