package command

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/view"
)

func retentionCommand(a *app) *cobra.Command {
	var workspace string
	var limit int
	var asJSON bool
	cmd := &cobra.Command{
		Use: "retention", Short: "Show what is deleted when, what is due, and what was deleted (auditors and admins)",
		Long: `Show after how many days what is deleted, what is due, and what was deleted in the last 30 days.

Terraform sets the retention, in "retention", "outputs" and "exports" of the tenant. Documents are
marked 7 days before they are deleted. Until then, a legal hold keeps them:
strongroom tenant holds place`,
		Example: `  strongroom tenant retention
  strongroom tenant retention --due-in prod`,
		Args: exactArgs(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if limit < 0 {
				return usageError("--limit must not be negative; use 0 for no limit")
			}
			return printCall(cmd.Context(), a, asJSON, view.Retention, func(ctx context.Context, c *api.Client) (api.Retention, error) {
				return c.Retention(ctx, workspace, limit)
			})
		},
	}
	cmd.Flags().StringVar(&workspace, "due-in", "", "also list the runs of this `workspace` that are due")
	cmd.Flags().IntVar(&limit, "limit", 50, "maximum number of runs to list (0 for all)")
	addJSONFlag(cmd, &asJSON, api.Retention{})
	return cmd
}
