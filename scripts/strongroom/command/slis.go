package command

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/view"
)

func slisCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{Use: "slis", Short: "Show SLIs and set their objectives"}
	a.addSubcommands(cmd, func() []*cobra.Command {
		return []*cobra.Command{
			webList(a, listSLIsCommand(a), "slis"), showSLICommand(a), samplesCommand(a), setSLICommand(a),
		}
	})
	return cmd
}

// listSLIsOptions are the flags of slis ls.
type listSLIsOptions struct {
	listOptions
	filter api.SLIFilter
}

func listSLIsCommand(a *app) *cobra.Command {
	var o listSLIsOptions
	cmd := &cobra.Command{
		Use:   "ls",
		Short: "List SLIs and their health, sorted by name",
		Example: `  strongroom slis ls --alert ticket
  strongroom slis ls --slx dns --limit 0 --json | jq -r '.slis[] | [.name, .alert] | @tsv'`,
		Args: exactArgs(),
		RunE: func(cmd *cobra.Command, _ []string) error { return a.listSLIs(cmd.Context(), o) },
	}
	o.addFlags(cmd, sliList{})
	cmd.Flags().StringVar(&o.filter.SLX, "slx", "", "filter by service-level experience")
	defer completeFlag(cmd, "alert", "warning", "ticket", "page")
	cmd.Flags().StringVar(&o.filter.Alert, "alert", "", "filter by alert: this alert or a more urgent one (warning, ticket or page)")
	return cmd
}

// sliList is what slis ls --json prints.
type sliList struct {
	AsOf time.Time `json:"asOf"`
	SLIs []api.SLI `json:"slis"`
	More bool      `json:"more" doc:"the limit may have cut off more SLIs"`
}

func (a *app) listSLIs(ctx context.Context, o listSLIsOptions) error {
	if err := checkOneOf("--alert", o.filter.Alert, "warning", "ticket", "page"); err != nil {
		return err
	}
	var asOf time.Time
	return list[api.SLI]{
		pageSize: api.MaxSLIPage, show: view.SLIs,
		fetch: func(ctx context.Context, c *api.Client, size int, token string) ([]api.SLI, string, error) {
			page, err := c.SLIs(ctx, o.filter, size, token)
			asOf = page.AsOf
			return page.SLIs, page.NextPageToken, err
		},
		wrap: func(slis []api.SLI, more bool) any { return sliList{asOf, slis, more} },
	}.print(ctx, a, o.listOptions)
}

func showSLICommand(a *app) *cobra.Command {
	return action[api.SLI]{
		use: "show NAME", short: "Show an SLI's health and objective",
		example: "  strongroom slis show dns-latency",
		check:   checkSLI, complete: completeSLI, show: view.SLI, page: "slis",
		do: func(ctx context.Context, c *api.Client, name string) (api.SLI, error) { return c.SLI(ctx, name) },
	}.command(a)
}

// samplesOptions are the flags of slis samples.
type samplesOptions struct {
	listOptions
	taken timeRange
}

func samplesCommand(a *app) *cobra.Command {
	var o samplesOptions
	cmd := &cobra.Command{
		Use:   "samples NAME",
		Short: "List the samples of an SLI, the oldest run first",
		Long: `List the samples of an SLI. They are grouped by run and sorted by the time of each
run's last sample. If runs overlap, the samples are not sorted by time.`,
		Example: `  strongroom slis samples dns-latency --from 1h
  strongroom slis samples dns-latency --from 2026-01-02T00:00:00Z --to 2026-01-03T00:00:00Z --limit 0 --json |
    jq -r '.samples | sort_by(.time)[] | [.time, .value] | @tsv'`,
		Args: exactArgs("NAME"),
		RunE: func(cmd *cobra.Command, args []string) error { return a.listSamples(cmd.Context(), o, args[0]) },
	}
	o.addFlags(cmd, sampleList{})
	o.taken.addFlags(cmd, "taken")
	completeArgs(a, cmd, completeSLI)
	return cmd
}

// sampleList is what slis samples --json prints.
type sampleList struct {
	Samples []api.RunSample `json:"samples"`
	More    bool            `json:"more" doc:"the limit may have cut off more samples"`
}

func (a *app) listSamples(ctx context.Context, o samplesOptions, name string) error {
	if err := checkSLI(name); err != nil {
		return err
	}
	from, to, err := o.taken.parse(time.Now())
	if err != nil {
		return err
	}
	return list[api.RunSample]{
		pageSize: api.MaxSeriesPage, show: view.Samples,
		fetch: func(ctx context.Context, c *api.Client, size int, token string) ([]api.RunSample, string, error) {
			page, err := c.Samples(ctx, name, from, to, size, token)
			return page.Samples, page.NextPageToken, err
		},
		wrap: func(samples []api.RunSample, more bool) any { return sampleList{samples, more} },
	}.print(ctx, a, o.listOptions)
}
