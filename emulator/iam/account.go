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

// accountEmail allows account IDs that are shorter or longer than the 6 to 30
// characters of a project's own accounts, because Google's service agents have such
// IDs.
var accountEmail = regexp.MustCompile(
	`^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?@[a-z0-9](?:[a-z0-9.-]{0,90}[a-z0-9])?\.gserviceaccount\.com$`)

// account is one service account.
type account struct {
	email    string
	managed  *rsakey.Key      // Google holds the private key
	uploaded []*rsa.PublicKey // somebody else holds the private keys
}

// CreateServiceAccount creates the account with this email, unless it exists. Its
// key is generated when it signs for the first time.
func (s *Server) CreateServiceAccount(email string) error {
	if !accountEmail.MatchString(email) {
		return fmt.Errorf("iam: %q is not the email of a service account", email)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.accounts[email] != nil {
		return nil
	}
	s.add(email)
	return s.save()
}

// add adds an account without saving it. The caller holds mu.
func (s *Server) add(email string) *account {
	a := &account{email: email, managed: rsakey.New(s.keyFile(email))}
	s.accounts[email] = a
	s.tokens[s.AccessToken(email)] = email
	return a
}

// UploadKey adds a public key to the account, so that what its private key (in
// KMS, or on a machine) signs counts as signed by the account. It accepts an RSA
// public key or X.509 certificate in PEM. Adding a key again does nothing.
// Source: cloud.google.com/iam/docs/keys-upload.
func (s *Server) UploadKey(email string, publicKeyPEM []byte) error {
	key, err := parsePublicKey(publicKeyPEM)
	if err != nil {
		return fmt.Errorf("iam: upload a key for %s: %w", email, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.accounts[email]
	if a == nil {
		return fmt.Errorf("iam: upload a key: account %q does not exist", email)
	}
	for _, known := range a.uploaded {
		if known.Equal(key) {
			return nil
		}
	}
	a.uploaded = append(a.uploaded, key)
	return s.save()
}

// Verify reports whether signature is an RSASSA-PKCS1-v1_5 signature of the SHA-256
// digest by one of the account's keys, managed or uploaded.
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

// sign signs payload with the managed key and returns the ID of that key.
func (a *account) sign(payload []byte) (keyID string, signature []byte, err error) {
	key, err := a.managed.Private()
	if err != nil {
		return "", nil, err
	}
	digest := sha256.Sum256(payload)
	signature, err = rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, digest[:])
	return rsakey.ID(&key.PublicKey), signature, err
}

// account returns an account, or nil if it does not exist.
func (s *Server) account(email string) *account {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.accounts[email]
}

func parsePublicKey(text []byte) (*rsa.PublicKey, error) {
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, errors.New("the key is not PEM")
	}
	var key any
	var err error
	switch block.Type {
	case "PUBLIC KEY":
		key, err = x509.ParsePKIXPublicKey(block.Bytes)
	case "CERTIFICATE":
		key, err = certifiedKey(block.Bytes)
	default:
		return nil, fmt.Errorf("the PEM block is %q; use PUBLIC KEY or CERTIFICATE", block.Type)
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
