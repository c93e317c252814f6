package command

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/profile"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/retry"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/signin"
	"github.com/strongroom-dev/strongroom/shared/openid"
	"github.com/strongroom-dev/strongroom/shared/secret"
)

// caller is who makes the requests: the person of a profile, or whoever a token in a file or
// in the environment is for.
type caller struct {
	name    string // of the profile; empty: the token comes from elsewhere
	profile profile.Profile
	named   bool   // --profile names it
	file    string // with the token; empty: it is in the environment, or missing
}

// caller returns where the token comes from. The first of these that is set decides: a flag,
// the environment, the active profile.
func (s *settings) caller() (caller, error) {
	if s.profile != "" && s.tokenFile != "" {
		return caller{}, usageError("--profile and --token-file contradict each other; use only one of them")
	}
	name := ""
	switch {
	case s.tokenFile != "":
		return caller{file: s.tokenFile}, nil
	case s.profile != "":
		name = s.profile
	case s.env(envTokenFile) != "":
		return caller{file: s.env(envTokenFile)}, nil
	case s.env(envToken) != "":
		return caller{}, nil
	default:
		active, err := s.profiles().Active()
		if err != nil {
			return caller{}, err
		}
		name = cmp.Or(s.env(envProfile), active)
	}
	if name == "" {
		return caller{}, nil
	}
	p, err := s.profiles().Read(name)
	if errors.Is(err, profile.ErrNotFound) {
		return caller{}, usageError("%w; to list profiles: strongroom profiles ls", err)
	}
	return caller{name: name, profile: p, named: s.profile != ""}, err
}

// profiles returns the directory of the profiles.
func (s *settings) profiles() profile.Dir {
	if dir := s.env(envConfig); dir != "" {
		return profile.Dir(dir)
	}
	dir, err := os.UserConfigDir()
	if err != nil {
		return "" // a container without a home directory: there are no profiles
	}
	return profile.Dir(filepath.Join(dir, "strongroom"))
}

// renewBefore is how long before its end the token of a profile is renewed.
const renewBefore = time.Minute

// profileToken returns the token of a profile, which it renews if it ends soon.
func (s *settings) profileToken(name string) (string, error) {
	p, err := s.profiles().Read(name)
	if err != nil {
		return "", err
	}
	if remaining(p.Tokens) > renewBefore {
		return p.Tokens.ID, nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second) // less than a call may take
	defer cancel()
	unlock, err := s.profiles().Lock(ctx, name)
	if err != nil {
		return "", err
	}
	defer unlock()
	if p, err = s.profiles().Read(name); err != nil { // another process may have renewed it
		return "", err
	}
	if remaining(p.Tokens) > renewBefore {
		return p.Tokens.ID, nil
	}
	return s.renew(ctx, name, p)
}

// remaining returns how long a token is still valid.
func remaining(t profile.Tokens) time.Duration {
	claims, err := openid.ParseClaims(t.ID)
	if err != nil {
		return 0
	}
	return time.Until(claims.ExpireTime())
}

// renew stores new tokens of a profile, and returns the ID token. The caller holds the
// profile's lock.
func (s *settings) renew(ctx context.Context, name string, p profile.Profile) (string, error) {
	valid := remaining(p.Tokens) > 0
	if p.Tokens.Refresh == "" {
		if valid {
			return p.Tokens.ID, nil
		}
		return "", endedError(name)
	}
	old := openid.Tokens{Refresh: p.Tokens.Refresh, Claims: openid.Claims{Subject: p.Tokens.Subject}}
	got, err := signin.Renew(ctx, registration(p.Client), old)
	switch {
	case err == nil:
		p.Tokens.ID, p.Tokens.Refresh = got.IDToken, got.Refresh
		return p.Tokens.ID, s.profiles().Write(name, p)
	case errors.Is(err, openid.ErrNoIDToken) && got.Refresh != p.Tokens.Refresh:
		p.Tokens.Refresh = got.Refresh
		err = errors.Join(err, s.profiles().Write(name, p))
	}
	if valid {
		return p.Tokens.ID, nil // the next request tries again
	}
	if errors.Is(err, openid.ErrRefused) || errors.Is(err, openid.ErrNoIDToken) {
		return "", endedError(name)
	}
	return "", &retry.Transient{Err: fmt.Errorf("renew the sign-in of profile %s: %w", name, err)}
}

func endedError(name string) error {
	return signInError("the sign-in of profile %s has ended; sign in again: strongroom login --profile %s", name, name)
}

// registration returns a client as package openid has it.
func registration(c profile.Client) openid.Client {
	return openid.Client{Issuer: c.Issuer, ID: c.ID, Secret: secret.New(c.Secret), Scopes: c.Scopes, Parameters: c.Parameters}
}
