package iam

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"regexp"

	"github.com/strongroom-dev/strongroom/emulator/iam/rsakey"
)

// Google asks 6 to 30 characters of an account that a project makes; its own
// service agents break that rule, and so may ours.
var accountEmail = regexp.MustCompile(
	`^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?@[a-z0-9](?:[a-z0-9.-]{0,90}[a-z0-9])?\.gserviceaccount\.com$`)

// account is one service account.
type account struct {
	email    string
	managed  *rsakey.Key      // the key that Google holds
	uploaded []*rsa.PublicKey // halves of keys that others hold
}

// CreateServiceAccount makes the account of that email address, unless it is
// there. Its key is made with its first signature.
func (s *Server) CreateServiceAccount(email string) error {
	if !accountEmail.MatchString(email) {
		return fmt.Errorf("iam: %q is no service account's email address", email)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.accounts[email] != nil {
		return nil
	}
	s.add(email)
	return s.save()
}

// add is told of an account. The caller holds mu.
func (s *Server) add(email string) *account {
	a := &account{email: email, managed: rsakey.New(s.keyFile(email))}
	s.accounts[email] = a
	s.tokens[s.AccessToken(email)] = email
	return a
}

// UploadKey makes a key that somebody else holds (KMS, a machine) a key of the
// account: what it signs, the account signs. It takes a PEM public key or
// X.509 certificate of RSA, and the same one again without effect.
// Source: cloud.google.com/iam/docs/keys-upload.
func (s *Server) UploadKey(email string, publicKeyPEM []byte) error {
	key, err := parsePublicKey(publicKeyPEM)
	if err != nil {
		return fmt.Errorf("iam: upload a key of %s: %w", email, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.accounts[email]
	if a == nil {
		return fmt.Errorf("iam: upload a key: there is no account %q", email)
	}
	for _, known := range a.uploaded {
		if known.Equal(key) {
			return nil
		}
	}
	a.uploaded = append(a.uploaded, key)
	return s.save()
}

// Verify reports whether a key of the account, managed or uploaded, made this
// RSASSA-PKCS1-v1_5 signature of the SHA-256 digest.
func (s *Server) Verify(email string, sha256digest, signature []byte) bool {
	for _, key := range s.publicKeys(email) {
		if rsa.VerifyPKCS1v15(key, crypto.SHA256, sha256digest, signature) == nil {
			return true
		}
	}
	return false
}

func (s *Server) publicKeys(email string) []*rsa.PublicKey {
	a := s.account(email)
	if a == nil {
		return nil
	}
	managed, err := a.managed.Public()
	s.mu.RLock()
	defer s.mu.RUnlock()
	keys := append([]*rsa.PublicKey(nil), a.uploaded...)
	if managed != nil && err == nil {
		keys = append(keys, managed)
	}
	return keys
}

// sign signs payload with the managed key, and tells that key's id.
func (a *account) sign(payload []byte) (keyID string, signature []byte, err error) {
	key, err := a.managed.Private()
	if err != nil {
		return "", nil, err
	}
	digest := sha256.Sum256(payload)
	signature, err = rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, digest[:])
	return rsakey.ID(&key.PublicKey), signature, err
}

// account finds an account; nil if there is none of that name.
func (s *Server) account(email string) *account {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.accounts[email]
}

func parsePublicKey(text []byte) (*rsa.PublicKey, error) {
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, errors.New("this is not PEM")
	}
	var key any
	var err error
	switch block.Type {
	case "PUBLIC KEY":
		key, err = x509.ParsePKIXPublicKey(block.Bytes)
	case "CERTIFICATE":
		key, err = certifiedKey(block.Bytes)
	default:
		return nil, fmt.Errorf("PEM block %q is neither PUBLIC KEY nor CERTIFICATE", block.Type)
	}
	if err != nil {
		return nil, err
	}
	public, ok := key.(*rsa.PublicKey)
	if !ok {
		return nil, fmt.Errorf("%T is not an RSA public key", key)
	}
	return public, nil
}

func certifiedKey(der []byte) (any, error) {
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, err
	}
	return certificate.PublicKey, nil
}

func encodePublicKey(key *rsa.PublicKey) string {
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		panic(err) // an *rsa.PublicKey always encodes
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
}
