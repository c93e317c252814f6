package command

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/ingest"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/view"
)

func (a *app) slisCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "slis", Short: "Read how service-level indicators do, and set what they are held against"}
	cmd.AddCommand(a.listSLIsCommand(), a.showSLICommand(), a.samplesCommand(), a.setSLICommand())
	return cmd
}

// listSLIsOptions are the flags of slis ls.
type listSLIsOptions struct {
	listOptions
	filter api.SLIFilter
}

func (a *app) listSLIsCommand() *cobra.Command {
	var o listSLIsOptions
	cmd := &cobra.Command{
		Use:   "ls",
		Short: "List SLIs and how they do, by name",
		Example: `  strongroom slis ls --alert ticket
  strongroom slis ls --slx dns --limit 0 --json | jq -r '.slis[] | [.name, .alert] | @tsv'`,
		Args: exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error { return a.listSLIs(cmd.Context(), o) },
	}
	o.addFlags(cmd)
	cmd.Flags().StringVar(&o.filter.SLX, "slx", "", "service-level experience")
	cmd.Flags().StringVar(&o.filter.Alert, "alert", "", "warning, ticket or page: those whose alert is this, or more urgent")
	return cmd
}

// sliList is what slis ls --json prints.
type sliList struct {
	AsOf time.Time `json:"asOf"`
	SLIs []api.SLI `json:"slis"`
	More bool      `json:"more"` // there may be, beyond the limit
}

func (a *app) listSLIs(ctx context.Context, o listSLIsOptions) error {
	if err := oneOf("--alert", o.filter.Alert, "warning", "ticket", "page"); err != nil {
		return err
	}
	var asOf time.Time
	return list[api.SLI]{
		most: api.MaxSLIPage, show: view.SLIs,
		ask: func(ctx context.Context, c *api.Client, size int, token string) ([]api.SLI, string, error) {
			page, err := c.SLIs(ctx, o.filter, size, token)
			asOf = page.AsOf
			return page.SLIs, page.NextPageToken, err
		},
		wrap: func(slis []api.SLI, more bool) any { return sliList{asOf, slis, more} },
	}.print(ctx, a, o.listOptions)
}

func (a *app) showSLICommand() *cobra.Command {
	return action[api.SLI]{
		use: "show NAME", short: "Show how an SLI does, and what it is held against",
		example: "  strongroom slis show dns-latency",
		check:   checkSLI, show: view.SLI,
		do: func(ctx context.Context, c *api.Client, name string) (api.SLI, error) { return c.SLI(ctx, name) },
	}.command(a)
}

// checkSLI refuses what can be no SLI, and what no address can name.
func checkSLI(name string) error {
	if err := ingest.CheckSLI(name); err != nil {
		return &exitError{exitUsage, err}
	}
	if name == "." || name == ".." {
		return usage("the platform cannot be asked for an SLI that is named %s", name)
	}
	return nil
}

// samplesOptions are the flags of slis samples.
type samplesOptions struct {
	listOptions
	span span
}

func (a *app) samplesCommand() *cobra.Command {
	var o samplesOptions
	cmd := &cobra.Command{
		Use:   "samples NAME",
		Short: "List the samples of an SLI, the oldest run first",
		Long: `Lists what runs measured of an SLI: run by run, in the order of each run's last
sample. So the samples of runs that overlap are not in the order of their times.`,
		Example: `  strongroom slis samples dns-latency --from 1h
  strongroom slis samples dns-latency --from 2026-01-02T00:00:00Z --to 2026-01-03T00:00:00Z --limit 0 --json |
    jq -r '.samples | sort_by(.time)[] | [.time, .value] | @tsv'`,
		Args: exactly("NAME"),
		RunE: func(cmd *cobra.Command, args []string) error { return a.samples(cmd.Context(), o, args[0]) },
	}
	o.addFlags(cmd)
	o.span.addFlags(cmd, "taken")
	return cmd
}

// sampleList is what slis samples --json prints.
type sampleList struct {
	Samples []api.RunSample `json:"samples"`
	More    bool            `json:"more"` // there may be, beyond the limit
}

func (a *app) samples(ctx context.Context, o samplesOptions, name string) error {
	if err := checkSLI(name); err != nil {
		return err
	}
	from, to, err := o.span.parse(time.Now())
	if err != nil {
		return err
	}
	return list[api.RunSample]{
		most: api.MaxSeriesPage, show: view.Samples,
		ask: func(ctx context.Context, c *api.Client, size int, token string) ([]api.RunSample, string, error) {
			page, err := c.Samples(ctx, name, from, to, size, token)
			return page.Samples, page.NextPageToken, err
		},
		wrap: func(samples []api.RunSample, more bool) any { return sampleList{samples, more} },
	}.print(ctx, a, o.listOptions)
}
