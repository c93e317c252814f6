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

func setSLICommand(a *app) *cobra.Command {
	var changes sliChanges
	cmd := action[api.SLI]{
		use: "set NAME", short: "Set an SLI's objective and alert thresholds (admins only)",
		long: `Set the objective and the alert thresholds of an SLI, which may have no samples yet.

Settings without a flag stay as they are: the command reads them and writes them
back. So if two people set the same SLI at the same time, the last one wins. Samples
that were already counted as good or bad stay so.

If all samples are bad, the burn rate is 1/(1-target), for example 100 for a target of
0.99. A higher threshold is rejected, because no samples could reach it: for a target
below 0.9306, set --page too.`,
		example: `  strongroom slis set dns-latency --max 100 --target 0.99
  strongroom slis set dns-latency --page 10 --slow 0        # 0: the default
  strongroom slis set dns-latency --max none --target 0     # remove the objective`,
		check: func(name string) error {
			if len(changes) == 0 {
				return usageError("nothing to set: use --min, --max, --target or a threshold flag")
			}
			return checkSLI(name)
		},
		do: func(ctx context.Context, c *api.Client, name string) (api.SLI, error) {
			return changes.apply(ctx, c, name)
		},
		show: view.SLI, complete: completeSLI,
	}.command(a)
	changes.addFlags(cmd)
	return cmd
}

// sliChanges are the changes that the flags of slis set make, in the order of the
// flags.
type sliChanges []func(*api.SLISettings) error

// sliFlags are the flags of slis set. Each sets the field with its name.
var sliFlags = []struct {
	name, usage string
	set         func(s *api.SLISettings, text string) error
}{
	{"min", "minimum `value` of a good sample (none for no minimum)", func(s *api.SLISettings, text string) (err error) {
		s.Objective.Min, err = parseBound(text)
		return err
	}},
	{"max", "maximum `value` of a good sample (none for no maximum)", func(s *api.SLISettings, text string) (err error) {
		s.Objective.Max, err = parseBound(text)
		return err
	}},
	{"target", "`share` of samples that must be good, between 0 and 1", func(s *api.SLISettings, text string) (err error) {
		s.Objective.Target, err = parseFinite(text)
		return err
	}},
	{"page", "burn `rate` that pages (0 for the default)", func(s *api.SLISettings, text string) (err error) {
		s.Thresholds.Page, err = parseFinite(text)
		return err
	}},
	{"ticket", "burn `rate` that opens a ticket (0 for the default)", func(s *api.SLISettings, text string) (err error) {
		s.Thresholds.Ticket, err = parseFinite(text)
		return err
	}},
	{"slow", "burn `rate` over three days that opens a ticket (0 for the default)", func(s *api.SLISettings, text string) (err error) {
		s.Thresholds.Slow, err = parseFinite(text)
		return err
	}},
	{"samples", "minimum `count` of bad samples before an SLI pages or opens a ticket (0 for the default)", func(s *api.SLISettings, text string) (err error) {
		s.Thresholds.Samples, err = strconv.Atoi(text)
		return err
	}},
	{"stale-after", "`duration` without samples, for example 90m or 7d, after which an SLI is stale (0s for the default)", func(s *api.SLISettings, text string) error {
		after, err := parseDuration(text)
		if err == nil && after%time.Second != 0 {
			err = errors.New("must be a whole number of seconds")
		}
		s.Thresholds.StaleAfter = int(after / time.Second)
		return err
	}},
}

func (c *sliChanges) addFlags(cmd *cobra.Command) {
	for _, f := range sliFlags {
		cmd.Flags().Func(f.name, f.usage, func(text string) error {
			*c = append(*c, func(s *api.SLISettings) error { return f.set(s, text) })
			return f.set(&api.SLISettings{}, text) // an invalid value is a flag error
		})
	}
}

// parseBound reads a number. It returns nil for "none".
func parseBound(text string) (*float64, error) {
	if text == "none" {
		return nil, nil
	}
	value, err := parseFinite(text)
	return &value, err
}

// parseFinite reads a number that JSON can represent.
func parseFinite(text string) (float64, error) {
	value, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsNaN(value) || math.IsInf(value, 0) {
		return 0, errors.New("must be a finite number")
	}
	return value, nil
}

// apply changes the settings of an SLI. It is safe to retry.
func (c *sliChanges) apply(ctx context.Context, client *api.Client, name string) (api.SLI, error) {
	before, err := client.SLI(ctx, name)
	var problem *api.Problem
	switch {
	case errors.As(err, &problem) && problem.Status == http.StatusNotFound: // the SLI has no settings yet
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
