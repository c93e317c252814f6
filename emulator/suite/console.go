package suite

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/strongroom-dev/strongroom/emulator/oidc"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// The secrets of the console. In production, Secret Manager has them.
const (
	consoleCookieKey = "the embedded cloud's console cookies"
	consoleSecret    = "the embedded cloud's client secret"
)

// staffName is the name that the platform's staff sign in to the console under.
const staffName = "platform"

// consoleClient returns the client ID of the console for the people of a tenant, or for
// the staff.
func consoleClient(id tenant.ID) string {
	if id == "" {
		id = staffName
	}
	return "console-" + string(id)
}

// commandLineClient returns the client ID of the command line for the people of a tenant, or
// for the staff.
func commandLineClient(id tenant.ID) string {
	return "command-line-" + strings.TrimPrefix(consoleClient(id), "console-")
}

// commandLineRedirect is where the command line receives the browser, at any port.
const commandLineRedirect = "http://127.0.0.1/"

// createConsole creates the folder of the console's sign-in settings, in which Terraform
// mounts secrets in production, and the settings of the staff.
func (c *Cloud) createConsole(context.Context) error {
	dir, err := os.MkdirTemp("", "strongroom-console-")
	if err != nil {
		return fmt.Errorf("create the console's sign-in settings: %w", err)
	}
	c.consoleDir = dir
	return c.addConsoleClient("", nil, "platform")
}

// addConsoleClient lets personas sign in to the console.
func (c *Cloud) addConsoleClient(id tenant.ID, workspaces []tenant.WorkspaceID, personas ...string) error {
	people := map[string]oidc.Identity{}
	for _, persona := range personas {
		of := id
		if of == "" {
			of = "staff"
		}
		people[persona] = oidc.Identity{"sub": subject(of, persona), "name": persona, "persona": persona}
	}
	clientID := consoleClient(id)
	c.Issuer.AddClient(clientID, oidc.Client{Secret: consoleSecret, RedirectURI: c.ConsoleURL() + "/callback", People: people})
	c.Issuer.AddClient(commandLineClient(id), oidc.Client{RedirectURI: commandLineRedirect, People: people})
	name := string(id)
	if name == "" {
		name = staffName
	}
	return c.WriteSignIn(name, map[string]any{
		"name": name, "issuer": c.Issuer.URL(), "clientId": clientID, "clientSecret": consoleSecret, "workspaces": workspaces,
		"commandLine": map[string]any{"clientId": commandLineClient(id)},
	})
}

// WriteSignIn writes a file of the console's sign-in settings. The console reads it
// after a minute at the latest.
func (c *Cloud) WriteSignIn(name string, settings map[string]any) error {
	text, err := json.Marshal(settings)
	if err != nil {
		return fmt.Errorf("write sign-in settings: %w", err)
	}
	if err := os.WriteFile(filepath.Join(c.consoleDir, name+".json"), text, 0o600); err != nil {
		return fmt.Errorf("write sign-in settings: %w", err)
	}
	return nil
}

// ConsoleURL returns the address of the console.
func (c *Cloud) ConsoleURL() string { return c.URL + "/console" }

// Close stops the cloud and removes the folder of the console's settings.
func (c *Cloud) Close() error {
	err := c.Cloud.Close()
	if c.consoleDir != "" {
		_ = os.RemoveAll(c.consoleDir) // it is in the directory for temporary files
	}
	return err
}
