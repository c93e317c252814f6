package command

import (
	"cmp"
	"context"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/spf13/cobra"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// emulatedRoles are the roles for which the embedded cloud has tokens, and newcomer, to whom no rule
// of Terraform assigns one.
var emulatedRoles = []tenant.Role{tenant.Runner, tenant.Builder, tenant.Viewer, tenant.Auditor, tenant.Admin, "newcomer", tenant.Platform}

func tokenCommand(a *app) *cobra.Command {
	var tenantName, role string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "token --tenant T --as ROLE",
		Short: "Print a token from the embedded cloud",
		Long: `Request a token from the embedded cloud and print it. Store it in a file for
--token-file. No other platform has this command: its tokens come from the tenant's
own issuer, for example from a pod's projected service account in Kubernetes.`,
		Example: "  strongroom token --tenant acme --as viewer > viewer.token",
		Args:    exactArgs(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.printToken(cmd.Context(), tenantName, role, asJSON)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&tenantName, "tenant", "", "ID of the tenant")
	flags.StringVar(&role, "as", "viewer", "role of the token: runner, builder, viewer, auditor, admin or platform; newcomer has no role")
	flags.BoolVar(&asJSON, "json", false, "print the token and its expiry time as JSON")
	documentJSON(cmd, printedToken{})
	return cmd
}

func (a *app) printToken(ctx context.Context, tenantName, role string, asJSON bool) error {
	if err := checkOneOf("--as", tenant.Role(role), emulatedRoles...); err != nil {
		return err
	}
	id, err := tenant.ParseID(tenantName)
	if tenantName == "" && role != string(tenant.Platform) {
		return usageError("no tenant: use --tenant ID, for example --tenant acme")
	}
	if err != nil && role != string(tenant.Platform) {
		return usageError("--tenant: %w", err)
	}
	address := cmp.Or(a.settings.url, a.settings.env(envURL), embeddedURL) // this request has no token
	client, err := api.New(api.Config{URL: address, Insecure: a.settings.insecure})
	if err != nil {
		return &exitError{exitUsage, err}
	}
	token, err := client.EmulatedToken(ctx, string(id), role)
	if err != nil {
		return err
	}
	if !asJSON {
		_, err = fmt.Fprintln(a.stdout, token.Token.Reveal())
		return err
	}
	return a.writeJSON(a.stdout, printedToken{token.Token.Reveal(), token.Expires})
}

// printedToken is what token --json prints.
type printedToken struct {
	Token   string    `json:"token"`
	Expires time.Time `json:"expires"`
}

// version describes the source of the program.
type version struct {
	Version  string `json:"version"`
	Revision string `json:"revision,omitempty" doc:"of the source"`
	Modified bool   `json:"modified,omitempty" doc:"the source differs from Revision"`
	Go       string `json:"go"`
}

// String returns the version in one line.
func (v version) String() string {
	return fmt.Sprintf("strongroom %s %s %s", v.Version, cmp.Or(v.Revision, "unknown revision"), v.Go)
}

func versionCommand(a *app) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "version",
		Short: "Print the program's version",
		Args:  exactArgs(),
		RunE: func(*cobra.Command, []string) error {
			v := readVersion()
			if asJSON {
				return a.writeJSON(a.stdout, v)
			}
			_, err := fmt.Fprintln(a.stdout, v)
			return err
		},
	}
	addJSONFlag(cmd, &asJSON, version{})
	return cmd
}

func readVersion() version {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return version{Version: "unknown", Go: "unknown"}
	}
	v := version{Version: info.Main.Version, Go: info.GoVersion}
	for _, setting := range info.Settings {
		switch setting.Key {
		case "vcs.revision":
			v.Revision = setting.Value
		case "vcs.modified":
			v.Modified = setting.Value == "true"
		}
	}
	return v
}
