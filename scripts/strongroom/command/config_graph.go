package command

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/view"
)

// slxList is what config graph --json prints.
type slxList struct {
	SLXs []api.ConfiguredSLX `json:"slxs"`
	More bool                `json:"more" doc:"the limit may have cut off more SLXs"`
}

func graphConfigCommand(a *app) *cobra.Command {
	var o listOptions
	var slx string
	cmd := &cobra.Command{
		Use: "graph", Short: "List the configured SLXs, with their resource, tasks, SLIs and tags",
		Long: `List the SLXs of the configuration in effect, with their resource, tasks, SLIs and tags. They are part
of the workspace's graph a moment after a push.`,
		Example: `  strongroom config graph
  strongroom config graph --slx dns --json`,
		Args: exactArgs(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return list[api.ConfiguredSLX]{
				pageSize: api.MaxConfigGraphPage, show: view.ConfiguredSLXs,
				fetch: func(ctx context.Context, c *api.Client, _ int, token string) ([]api.ConfiguredSLX, string, error) {
					return c.ConfiguredSLXs(ctx, slx, token)
				},
				wrap: func(slxs []api.ConfiguredSLX, more bool) any { return slxList{slxs, more} },
			}.print(cmd.Context(), a, o)
		},
	}
	cmd.Flags().StringVar(&slx, "slx", "", "only the SLX with this `name`")
	o.addFlags(cmd, slxList{})
	return cmd
}
