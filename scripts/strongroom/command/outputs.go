package command

import (
	"context"
	"errors"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/files"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/retry"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/view"
)

// readFor is how long reading is tried again, each time it fails.
const readFor = 2 * time.Minute

func (a *app) outputsCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "outputs", Short: "Read the outputs of runs"}
	cmd.AddCommand(a.listCommand(), a.catCommand())
	return cmd
}

func (a *app) listCommand() *cobra.Command {
	return action[api.Listing]{
		use: "ls RUN", short: "List the outputs of a run",
		example: "  strongroom outputs ls 01890a5d-ac96-774b-bcce-b302099a8057",
		check:   checkRun, show: view.List,
		do: func(ctx context.Context, c *api.Client, run string) (api.Listing, error) { return c.Outputs(ctx, run) },
	}.command(a)
}

// exactly demands arguments by their names.
func exactly(names ...string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) != len(names) {
			return usage("%s takes %s, as in: %s", cmd.CommandPath(), first(strings.Join(names, " and "), "no argument"), cmd.UseLine())
		}
		return nil
	}
}

// clientFor refuses what cannot be a run before it is asked for.
func (a *app) clientFor(run string) (*api.Client, error) {
	if err := checkRun(run); err != nil {
		return nil, err
	}
	return a.settings.client("")
}

func checkRun(run string) error {
	if _, err := runID(run); err != nil || run == "" {
		return usage("%q is not the id of a run, which is a UUIDv7 in lower case", run)
	}
	return nil
}

// catOptions are the flags of outputs cat.
type catOptions struct {
	follow, raw  bool
	lines, bytes string
}

func (a *app) catCommand() *cobra.Command {
	var o catOptions
	cmd := &cobra.Command{
		Use:   "cat RUN NAME",
		Short: "Write an output to stdout",
		Long: `Writes an output, whole or in part. On a terminal, control characters are shown
as escapes and not obeyed. The exit code is 1 when the output is incomplete: the
run has ended, and parts of it are not stored.`,
		Example: "  strongroom outputs cat 01890a5d-ac96-774b-bcce-b302099a8057 stdout.log --lines 100-200",
		Args:    exactly("RUN", "NAME"),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx, stop := interruptible(cmd.Context())
			defer stop()
			return a.cat(ctx, o, args[0], args[1])
		},
	}
	flags := cmd.Flags()
	flags.BoolVarP(&o.follow, "follow", "f", false, "go on as the output grows, until it is complete")
	flags.StringVar(&o.lines, "lines", "", "lines A-B or A-, counted from 1, inclusive")
	flags.StringVar(&o.bytes, "bytes", "", "bytes A-B or A-, counted from 0, inclusive")
	flags.BoolVar(&o.raw, "raw", false, "write control characters to a terminal as they are")
	cmd.MarkFlagsMutuallyExclusive("follow", "lines", "bytes")
	return cmd
}

func (a *app) cat(ctx context.Context, o catOptions, run, name string) error {
	if err := files.CheckName(name); err != nil {
		return &exitError{exitUsage, err}
	}
	read, err := o.reading()
	if err != nil {
		return err
	}
	client, err := a.clientFor(run)
	if err != nil {
		return err
	}
	out, flush := a.safeOutput(o.raw)
	reader := &view.Reader{Client: client, Run: run, Name: name, Retry: retry.Policy{For: readFor}, Out: out}
	return errors.Join(read(ctx, reader), flush())
}

// safeOutput escapes what would steer a terminal.
func (a *app) safeOutput(raw bool) (out io.Writer, flush func() error) {
	file, ok := a.stdout.(*os.File)
	if raw || !ok || !term.IsTerminal(int(file.Fd())) {
		return a.stdout, func() error { return nil }
	}
	escaper := view.NewEscaper(a.stdout)
	return escaper, escaper.Flush
}

// reading is what the flags ask of a reader.
func (o catOptions) reading() (func(context.Context, *view.Reader) error, error) {
	switch {
	case o.follow:
		return func(ctx context.Context, r *view.Reader) error { return r.Follow(ctx) }, nil
	case o.lines != "":
		first, last, err := parseRange(o.lines, 1)
		if err != nil {
			return nil, usage("--lines %s: %w", o.lines, err)
		}
		return func(ctx context.Context, r *view.Reader) error { return r.Lines(ctx, first, max(last, 0)) }, nil
	case o.bytes != "":
		first, last, err := parseRange(o.bytes, 0)
		if err != nil {
			return nil, usage("--bytes %s: %w", o.bytes, err)
		}
		return func(ctx context.Context, r *view.Reader) error {
			return r.Bytes(ctx, api.Span{First: first, Last: last})
		}, nil
	}
	return func(ctx context.Context, r *view.Reader) error { return r.Bytes(ctx, api.Span{Last: -1}) }, nil
}

// parseRange reads A-B, or A- for which last is -1.
func parseRange(text string, lowest int64) (first, last int64, err error) {
	bad := errors.New("a range looks like 100-200, or 100- for all that follows")
	from, to, found := strings.Cut(text, "-")
	if first, err = parseNumber(from); !found || err != nil {
		return 0, 0, bad
	}
	if last = -1; to != "" {
		if last, err = parseNumber(to); err != nil {
			return 0, 0, bad
		}
	}
	switch {
	case first < lowest:
		return 0, 0, errors.New("the first is number " + strconv.FormatInt(lowest, 10))
	case last >= 0 && last < first:
		return 0, 0, errors.New("it ends before it begins")
	}
	return first, last, nil
}

// parseNumber takes digits only, few enough for sums not to overflow.
func parseNumber(text string) (int64, error) {
	n, err := strconv.ParseUint(text, 10, 62)
	return int64(n), err
}
