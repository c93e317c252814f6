package command

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/view"
	"github.com/strongroom-dev/strongroom/shared/export"
)

func exportsCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "exports",
		Short: "Export everything that the tenant has, and verify the copy",
		Long: `Export what the tenant has: the audit log, the metadata, the configurations with their
history, the inventory of outputs, and the outputs. These commands require a token with
the role auditor or admin.

The platform writes an export into the tenant's exports bucket, under the tenant's key,
as it was at one time, with a signed manifest. "pull" copies it to a directory, and
"verify" verifies the copy offline.`,
		Example: `  strongroom exports create --pull ./export
  strongroom exports verify ./export
  strongroom exports schedule set nightly --every daily --time-zone Europe/Berlin`,
	}
	a.addSubcommands(cmd, func() []*cobra.Command {
		return []*cobra.Command{
			createExportCommand(a), webList(a, listExportsCommand(a), "exports"), showExportCommand(a), waitExportCommand(a),
			cancelExportCommand(a), pullExportCommand(a), verifyExportCommand(a), exportScheduleCommand(a),
		}
	})
	return cmd
}

func checkExportID(id string) error {
	if _, err := export.ParseID(id); err != nil {
		return usageError("%q: %w; to list exports: strongroom exports ls", id, err)
	}
	return nil
}

// exportList is what exports ls --json prints.
type exportList struct {
	Exports []api.Export `json:"exports"`
	More    bool         `json:"more"` // the limit may have cut off more exports
}

func listExportsCommand(a *app) *cobra.Command {
	var o listOptions
	cmd := &cobra.Command{
		Use:     "ls",
		Short:   "List exports, the newest first",
		Example: `  strongroom exports ls --limit 0 --json | jq -r '.exports[] | [.id, .state] | @tsv'`,
		Args:    exactArgs(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return list[api.Export]{
				public: true, pageSize: api.MaxExportPage, show: view.Exports,
				fetch: func(ctx context.Context, c *api.Client, size int, token string) ([]api.Export, string, error) {
					page, err := c.Exports(ctx, size, token)
					return page.Exports, page.NextPageToken, err
				},
				wrap: func(exports []api.Export, more bool) any { return exportList{exports, more} },
			}.print(cmd.Context(), a, o)
		},
	}
	o.addFlags(cmd, exportList{})
	return cmd
}

func showExportCommand(a *app) *cobra.Command {
	return action[api.Export]{
		use: "show EXPORT", short: "Show an export and its progress", public: true,
		example: "  strongroom exports show 0198c2b4-5d1e-7c3a-9f00-2a6b1c4d8e31",
		check:   exportIDs.checkPart, ids: &exportIDs, show: view.Export,
		do: func(ctx context.Context, c *api.Client, id string) (api.Export, error) { return c.Export(ctx, id) },
	}.command(a)
}

func cancelExportCommand(a *app) *cobra.Command {
	return action[api.Export]{
		use: "cancel EXPORT", short: "Cancel an export that has not ended", public: true,
		long: `Cancel an export that has not ended. The files that are written stay in the exports
bucket until its lifecycle removes them. It is safe to run again.`,
		example: "  strongroom exports cancel 0198c2b4-5d1e-7c3a-9f00-2a6b1c4d8e31",
		check:   exportIDs.checkPart, ids: &exportIDs, show: view.Export,
		do: func(ctx context.Context, c *api.Client, id string) (api.Export, error) {
			return c.CancelExport(ctx, id)
		},
	}.command(a)
}
