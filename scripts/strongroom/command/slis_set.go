package command

import (
	"context"
	"errors"
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/view"
)

func (a *app) setSLICommand() *cobra.Command {
	var changes sliChanges
	cmd := action[api.SLI]{
		use: "set NAME", short: "Set what an SLI is held against (admins)",
		long: `Sets the objective and the thresholds of an SLI, which may have no sample yet. What
is not given stays as it is set: it is read before and written again, so of two
who set one SLI at the same time the last has it. Samples that were taken in
before keep what they counted as.`,
		example: `  strongroom slis set dns-latency --max 100 --target 0.99
  strongroom slis set dns-latency --page 10 --slow 0        # 0: the platform's own
  strongroom slis set dns-latency --max none --target 0     # no objective any more`,
		check: func(name string) error {
			if len(changes) == 0 {
				return usage("there is nothing to set: give --min, --max, --target, or a threshold")
			}
			return checkSLI(name)
		},
		do: func(ctx context.Context, c *api.Client, name string) (api.SLI, error) {
			return changes.apply(ctx, c, name)
		},
		show: view.SLI,
	}.command(a)
	changes.addFlags(cmd)
	return cmd
}

// sliChanges are what the flags of slis set change, in their order.
type sliChanges []func(*api.SLISettings) error

// sliFlags set what they are named after.
var sliFlags = []struct {
	name, usage string
	set         func(s *api.SLISettings, text string) error
}{
	{"min", "a good sample is at least this `number`; none: any", func(s *api.SLISettings, text string) (err error) {
		s.Objective.Min, err = parseBound(text)
		return err
	}},
	{"max", "a good sample is at most this `number`; none: any", func(s *api.SLISettings, text string) (err error) {
		s.Objective.Max, err = parseBound(text)
		return err
	}},
	{"target", "`share` of samples to be good, between 0 and 1", func(s *api.SLISettings, text string) (err error) {
		s.Objective.Target, err = parseFinite(text)
		return err
	}},
	{"page", "burn `rate` that pages; 0: the platform's own", func(s *api.SLISettings, text string) (err error) {
		s.Thresholds.Page, err = parseFinite(text)
		return err
	}},
	{"ticket", "burn `rate` that makes a ticket; 0: the platform's own", func(s *api.SLISettings, text string) (err error) {
		s.Thresholds.Ticket, err = parseFinite(text)
		return err
	}},
	{"slow", "burn `rate` over days that makes a ticket; 0: the platform's own", func(s *api.SLISettings, text string) (err error) {
		s.Thresholds.Slow, err = parseFinite(text)
		return err
	}},
	{"samples", "`count` of bad samples without which nothing pages or makes a ticket; 0: the platform's own", func(s *api.SLISettings, text string) (err error) {
		s.Thresholds.Samples, err = strconv.Atoi(text)
		return err
	}},
	{"stale-after", "`time` without a sample, as 90m or 7d, after which an SLI is stale; 0s: the platform's own", func(s *api.SLISettings, text string) error {
		after, err := parseSpan(text)
		if err == nil && after%time.Second != 0 {
			err = errors.New("it is counted in whole seconds")
		}
		s.Thresholds.StaleAfter = int(after / time.Second)
		return err
	}},
}

func (c *sliChanges) addFlags(cmd *cobra.Command) {
	for _, f := range sliFlags {
		cmd.Flags().Func(f.name, f.usage, func(text string) error {
			*c = append(*c, func(s *api.SLISettings) error { return f.set(s, text) })
			return f.set(&api.SLISettings{}, text) // a wrong one is a wrong flag
		})
	}
}

// parseBound reads a number, or nil for none.
func parseBound(text string) (*float64, error) {
	if text == "none" {
		return nil, nil
	}
	value, err := parseFinite(text)
	return &value, err
}

// parseFinite reads a number that JSON has.
func parseFinite(text string) (float64, error) {
	value, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsNaN(value) || math.IsInf(value, 0) {
		return 0, errors.New("it is no number")
	}
	return value, nil
}

// apply changes what is set of an SLI. It may be repeated.
func (c *sliChanges) apply(ctx context.Context, client *api.Client, name string) (api.SLI, error) {
	before, err := client.SLI(ctx, name)
	var problem *api.Problem
	switch {
	case errors.As(err, &problem) && problem.Status == http.StatusNotFound: // it is made
	case err != nil:
		return api.SLI{}, err
	}
	set := api.SLISettings{Objective: before.Objective, Thresholds: before.Thresholds}
	for _, change := range *c {
		if err := change(&set); err != nil {
			return api.SLI{}, err
		}
	}
	return client.SetSLI(ctx, name, set)
}
