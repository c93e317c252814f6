package command

import (
	"context"
	"io"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/view"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

func tenantsCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "tenants",
		Short: "List, suspend, resume, limit and offboard tenants (platform staff only)",
		Example: `  strongroom tenants ls
  strongroom tenants suspend acme`,
	}
	a.addSubcommands(cmd, func() []*cobra.Command {
		return []*cobra.Command{
			listTenantsCommand(a), showStatusCommand(a), suspendCommand(a), resumeTenantCommand(a), limitCommand(a), offboardCommand(a),
			showOffboardingCommand(a), stopOffboardingCommand(a), staffCertificateCommand(a),
		}
	})
	return cmd
}

// tenantList is what tenants ls --json prints.
type tenantList struct {
	Tenants []api.TenantStatus `json:"tenants"`
}

func listTenantsCommand(a *app) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "ls", Short: "List the tenants and their states",
		Example: "  strongroom tenants ls",
		Args:    exactArgs(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			show := func(w io.Writer, l tenantList) error { return view.TenantStatuses(w, l.Tenants) }
			return printCall(cmd.Context(), a, asJSON, show, func(ctx context.Context, c *api.Client) (tenantList, error) {
				all, err := c.Tenants(ctx)
				return tenantList{all}, err
			})
		},
	}
	addJSONFlag(cmd, &asJSON, tenantList{})
	return cmd
}

// statusCommand completes a command about the tenant that its argument names.
func statusCommand(a *app, cmd *cobra.Command, do func(context.Context, *api.Client, string) (api.TenantStatus, error)) *cobra.Command {
	var asJSON bool
	cmd.Args = exactArgs("TENANT")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if _, err := tenant.ParseID(args[0]); err != nil {
			return usageError("TENANT: %w", err)
		}
		show := func(w io.Writer, t api.TenantStatus) error { return view.TenantStatuses(w, []api.TenantStatus{t}) }
		return printCall(cmd.Context(), a, asJSON, show, func(ctx context.Context, c *api.Client) (api.TenantStatus, error) {
			return do(ctx, c, args[0])
		})
	}
	addJSONFlag(cmd, &asJSON, api.TenantStatus{})
	return cmd
}

func showStatusCommand(a *app) *cobra.Command {
	return statusCommand(a, &cobra.Command{
		Use: "show TENANT", Short: "Show the state and the quotas of a tenant, and who has set them",
		Example: "  strongroom tenants show acme",
	}, func(ctx context.Context, c *api.Client, id string) (api.TenantStatus, error) {
		return c.TenantStatus(ctx, id)
	})
}

func suspendCommand(a *app) *cobra.Command {
	return statusCommand(a, &cobra.Command{
		Use: "suspend TENANT", Short: "Refuse all requests of a tenant",
		Long: `Refuse all requests of a tenant, and keep its data. Every process has seen the change after a
minute. Upload URLs that were given out before work for at most 15 more minutes.`,
		Example: "  strongroom tenants suspend acme",
	}, func(ctx context.Context, c *api.Client, id string) (api.TenantStatus, error) {
		return c.SetTenantState(ctx, id, "suspend")
	})
}

func resumeTenantCommand(a *app) *cobra.Command {
	return statusCommand(a, &cobra.Command{
		Use: "resume TENANT", Short: "Serve a suspended tenant again",
		Long: `Serve a suspended tenant again. If Terraform suspends the tenant, only Terraform can resume
it.`,
		Example: "  strongroom tenants resume acme",
	}, func(ctx context.Context, c *api.Client, id string) (api.TenantStatus, error) {
		return c.SetTenantState(ctx, id, "resume")
	})
}

func limitCommand(a *app) *cobra.Command {
	var none, asJSON bool
	cmd := &cobra.Command{
		Use: "limit TENANT QUOTA=LIMIT…", Short: "Lower quotas of a tenant, or end that",
		Long: `Lower quotas of a tenant at once, for example because a runner is in a loop. The quotas that are
given replace all that were lowered before. Every process has seen the change after a minute.

The quotas are bytes, parts, runs, samples, sightings, exports, modelSends (in a day) and requests
(in a minute). A quota can only be lowered: to raise one, change the tenant's settings in Terraform.`,
		Example: `  strongroom tenants limit acme runs=1000 requests=600
  strongroom tenants limit acme --none`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if _, err := tenant.ParseID(args[0]); err != nil {
				return usageError("TENANT: %w", err)
			}
			lowered, err := parseQuotas(args[1:])
			if err != nil {
				return err
			}
			if none == (len(lowered) > 0) {
				return usageError("give quotas, such as runs=1000, or --none to lower nothing any more")
			}
			show := func(w io.Writer, t api.TenantStatus) error { return view.TenantStatuses(w, []api.TenantStatus{t}) }
			return printCall(cmd.Context(), a, asJSON, show, func(ctx context.Context, c *api.Client) (api.TenantStatus, error) {
				return c.LowerQuotas(ctx, args[0], lowered)
			})
		},
	}
	cmd.Flags().BoolVar(&none, "none", false, "what Terraform sets applies again")
	addJSONFlag(cmd, &asJSON, api.TenantStatus{})
	return cmd
}

func parseQuotas(args []string) (all []api.LoweredQuota, err error) {
	for _, arg := range args {
		name, text, found := strings.Cut(arg, "=")
		limit, err := strconv.ParseInt(text, 10, 64)
		if !found || name == "" || err != nil || limit < 1 {
			return nil, usageError("%q is not a quota and its limit, such as runs=1000", arg)
		}
		all = append(all, api.LoweredQuota{Quota: name, Limit: limit})
	}
	return all, nil
}
