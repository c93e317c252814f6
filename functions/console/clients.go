package console

import (
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/strongroom-dev/strongroom/shared/lazyregexp"
	"github.com/strongroom-dev/strongroom/shared/openid"
	"github.com/strongroom-dev/strongroom/shared/secret"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// client is how the people of one tenant, or the staff, sign in: the console's
// registration at one issuer. It is a JSON file in the folder of the settings.
type client struct {
	Name         string               `json:"name"`         // what a person types to sign in: the tenant's ID, or "platform"
	Issuer       string               `json:"issuer"`       // exact iss; its discovery document is below it
	ClientID     string               `json:"clientId"`     // as the issuer registered the console
	ClientSecret secret.String        `json:"clientSecret"` // as the issuer registered the console
	Scopes       []string             `json:"scopes"`       // in addition to openid
	Parameters   map[string]string    `json:"parameters"`   // of the authorization request, such as access_type=offline
	Assistant    string               `json:"assistant"`    // whose answer the overview shows; empty: oncall
	Workspaces   []tenant.WorkspaceID `json:"workspaces"`   // shown for selection; the API decides about access
	Basic        bool                 `json:"basic"`        // the token endpoint takes the secret in the Authorization header, not in the body
	SigningKey   signingKey           `json:"signingKey"`   // proves to be the client, in place of clientSecret
	CommandLine  commandLine          `json:"commandLine"`  // how people sign in with the command line; the zero value: its users name the client themselves
}

// commandLine is the registration of the command line at the issuer: a native application
// (RFC 8252), which can keep no secret. Everybody may read it.
type commandLine struct {
	ClientID     string            `json:"clientId"`
	ClientSecret string            `json:"clientSecret,omitempty"` // not confidential: some issuers, such as Google, require one of native applications too
	Scopes       []string          `json:"scopes,omitempty"`       // in addition to openid
	Parameters   map[string]string `json:"parameters,omitempty"`   // of the authorization request
}

var clientName = lazyregexp.New(`^[a-z0-9-]{1,63}$`)

func (c client) validate(local bool) error {
	var errs []error
	if c.Assistant != "" && !clientName.MatchString(c.Assistant) {
		errs = append(errs, errors.New("assistant needs 1 to 63 characters from a-z, 0-9 and hyphen"))
	}
	if !clientName.MatchString(c.Name) {
		errs = append(errs, errors.New("name needs 1 to 63 characters from a-z, 0-9 and hyphen"))
	}
	u, err := url.Parse(c.Issuer)
	if err != nil || u.Host == "" || u.RawQuery != "" || u.Fragment != "" || (u.Scheme != "https" && !local) {
		errs = append(errs, errors.New("issuer is not an https URL without a query and a fragment"))
	}
	if c.ClientID == "" || c.ClientSecret.Empty() == (c.SigningKey.Version == "") {
		errs = append(errs, errors.New("clientId is required, and either clientSecret or signingKey"))
	}
	errs = append(errs, c.SigningKey.validate())
	for _, name := range openid.Reserved {
		_, console := c.Parameters[name]
		_, commandLine := c.CommandLine.Parameters[name]
		if console || commandLine {
			errs = append(errs, fmt.Errorf("parameters must not set %s", name))
		}
	}
	if c.CommandLine.ClientID != "" && c.CommandLine.ClientID == c.ClientID {
		errs = append(errs, errors.New("commandLine needs a clientId of its own: the console's client has a secret"))
	}
	for _, w := range c.Workspaces {
		if _, err := tenant.ParseWorkspaceID(string(w)); err != nil {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// maxClients limits the files that are read.
const maxClients = 10000

// maxClientBytes limits the bytes of one file. Secret Manager limits a secret to 64 KiB.
const maxClientBytes = 64 << 10

// clientsAge is how long the folder's files are cached.
const clientsAge = time.Minute

// clients reads the sign-in settings from a folder. It is safe for concurrent use.
type clients struct {
	dir   string
	now   func() time.Time
	local bool

	mu      sync.Mutex
	byName  map[string]client
	changed time.Time // of the folder, when it was read
	expires time.Time
}

// find returns the client with a name. It reads the files again after a minute, and if the
// folder has changed and has no such name so far.
func (c *clients) find(name string) (client, bool, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	found, ok := c.byName[name]
	if now := c.now(); c.byName == nil || !now.Before(c.expires) || (!ok && !c.folderChange().Equal(c.changed)) {
		changed := c.folderChange()
		all, err := readClients(c.dir, c.local)
		if err != nil {
			return client{}, false, err
		}
		c.byName, c.changed, c.expires = all, changed, now.Add(clientsAge)
		found, ok = all[name]
	}
	return found, ok, nil
}

// folderChange returns when the folder changed last, or the zero time.
func (c *clients) folderChange() time.Time {
	info, err := os.Stat(c.dir)
	if err != nil {
		return time.Time{}
	}
	return info.ModTime()
}

// readClients reads every JSON file in dir and below. One invalid file is an error,
// because a person would otherwise not find out why nobody can sign in.
func readClients(dir string, local bool) (map[string]client, error) {
	all := map[string]client{}
	if dir == "" {
		return all, nil
	}
	err := filepath.WalkDir(dir, func(file string, entry fs.DirEntry, err error) error {
		hidden := strings.HasPrefix(entry.Name(), "..") // of a mounted volume: other names of the same files
		switch {
		case err != nil:
			return err
		case hidden && entry.IsDir():
			return fs.SkipDir
		case entry.IsDir() || hidden || filepath.Ext(file) != ".json":
			return nil
		case len(all) >= maxClients:
			return fmt.Errorf("there are more than %d files", maxClients)
		}
		found, err := readClient(file, local)
		if err != nil {
			return fmt.Errorf("%s: %w", entry.Name(), err)
		}
		if _, taken := all[found.Name]; taken {
			return fmt.Errorf("%s: another file has the name %s", entry.Name(), found.Name)
		}
		all[found.Name] = found
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read sign-in settings: %w", err)
	}
	return all, nil
}

func readClient(file string, local bool) (client, error) {
	info, err := os.Stat(file)
	if err != nil {
		return client{}, err
	}
	if info.Size() > maxClientBytes {
		return client{}, fmt.Errorf("it has more than %d bytes", maxClientBytes)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return client{}, err
	}
	return parseClient(text, local)
}

// parseClient parses one file. Its errors do not quote it, because it has a secret.
func parseClient(text []byte, local bool) (client, error) {
	var c client
	if err := json.Unmarshal(text, &c, json.RejectUnknownMembers(true)); err != nil {
		return client{}, errors.New("it is not a JSON object with only the known fields, each once")
	}
	return c, c.validate(local)
}
