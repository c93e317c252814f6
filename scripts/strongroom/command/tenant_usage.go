package command

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/view"
)

func usageCommand(a *app) *cobra.Command {
	var from, to string
	var asJSON bool
	cmd := &cobra.Command{
		Use: "usage", Short: "Show what the tenant has used of its quotas, by day (auditors and admins)",
		Long: `Show what the tenant has used of its quotas, by day (UTC). "strongroom tenant show" shows the quotas.

Processes report what they have used when they need more, so the numbers can lack what a process
used last. With --json, "leased" also has what processes have taken and not used.`,
		Example: `  strongroom tenant usage
  strongroom tenant usage --from 2026-01-01 --to 2026-01-31`,
		Args: exactArgs(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			for flag, day := range map[string]string{"--from": from, "--to": to} {
				if _, err := time.Parse(time.DateOnly, day); day != "" && err != nil {
					return usageError("%s: %q is not a day such as 2026-01-31", flag, day)
				}
			}
			if from != "" && to != "" && to < from {
				return usageError("--to is before --from; nothing can match")
			}
			return printCall(cmd.Context(), a, asJSON, view.Usage, func(ctx context.Context, c *api.Client) (api.Usage, error) { return c.Usage(ctx, from, to) })
		},
	}
	cmd.Flags().StringVar(&from, "from", "", "the first `day` (UTC); default: 30 days in all")
	cmd.Flags().StringVar(&to, "to", "", "the last `day` (UTC), at most 91 days after the first; default: today")
	addJSONFlag(cmd, &asJSON, api.Usage{})
	return cmd
}
