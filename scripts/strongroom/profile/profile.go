// Package profile stores how a person uses platforms: the address, the workspace and the
// sign-in of each profile, in the user's config directory.
//
//	active               the name of the active profile
//	profiles/NAME.json   a profile with its tokens, mode 0600
//	profiles/NAME.lock   held while its tokens are renewed
package profile

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/durable"
	"github.com/strongroom-dev/strongroom/shared/lazyregexp"
)

// Profile is how a person uses one platform. A file has one, with its tokens.
type Profile struct {
	URL       string `json:"url"`
	Workspace string `json:"workspace,omitempty"`
	Tenant    string `json:"tenant,omitempty"` // whose people sign in, or platform for the staff
	Client    Client `json:"client,omitzero"`
	Tokens    Tokens `json:"tokens,omitzero"` // the zero value: nobody is signed in
}

// Client is the registration of the command line at an identity provider.
type Client struct {
	Issuer     string            `json:"issuer"`
	ID         string            `json:"clientId"`
	Secret     string            `json:"clientSecret,omitempty"` // only of providers that require one of native applications
	Scopes     []string          `json:"scopes,omitempty"`
	Parameters map[string]string `json:"parameters,omitempty"`
	Redirect   string            `json:"redirect,omitempty"` // where the browser is sent back to; empty: http://127.0.0.1/, at any port
}

// Tokens are a person's sign-in.
type Tokens struct {
	ID      string `json:"id"`
	Refresh string `json:"refresh,omitempty"`
	Subject string `json:"subject"`
}

// Dir is the directory of the profiles. The zero Dir has none and can store none.
type Dir string

// DefaultName is the name of the profile that login creates if it is given no name.
const DefaultName = "default"

var name = lazyregexp.New(`^[a-z0-9][a-z0-9-]{0,62}$`)

// CheckName rejects a name that no profile can have.
func CheckName(text string) error {
	if !name.MatchString(text) {
		return fmt.Errorf("%q is not a valid name of a profile: use 1 to 63 characters from a-z, 0-9 and hyphen, with no hyphen at the start", text)
	}
	return nil
}

// ErrNotFound is the error of a profile that does not exist.
var ErrNotFound = errors.New("there is no such profile")

// file returns the path of a profile's file with an extension.
func (d Dir) file(name, extension string) string {
	return filepath.Join(string(d), "profiles", name+extension)
}

// maxBytes limits a profile's file.
const maxBytes = 1 << 20

// Read reads a profile.
func (d Dir) Read(name string) (Profile, error) {
	if err := CheckName(name); err != nil {
		return Profile{}, err
	}
	path := d.file(name, ".json")
	info, err := os.Stat(path)
	switch {
	case d == "" || errors.Is(err, fs.ErrNotExist):
		return Profile{}, fmt.Errorf("profile %s: %w", name, ErrNotFound)
	case err != nil:
		return Profile{}, fmt.Errorf("read profile %s: %w", name, err)
	case runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0:
		return Profile{}, fmt.Errorf("read profile %s: other users may read its tokens: run chmod 600 %s", name, path)
	case info.Size() > maxBytes:
		return Profile{}, fmt.Errorf("read profile %s: its file has more than %d bytes", name, maxBytes)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return Profile{}, fmt.Errorf("read profile %s: %w", name, err)
	}
	var p Profile
	if json.Unmarshal(text, &p) != nil { // the error could quote a token
		return Profile{}, fmt.Errorf("read profile %s: %s is not valid JSON: sign in again", name, path)
	}
	return p, nil
}

// Write stores a profile. The caller holds its lock.
func (d Dir) Write(name string, p Profile) error {
	text, err := json.MarshalIndent(p, "", "  ")
	if err == nil {
		err = d.create()
	}
	if err == nil {
		err = durable.Replace(d.file(name, ".json"), append(text, '\n'))
	}
	if err != nil {
		return fmt.Errorf("write profile %s: %w", name, err)
	}
	return nil
}

func (d Dir) create() error {
	if d == "" {
		return errors.New("there is no config directory: set STRONGROOM_CONFIG")
	}
	return os.MkdirAll(filepath.Join(string(d), "profiles"), 0o700)
}

// Remove deletes a profile. The caller holds its lock.
func (d Dir) Remove(name string) error {
	if err := os.Remove(d.file(name, ".json")); err != nil {
		return fmt.Errorf("delete profile %s: %w", name, err)
	}
	if active, _ := d.Active(); active == name {
		return d.SetActive("")
	}
	return nil
}

// Names lists the profiles, sorted.
func (d Dir) Names() ([]string, error) {
	if d == "" {
		return nil, nil
	}
	entries, err := os.ReadDir(filepath.Join(string(d), "profiles"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, syscall.ENOTDIR) {
		return nil, fmt.Errorf("list profiles: %w", err)
	}
	var names []string
	for _, entry := range entries {
		if text, ok := strings.CutSuffix(entry.Name(), ".json"); ok && name.MatchString(text) {
			names = append(names, text)
		}
	}
	slices.Sort(names)
	return names, nil
}

// Active returns the name of the active profile, or "".
func (d Dir) Active() (string, error) {
	if d == "" {
		return "", nil
	}
	text, err := os.ReadFile(filepath.Join(string(d), "active"))
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("read the name of the active profile: %w", err)
	}
	return strings.TrimSpace(string(text)), nil
}

// SetActive makes a profile the active one, or none if name is empty.
func (d Dir) SetActive(name string) error {
	if err := d.create(); err != nil {
		return fmt.Errorf("set the active profile: %w", err)
	}
	if err := durable.Replace(filepath.Join(string(d), "active"), []byte(name+"\n")); err != nil {
		return fmt.Errorf("set the active profile: %w", err)
	}
	return nil
}

// lockPoll is the pause between two attempts to lock a profile.
const lockPoll = 50 * time.Millisecond

// Lock waits until no other process changes the profile. Issuers that replace refresh tokens
// end the sign-in if two processes use the same one.
func (d Dir) Lock(ctx context.Context, name string) (unlock func(), err error) {
	if err := CheckName(name); err != nil {
		return nil, err
	}
	if err := d.create(); err != nil {
		return nil, fmt.Errorf("lock profile %s: %w", name, err)
	}
	for {
		lock, err := durable.Lock(d.file(name, ".lock"))
		if err == nil {
			return func() { _ = lock.Close() }, nil // it has no data
		}
		if !errors.Is(err, durable.ErrLocked) {
			return nil, fmt.Errorf("lock profile %s: %w", name, err)
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("lock profile %s: %w", name, context.Cause(ctx))
		case <-time.After(lockPoll):
		}
	}
}
