package command

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/profile"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/signin"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/view"
	"github.com/strongroom-dev/strongroom/shared/openid"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// staffName is the name that the platform's staff sign in under, in place of a tenant's ID.
const staffName = "platform"

// loginOptions are the flags of login.
type loginOptions struct {
	tenant               string
	issuer, clientID     string
	secretFile, redirect string
	scopes               []string
	device, printOnly    bool
}

func loginCommand(a *app) *cobra.Command {
	var o loginOptions
	cmd := &cobra.Command{
		Use:   "login",
		Short: "Sign in with a browser",
		Long: `Sign in at your identity provider with a browser, and store the sign-in in a profile.
It is renewed when it is about to end. The commands then need no token, URL and workspace.

The platform knows the identity provider and the client ID of your tenant. If your
administrator has not registered the command line there, set --issuer and --client-id, and
--client-secret-file for a provider that requires a secret of native applications, such as
Google.

On a machine without a browser, sign in on another one with --device, if the identity
provider offers it.`,
		Example: `  strongroom login --url https://strongroom.example.com --tenant acme
  strongroom login --profile staging --url https://staging.example.com --tenant acme --workspace prod
  strongroom login --device`,
		Args: exactArgs(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, stop := interruptible(cmd.Context())
			defer stop()
			return a.login(ctx, o)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&o.tenant, "tenant", "", "ID of your tenant, or platform for the staff (default: as before in this profile)")
	flags.StringVar(&o.issuer, "issuer", "", "issuer of the identity provider (default: the one that the platform names)")
	flags.StringVar(&o.clientID, "client-id", "", "client ID of the command line at the identity provider (default: the one that the platform names)")
	flags.StringVar(&o.secretFile, "client-secret-file", "", "file with the client secret, for a provider that requires one")
	flags.StringVar(&o.redirect, "redirect", "", "address of this machine that the browser is sent back to, as it is registered, for example http://localhost:8400/callback (default "+signin.DefaultRedirect+", at any port)")
	flags.StringSliceVar(&o.scopes, "scope", nil, "scope in addition to openid, such as offline_access (repeatable)")
	flags.BoolVar(&o.device, "device", false, "print a code to enter in a browser on another machine")
	flags.BoolVar(&o.printOnly, "no-browser", false, "print the address instead of opening a browser")
	onlyOneOf(cmd, "device", "no-browser")
	addTimeout(cmd)
	return cmd
}

// login signs a person in, and stores the profile.
func (a *app) login(ctx context.Context, o loginOptions) error {
	dir := a.settings.profiles()
	name, err := a.loginProfile(dir)
	if err != nil {
		return err
	}
	p, err := a.profileToSignIn(ctx, o, dir, name)
	if err != nil {
		return err
	}
	got, err := a.signIn(ctx, o, p.Client)
	if err != nil {
		return signInFailed(err)
	}
	p.Tokens = profile.Tokens{ID: got.IDToken, Refresh: got.Refresh, Subject: got.Claims.Subject}
	unlock, err := dir.Lock(ctx, name)
	if err != nil {
		return err
	}
	defer unlock()
	if err := errors.Join(dir.Write(name, p), dir.SetActive(name)); err != nil {
		return err
	}
	who := cmp.Or(got.Claims.Email, got.Claims.Name, got.Claims.Subject)
	a.notice("signed in to %s as %s of %s; profile %s is active", p.URL, view.Name(who), p.Tenant, name)
	if p.Workspace == "" {
		a.notice("no workspace is set: use --workspace NAME, or sign in again with it")
	}
	return nil
}

// loginProfile returns the name of the profile to sign in to.
func (a *app) loginProfile(dir profile.Dir) (string, error) {
	active, err := dir.Active()
	if err != nil {
		return "", err
	}
	name := cmp.Or(a.settings.profile, a.settings.env(envProfile), active, profile.DefaultName)
	if err := profile.CheckName(name); err != nil {
		return "", &exitError{exitUsage, err}
	}
	return name, nil
}

// profileToSignIn returns the profile with the settings of the flags. What no flag sets is as
// before, or as the platform says.
func (a *app) profileToSignIn(ctx context.Context, o loginOptions, dir profile.Dir, name string) (profile.Profile, error) {
	p, err := dir.Read(name)
	if err != nil && !errors.Is(err, profile.ErrNotFound) {
		return p, err
	}
	address := cmp.Or(a.settings.url, p.URL, a.settings.env(envURL))
	if address == "" {
		return p, usageError("no platform: use --url URL, or set %s", envURL)
	}
	if p.URL != "" && !samePlatform(address, p.URL) {
		p = profile.Profile{} // nothing of another platform stays
	}
	p.URL, p.Workspace, p.Tenant = address, cmp.Or(a.settings.workspace, p.Workspace, a.settings.env(envWorkspace)), cmp.Or(o.tenant, p.Tenant)
	if o.tenant != "" || p.Client.ID == "" {
		p.Client = profile.Client{}
	}
	if err := o.check(p); err != nil {
		return p, err
	}
	client, err := api.New(api.Config{URL: p.URL, Insecure: a.settings.insecure, Trace: a.settings.trace()})
	if err != nil {
		return p, &exitError{exitUsage, err}
	}
	if o.issuer == "" || o.clientID == "" {
		err = a.askPlatform(ctx, client, &p)
	}
	if err == nil {
		err = o.apply(&p)
	}
	return p, err
}

// check rejects flags and settings that are not valid.
func (o loginOptions) check(p profile.Profile) error {
	if _, err := tenant.ParseID(p.Tenant); err != nil && p.Tenant != staffName {
		if p.Tenant == "" {
			return usageError("no tenant: use --tenant ID, or --tenant platform for the staff")
		}
		return usageError("--tenant: %w", err)
	}
	if _, err := tenant.ParseWorkspaceID(p.Workspace); p.Workspace != "" && err != nil {
		return usageError("--workspace: %w", err)
	}
	if (o.issuer == "") != (o.clientID == "") {
		return usageError("--issuer and --client-id belong together; set both or neither")
	}
	return nil
}

// askPlatform sets how the people of the tenant sign in.
func (a *app) askPlatform(ctx context.Context, client *api.Client, p *profile.Profile) error {
	found, err := withRetry(ctx, func(ctx context.Context) (api.SignIn, error) { return client.SignIn(ctx, p.Tenant) })
	if err != nil {
		return err
	}
	p.Client = profile.Client{
		Issuer: found.Issuer, ID: found.ClientID, Secret: found.ClientSecret, Scopes: found.Scopes, Parameters: found.Parameters,
		Redirect: p.Client.Redirect,
	}
	if p.Workspace == "" && len(found.Workspaces) == 1 {
		p.Workspace = found.Workspaces[0]
	}
	return nil
}

// apply sets what the flags say about the client.
func (o loginOptions) apply(p *profile.Profile) error {
	if o.issuer != "" {
		p.Client.Issuer, p.Client.ID, p.Client.Secret = o.issuer, o.clientID, ""
	}
	if o.secretFile != "" {
		text, err := os.ReadFile(o.secretFile)
		if err != nil {
			return usageError("--client-secret-file: %w", err)
		}
		p.Client.Secret = string(bytes.TrimSpace(text))
	}
	if o.scopes != nil {
		p.Client.Scopes = o.scopes
	}
	p.Client.Redirect = cmp.Or(o.redirect, p.Client.Redirect)
	if _, err := signin.ParseRedirect(cmp.Or(p.Client.Redirect, signin.DefaultRedirect)); err != nil {
		return &exitError{exitUsage, err}
	}
	u, err := url.Parse(p.Client.Issuer)
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" ||
		(u.Scheme != "https" && !(u.Scheme == "http" && api.IsLoopback(u.Hostname()))) {
		return usageError("the issuer must be an https URL without a query, such as https://accounts.google.com")
	}
	return nil
}

// signIn signs a person in, with a browser here or elsewhere.
func (a *app) signIn(ctx context.Context, o loginOptions, c profile.Client) (openid.Tokens, error) {
	provider, err := signin.Discover(ctx, c.Issuer)
	if err != nil {
		return openid.Tokens{}, err
	}
	if o.device || (!o.printOnly && !a.hasBrowser() && provider.Device != "") {
		return signin.WithDevice(ctx, provider, registration(c), func(address, code string) error {
			_, err := fmt.Fprintf(a.stderr, "Open %s in a browser on any machine, and enter the code %s there.\n", view.Name(address), view.Name(code))
			return err
		})
	}
	redirect, err := signin.ParseRedirect(cmp.Or(c.Redirect, signin.DefaultRedirect))
	if err != nil {
		return openid.Tokens{}, err
	}
	return signin.WithBrowser(ctx, provider, registration(c), redirect, func(address, _ string) error {
		if !o.printOnly && a.openBrowser(address) == nil {
			_, err := fmt.Fprintln(a.stderr, "Sign in with the browser that has opened. Ctrl-C ends the sign-in.")
			return err
		}
		_, err := fmt.Fprintf(a.stderr, "Open this address in a browser on this machine:\n%s\n", address)
		return err
	})
}

// signInFailed returns the error of a sign-in that did not succeed.
func signInFailed(err error) error {
	switch {
	case errors.Is(err, openid.ErrDenied):
		return signInError("the identity provider did not sign you in; try again, or ask its administrator for access")
	case errors.Is(err, openid.ErrRefused):
		return signInError("the identity provider no longer accepts this sign-in; sign in again")
	}
	return fmt.Errorf("sign in: %w", err)
}

func logoutCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "logout",
		Short: "Remove the sign-in of a profile",
		Long: `Remove the sign-in of the active profile, or of the one that --profile names, and revoke it
at the identity provider, if that offers it. The profile's settings stay; see also
"strongroom profiles rm". The session of your browser stays.`,
		Args: exactArgs(),
		RunE: func(cmd *cobra.Command, _ []string) error { return a.logout(cmd.Context()) },
	}
}

func (a *app) logout(ctx context.Context) error {
	dir := a.settings.profiles()
	active, err := dir.Active()
	if err != nil {
		return err
	}
	name := cmp.Or(a.settings.profile, a.settings.env(envProfile), active)
	if name == "" {
		return usageError("there is no active profile; use --profile NAME")
	}
	unlock, err := dir.Lock(ctx, name)
	if err != nil {
		return err
	}
	defer unlock()
	p, err := dir.Read(name)
	if err != nil {
		return &exitError{exitUsage, err}
	}
	refresh := p.Tokens.Refresh
	p.Tokens = profile.Tokens{}
	if err := dir.Write(name, p); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	if refresh != "" {
		if err := signin.Revoke(ctx, registration(p.Client), refresh); err != nil {
			a.notice("the sign-in is removed here, but not revoked at the identity provider: %v", err)
			return nil
		}
	}
	a.notice("signed out of profile %s", name)
	return nil
}
