package iam

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/strongroom-dev/strongroom/emulator/iam/rsakey"
)

// Issuer is the `iss` of Google's ID tokens.
const Issuer = "https://accounts.google.com"

// idTokenLifetime is Google's: cloud.google.com/docs/authentication/token-types#id-lifetime.
const idTokenLifetime = time.Hour

// SignJWT returns an ID token of the account, signed with RS256 by Google's key.
// It is valid for an hour. Claims must contain aud and may contain iat and exp;
// SignJWT sets iss, sub, azp, email and email_verified.
func (s *Server) SignJWT(email string, claims map[string]any) (string, error) {
	if s.account(email) == nil {
		return "", fmt.Errorf("iam: sign an ID token: account %q does not exist", email)
	}
	token, err := s.google.SignJWT(s.idClaims(email, claims))
	if err != nil {
		return "", fmt.Errorf("iam: sign an ID token: %w", err)
	}
	return token, nil
}

func (s *Server) idClaims(email string, requested map[string]any) map[string]any {
	now := s.config.Clock.Now()
	claims := map[string]any{"iat": now.Unix(), "exp": now.Add(idTokenLifetime).Unix()}
	maps.Copy(claims, requested)
	maps.Copy(claims, map[string]any{
		"iss":            Issuer,
		"email":          email,
		"email_verified": true,
		"sub":            uniqueID(email),
		"azp":            uniqueID(email),
	})
	return claims
}

// VerifyIDToken returns the email in an ID token. Google must have signed the token
// for exactly this audience, and it must not have expired.
func (s *Server) VerifyIDToken(token, audience string) (email string, err error) {
	claims, err := s.verifySignature(token)
	if err != nil {
		return "", fmt.Errorf("iam: verify an ID token: %w", err)
	}
	if err := claims.check(audience, s.config.Clock.Now()); err != nil {
		return "", fmt.Errorf("iam: verify an ID token: %w", err)
	}
	if s.account(claims.Email) == nil {
		return "", errors.New("iam: verify an ID token: its account does not exist")
	}
	return claims.Email, nil
}

// idClaims are the claims that VerifyIDToken checks.
type idClaims struct {
	jwt.Claims
	Email         string `json:"email"`
	EmailVerified bool   `json:"email_verified"`
}

// verifySignature returns the claims of a token that Google's key signed.
func (s *Server) verifySignature(token string) (idClaims, error) {
	var claims idClaims
	parsed, err := jwt.ParseSigned(token, []jose.SignatureAlgorithm{jose.RS256})
	if err != nil {
		return claims, err
	}
	key, err := s.google.Public()
	if err != nil {
		return claims, err
	}
	if key == nil || len(parsed.Headers) != 1 || parsed.Headers[0].KeyID != rsakey.ID(key) {
		return claims, errors.New("it is not signed by Google's key")
	}
	return claims, parsed.Claims(key, &claims)
}

func (c idClaims) check(audience string, now time.Time) error {
	switch {
	case c.Issuer != Issuer:
		return errors.New("it has another issuer")
	case audience == "" || len(c.Audience) != 1 || c.Audience[0] != audience:
		return errors.New("it has another audience")
	case c.Expiry == nil || !now.Before(c.Expiry.Time()):
		return errors.New("it has expired")
	case c.IssuedAt == nil || now.Before(c.IssuedAt.Time()):
		return errors.New("it was issued in the future")
	case c.NotBefore != nil && now.Before(c.NotBefore.Time()):
		return errors.New("it is not valid yet")
	case !c.EmailVerified:
		return errors.New("its email address is not verified")
	}
	return nil
}

// JWKS returns the public key of SignJWT as a JSON Web Key Set. It generates the
// key if none exists.
func (s *Server) JWKS() ([]byte, error) {
	key, err := s.google.Private()
	if err != nil {
		return nil, fmt.Errorf("iam: publish keys: %w", err)
	}
	return rsakey.JWKS(&key.PublicKey)
}

// uniqueID returns the account's number, which has 21 digits as Google's have.
func uniqueID(email string) string {
	sum := sha256.Sum256([]byte(email))
	return fmt.Sprintf("1%020d", binary.BigEndian.Uint64(sum[:8]))
}
