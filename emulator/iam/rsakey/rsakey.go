// Package rsakey keeps an RSA-2048 signing key that is made when it is first
// needed: making one takes a tenth of a second or more, and the embedded cloud
// starts in milliseconds.
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
	idBytes  = 20 // Google's key ids are 40 hex digits
)

// Key is one signing key, in memory or in a file. Make it with New. It is
// safe for concurrent use.
type Key struct {
	path string

	mu      sync.Mutex
	private *rsa.PrivateKey // nil until needed
}

// New names a key, and makes and reads nothing yet. The key is kept in the
// file path, or in memory only if path is empty.
func New(path string) *Key { return &Key{path: path} }

// Private gives the key, and makes it first if there is none. After an error
// the next call tries again.
func (k *Key) Private() (*rsa.PrivateKey, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if err := k.load(); k.private != nil || err != nil {
		return k.private, err
	}
	private, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		return nil, fmt.Errorf("make a signing key: %w", err)
	}
	if err := k.save(private); err != nil {
		return nil, err
	}
	k.private = private
	return private, nil
}

// Public gives the public half; nil if the key was not made yet. It never
// makes a key: what was never made has signed nothing.
func (k *Key) Public() (*rsa.PublicKey, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if err := k.load(); k.private == nil || err != nil {
		return nil, err
	}
	return &k.private.PublicKey, nil
}

// ID is what a public key is called as a `kid`: 40 hex digits of its SHA-256.
func ID(public *rsa.PublicKey) string {
	sum := sha256.Sum256(x509.MarshalPKCS1PublicKey(public))
	return hex.EncodeToString(sum[:idBytes])
}

// load reads the file, if there is one and it was not read yet.
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
		return nil, errors.New("read a signing key: no PEM block " + pemBlock)
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

// save writes the file whole or not at all.
func (k *Key) save(private *rsa.PrivateKey) error {
	if k.path == "" {
		return nil
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return fmt.Errorf("keep a signing key: %w", err)
	}
	text := pem.EncodeToMemory(&pem.Block{Type: pemBlock, Bytes: der})
	if err := os.WriteFile(k.path+".new", text, 0o600); err != nil {
		return fmt.Errorf("keep a signing key: %w", err)
	}
	if err := os.Rename(k.path+".new", k.path); err != nil {
		return fmt.Errorf("keep a signing key: %w", err)
	}
	return nil
}
