package command

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/view"
)

func tenantCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "tenant",
		Short: "Show your tenant, its usage and its retention, control its key, members, trust and storage, place legal holds, and leave",
		Example: `  strongroom tenant show
  strongroom tenant key test
  strongroom tenant key disable acme                            # all data of acme becomes unreadable`,
	}
	a.addSubcommands(cmd, func() []*cobra.Command {
		return []*cobra.Command{
			showTenantCommand(a), usageCommand(a), retentionCommand(a), keyCommands(a), membersCommand(a), trustCommand(a),
			storageCommand(a), holdsCommand(a), leaveCommand(a), stayCommand(a), ownCertificateCommand(a), verifyCertificateCommand(a),
		}
	})
	return cmd
}

func keyCommands(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use: "key", Short: "Test, rotate, disable, enable and destroy the tenant's key (admins only)",
		Long: `Test, rotate, disable, enable and destroy the tenant's key. Each command prints the key as it was
measured afterward. The audit log has an entry before each change, and one when a trial has found
that it has taken effect.`,
		Example: "  strongroom tenant key test",
	}
	cmd.AddCommand(testKeyCommand(a), rotateKeyCommand(a), disableKeyCommand(a), enableKeyCommand(a), destroyKeyCommand(a))
	return cmd
}

func showTenantCommand(a *app) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "show", Short: "Show the record of the tenant, the state of its key, its quotas, and drift",
		Long: `Show the record of the tenant, its quotas, and the state of its key, measured by a trial encryption
and decryption. DRIFT lists where the key differs from what was asked for.`,
		Example: "  strongroom tenant show",
		Args:    exactArgs(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return printCall(cmd.Context(), a, asJSON, view.Tenant, func(ctx context.Context, c *api.Client) (api.Tenant, error) { return c.Tenant(ctx) })
		},
	}
	addJSONFlag(cmd, &asJSON, api.Tenant{})
	return cmd
}

// keyCommand completes a command that does something with the key.
func keyCommand(a *app, cmd *cobra.Command, do func(context.Context, *api.Client, []string) (api.Tenant, error)) *cobra.Command {
	var asJSON bool
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return printCall(cmd.Context(), a, asJSON, view.Key, func(ctx context.Context, c *api.Client) (api.Tenant, error) { return do(ctx, c, args) })
	}
	addJSONFlag(cmd, &asJSON, api.Tenant{})
	return cmd
}

func testKeyCommand(a *app) *cobra.Command {
	return keyCommand(a, &cobra.Command{
		Use: "test", Short: "Encrypt and decrypt with each enabled version of the key", Args: exactArgs(),
		Example: "  strongroom tenant key test",
	}, func(ctx context.Context, c *api.Client, _ []string) (api.Tenant, error) {
		return c.ChangeKey(ctx, "test", "")
	})
}

func rotateKeyCommand(a *app) *cobra.Command {
	return keyCommand(a, &cobra.Command{
		Use: "rotate", Short: "Make a new version of the key the primary one", Args: exactArgs(),
		Long: `Make a new version of the key the primary one. Older versions stay enabled, because data that
they encrypted needs them. While an export is not finished, the key is not rotated.`,
		Example: "  strongroom tenant key rotate",
	}, rotateKey)
}

// rotateKey names the version that it replaces, so that a retry does not rotate twice.
func rotateKey(ctx context.Context, c *api.Client, _ []string) (api.Tenant, error) {
	t, err := c.Tenant(ctx)
	if err != nil {
		return t, err
	}
	for _, v := range t.Key.Versions {
		if v.Primary {
			return c.ChangeKey(ctx, "rotate", v.Version)
		}
	}
	return c.ChangeKey(ctx, "rotate", "")
}

func disableKeyCommand(a *app) *cobra.Command {
	return keyCommand(a, &cobra.Command{
		Use: "disable TENANT", Short: "Make all data of the tenant unreadable until the key is enabled", Args: exactArgs("TENANT"),
		Long: `Make all data of the tenant unreadable until the key is enabled: output, texts of issues,
assistants and exports. Uploads fail too. The command disables each version of the key and removes
the roles with which functions and Cloud Storage use it. The audit log stays readable.

TENANT is the ID of your tenant: it protects from disabling the key of another one by mistake.
"effective" says when a trial failed for the first time. After that, a process can have data keys
in memory for 5 minutes. If the state is revoking, run "strongroom tenant show" until it is revoked.`,
		Example: "  strongroom tenant key disable acme",
	}, func(ctx context.Context, c *api.Client, args []string) (api.Tenant, error) {
		t, err := c.Tenant(ctx)
		if err != nil {
			return t, err
		}
		if t.ID != args[0] {
			return t, usageError("your token is for the tenant %s, and you named %s; nothing was changed", t.ID, args[0])
		}
		return c.ChangeKey(ctx, "disable", "")
	})
}

func enableKeyCommand(a *app) *cobra.Command {
	return keyCommand(a, &cobra.Command{
		Use: "enable", Short: "Make the data of the tenant readable again", Args: exactArgs(),
		Long: `Make the data of the tenant readable again. The command enables each disabled version of the
key and grants the roles again that "strongroom tenant key disable" removed.`,
		Example: "  strongroom tenant key enable",
	}, func(ctx context.Context, c *api.Client, _ []string) (api.Tenant, error) {
		return c.ChangeKey(ctx, "enable", "")
	})
}

func destroyKeyCommand(a *app) *cobra.Command {
	var confirm string
	cmd := keyCommand(a, &cobra.Command{
		Use: "destroy TENANT", Short: "Request the destruction of the key, or confirm a request", Args: exactArgs("TENANT"),
		Long: `Request the destruction of the key, which must be disabled. Nothing happens until the request is
confirmed with --confirm: by another admin, or by you after 24 hours. TENANT is the ID of your tenant,
for the request and for the confirmation.

After the confirmation, Cloud KMS destroys the key's versions at the time that the output shows. Until
then, "strongroom tenant key enable" restores them. After that, nobody can read the tenant's data.`,
		Example: `  strongroom tenant key destroy acme
  strongroom tenant key destroy acme --confirm 0198c2b4-5d1e-7c3a-9f00-2a6b1c4d8e31   # another admin`,
	}, func(ctx context.Context, c *api.Client, args []string) (api.Tenant, error) {
		return c.DestroyKey(ctx, args[0], confirm)
	})
	cmd.Flags().StringVar(&confirm, "confirm", "", "`ID` of the request that you confirm; default: make a request")
	return cmd
}
