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

// idTokenLifetime is Google's. Source: cloud.google.com/docs/authentication/token-types#id-lifetime.
const idTokenLifetime = time.Hour

// SignJWT makes an ID token of the account, signed RS256 by Google's key, that
// lives an hour. Who it is about (iss, sub, azp, email, email_verified) is not
// the caller's to say; claims must hold `aud`, and may set iat and exp.
func (s *Server) SignJWT(email string, claims map[string]any) (string, error) {
	if s.account(email) == nil {
		return "", fmt.Errorf("iam: sign an ID token: there is no account %q", email)
	}
	token, err := s.google.SignJWT(s.idClaims(email, claims))
	if err != nil {
		return "", fmt.Errorf("iam: sign an ID token: %w", err)
	}
	return token, nil
}

func (s *Server) idClaims(email string, given map[string]any) map[string]any {
	now := s.config.Clock.Now()
	claims := map[string]any{"iat": now.Unix(), "exp": now.Add(idTokenLifetime).Unix()}
	maps.Copy(claims, given)
	maps.Copy(claims, map[string]any{
		"iss": Issuer, "email": email, "email_verified": true, "sub": uniqueID(email), "azp": uniqueID(email),
	})
	return claims
}

// VerifyIDToken tells whose ID token this is, if Google signed it for exactly
// this audience and it has not expired.
func (s *Server) VerifyIDToken(token, audience string) (email string, err error) {
	claims, err := s.verified(token)
	if err != nil {
		return "", fmt.Errorf("iam: verify an ID token: %w", err)
	}
	if err := claims.check(audience, s.config.Clock.Now()); err != nil {
		return "", fmt.Errorf("iam: verify an ID token: %w", err)
	}
	if s.account(claims.Email) == nil {
		return "", errors.New("iam: verify an ID token: it names no account")
	}
	return claims.Email, nil
}

// idClaims is what is looked at in an ID token.
type idClaims struct {
	jwt.Claims
	Email         string `json:"email"`
	EmailVerified bool   `json:"email_verified"`
}

// verified gives the claims of a token that Google's key signed.
func (s *Server) verified(token string) (idClaims, error) {
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
		return claims, errors.New("no key of Google's signed it")
	}
	return claims, parsed.Claims(key, &claims)
}

func (c idClaims) check(audience string, now time.Time) error {
	switch {
	case c.Issuer != Issuer:
		return errors.New("another issuer made it")
	case audience == "" || len(c.Audience) != 1 || c.Audience[0] != audience:
		return errors.New("it is for another audience")
	case c.Expiry == nil || !now.Before(c.Expiry.Time()):
		return errors.New("it has expired")
	case c.IssuedAt == nil || now.Before(c.IssuedAt.Time()):
		return errors.New("it is of the future")
	case c.NotBefore != nil && now.Before(c.NotBefore.Time()):
		return errors.New("it is not valid yet")
	case !c.EmailVerified:
		return errors.New("its email address is not verified")
	}
	return nil
}

// JWKS is the public key that SignJWT signs with, as a JSON Web Key Set. It
// makes the key if there is none.
func (s *Server) JWKS() ([]byte, error) {
	key, err := s.google.Private()
	if err != nil {
		return nil, fmt.Errorf("iam: publish keys: %w", err)
	}
	return rsakey.JWKS(&key.PublicKey)
}

// uniqueID is the account's number: 21 digits, as Google's are.
func uniqueID(email string) string {
	sum := sha256.Sum256([]byte(email))
	return fmt.Sprintf("1%020d", binary.BigEndian.Uint64(sum[:8]))
}
