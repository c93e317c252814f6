package command

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/view"
	"github.com/strongroom-dev/strongroom/shared/export"
)

func exportScheduleCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "schedule",
		Short: "Set and show schedules of exports",
		Long: `Set and show schedules of exports. A schedule exports each window once, after its end,
as of its end: each hour, day, week or month of a time zone. Windows that were missed
are exported later. While the tenant's key is disabled, windows wait.`,
	}
	cmd.AddCommand(setScheduleCommand(a), listSchedulesCommand(a), showScheduleCommand(a), deleteScheduleCommand(a))
	return cmd
}

func checkScheduleName(name string) error {
	if _, err := export.ParseScheduleName(name); err != nil {
		return usageError("%q: %w", name, err)
	}
	return nil
}

func setScheduleCommand(a *app) *cobra.Command {
	var content exportContent
	var settings api.ExportSettings
	cmd := action[api.ExportSchedule]{
		use: "set NAME", short: "Create or change a schedule", public: true,
		long: `Create or change a schedule of exports. All settings are replaced. The next window
begins as before, and ends at the next boundary of the new settings. It is safe to run
again.`,
		example: `  strongroom exports schedule set nightly --every daily --time-zone Europe/Berlin
  strongroom exports schedule set audit --every hourly --kind audit`,
		check: func(name string) (err error) {
			if err := checkScheduleName(name); err != nil {
				return err
			}
			if settings.Every == "" {
				return usageError("--every is missing: use hourly, daily, weekly or monthly")
			}
			if err := checkOneOf("--every", export.Every(settings.Every), export.Hourly, export.Daily, export.Weekly, export.Monthly); err != nil {
				return err
			}
			settings.ExportContent, err = content.parse()
			return err
		},
		do: func(ctx context.Context, c *api.Client, name string) (api.ExportSchedule, error) {
			return c.SetExportSchedule(ctx, name, settings)
		},
		show: view.Schedule,
	}.command(a)
	content.addFlags(cmd)
	cmd.Flags().StringVar(&settings.Every, "every", "", "length of a window: hourly, daily (from midnight), weekly (from Monday) or monthly")
	cmd.Flags().StringVar(&settings.TimeZone, "time-zone", "UTC", "time zone of the windows, such as Europe/Berlin")
	return cmd
}

// scheduleList is what exports schedule ls --json prints.
type scheduleList struct {
	Schedules []api.ExportSchedule `json:"schedules"`
}

func listSchedulesCommand(a *app) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:     "ls",
		Short:   "List schedules, sorted by name",
		Example: "  strongroom exports schedule ls",
		Args:    exactArgs(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			client, err := a.settings.publicClient()
			if err != nil {
				return err
			}
			all, err := withRetry(cmd.Context(), client.ExportSchedules)
			if err != nil {
				return err
			}
			if asJSON {
				return a.writeJSON(a.stdout, scheduleList{all})
			}
			return view.Schedules(a.stdout, all)
		},
	}
	addJSONFlag(cmd, &asJSON, scheduleList{})
	return cmd
}

func showScheduleCommand(a *app) *cobra.Command {
	return action[api.ExportSchedule]{
		use: "show NAME", short: "Show a schedule", public: true,
		example: "  strongroom exports schedule show nightly",
		check:   checkScheduleName, show: view.Schedule,
		do: func(ctx context.Context, c *api.Client, name string) (api.ExportSchedule, error) {
			return c.ExportSchedule(ctx, name)
		},
	}.command(a)
}

func deleteScheduleCommand(a *app) *cobra.Command {
	return action[api.ExportSchedule]{
		use: "delete NAME", short: "Delete a schedule; its exports remain", public: true,
		example: "  strongroom exports schedule delete nightly",
		check:   checkScheduleName, show: view.Schedule,
		do: func(ctx context.Context, c *api.Client, name string) (api.ExportSchedule, error) {
			return c.DeleteExportSchedule(ctx, name)
		},
	}.command(a)
}
