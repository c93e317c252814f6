package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/retry"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/view"
	"github.com/strongroom-dev/strongroom/shared/charset"
	"github.com/strongroom-dev/strongroom/shared/outputname"
)

// defaultRetry is how long commands without --retry-for retry each call.
const defaultRetry = 2 * time.Minute

func outputsCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{Use: "outputs", Short: "List, print, search and download the outputs of runs"}
	a.addSubcommands(cmd, func() []*cobra.Command {
		return []*cobra.Command{
			listOutputsCommand(a), catCommand(a), searchOutputsCommand(a), downloadOutputsCommand(a),
		}
	})
	return cmd
}

func listOutputsCommand(a *app) *cobra.Command {
	return action[api.Listing]{
		use: "ls RUN", short: "List the outputs of a run",
		example: "  strongroom outputs ls 01890a5d-ac96-774b-bcce-b302099a8057",
		check:   runIDs.checkPart, ids: &runIDs, show: view.List,
		do: func(ctx context.Context, c *api.Client, run string) (api.Listing, error) { return c.Outputs(ctx, run) },
	}.command(a)
}

// clientForRun returns a client and the run's ID, of which text may be the start.
func (a *app) clientForRun(ctx context.Context, text string) (client *api.Client, id string, err error) {
	if err := runIDs.checkPart(text); err != nil {
		return nil, "", err
	}
	if client, err = a.settings.client(""); err != nil {
		return nil, "", err
	}
	id, err = runIDs.resolve(ctx, client, text)
	return client, id, err
}

// outputNamed returns the name of the output for a file's name, as lists show it. A text
// that is also the name of an output, as --json prints it, is only a file's name if the
// run has that file.
func outputNamed(ctx context.Context, c *api.Client, run, file string) (string, error) {
	name, err := outputname.Encode(file)
	if err != nil {
		return "", usageError("%q: %w", file, err)
	}
	if name == file || outputname.Check(file) != nil {
		return name, nil
	}
	listing, err := withRetry(ctx, func(ctx context.Context) (api.Listing, error) { return c.Outputs(ctx, run) })
	if err != nil {
		return "", err
	}
	if slices.ContainsFunc(listing.Outputs, func(o api.Output) bool { return o.Name == name }) {
		return name, nil
	}
	return file, nil
}

// catOptions are the flags of outputs cat.
type catOptions struct {
	follow, raw  bool
	color        bool
	unclaimed    bool
	lines, bytes string
}

func catCommand(a *app) *cobra.Command {
	var o catOptions
	cmd := &cobra.Command{
		Use:   "cat RUN NAME",
		Short: "Print an output, or part of it",
		Long: `Print an output, or part of it, to stdout. NAME is the name of the file, as the lists
show it, or the name that --json prints. To a pipe or file, the output is printed byte
for byte. On a terminal:
  - Control characters are printed as visible escapes. --color shows colors and styles,
    and --raw prints everything unchanged.
  - Of a line that a program has written again and again, such as a progress bar, the last
    version is printed, and how many versions it replaced.
  - UTF-16, which some Windows programs write, is printed as text. A message names it.
The exit code is 1 if the output is incomplete: the run has ended or is lost, but some
parts are not stored.`,
		Example: `  strongroom outputs cat 01890a5d stdout.log --lines 100-200
  strongroom outputs cat 01890a5d "reports/summary (1).txt" > summary.txt
  strongroom outputs cat 01890a5d stdout.log --color | less -R`,
		Args: exactArgs("RUN", "NAME"),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx, stop := interruptible(cmd.Context())
			defer stop()
			return a.cat(ctx, o, args[0], args[1])
		},
	}
	flags := cmd.Flags()
	flags.BoolVarP(&o.follow, "follow", "f", false, "keep printing as the output grows, until it is complete or the run is lost")
	flags.StringVar(&o.lines, "lines", "", "print only lines A-B, or from A to the end with A-; the first line is 1")
	flags.StringVar(&o.bytes, "bytes", "", "print only bytes A-B, or from A to the end with A-; the first byte is 0")
	flags.BoolVar(&o.raw, "raw", false, "print control characters to a terminal unchanged")
	flags.BoolVar(&o.color, "color", false, "print colors and styles, and other control characters as visible escapes, also to a pipe")
	onlyOneOf(cmd, "raw", "color")
	flags.BoolVar(&o.unclaimed, "unclaimed", false, "print the stored parts that the run's report does not claim, instead of the output; anybody with an upload URL of the run may have written them")
	completeArgs(a, cmd, runIDs.complete, completeOutput)
	onlyOneOf(cmd, "follow", "lines", "bytes")
	onlyOneOf(cmd, "follow", "lines", "unclaimed")
	return cmd
}

func (a *app) cat(ctx context.Context, o catOptions, run, name string) error {
	read, err := o.reader()
	if err != nil {
		return err
	}
	client, run, err := a.clientForRun(ctx, run)
	if err != nil {
		return err
	}
	if name, err = outputNamed(ctx, client, run, name); err != nil {
		return err
	}
	out, flush := a.outputText(o, outputname.Text(name))
	reader := &view.Reader{Client: client, Run: run, Name: name, Unclaimed: o.unclaimed, Retry: retry.Policy{For: defaultRetry}, Out: out}
	defer a.closeReader(ctx, reader)
	return errors.Join(read(ctx, reader), flush())
}

// safeOutput returns stdout. If it is a terminal, control characters are escaped.
func (a *app) safeOutput() (out io.Writer, flush func() error) {
	if !a.isTerminal() {
		return a.stdout, func() error { return nil }
	}
	escaper := view.NewEscaper(a.stdout)
	return escaper, escaper.Flush
}

// isTerminal reports whether stdout is a terminal.
func (a *app) isTerminal() bool {
	if a.paging {
		return true
	}
	file, ok := a.stdout.(*os.File)
	return ok && term.IsTerminal(int(file.Fd()))
}

// outputText returns stdout for the text of an output. On a terminal, the text is
// readable and cannot control it.
func (a *app) outputText(o catOptions, name string) (out io.Writer, flush func() error) {
	flush = func() error { return nil }
	out = a.stdout
	isShown := !o.raw && (o.color || a.isTerminal())
	if isShown {
		escaper := view.NewEscaper(a.stdout)
		escaper.Colors = o.color
		out, flush = escaper, escaper.Flush
		if a.isTerminal() {
			frames := view.NewFrames(escaper)
			out, flush = frames, frames.Flush
		}
	}
	decoder := view.NewDecoder(out, !isShown, func(e charset.Encoding) {
		a.notice("%s is %s; to convert a copy: iconv -f UTF-16 -t UTF-8", view.Name(name), e)
	})
	flushText := flush
	return decoder, func() error { return errors.Join(decoder.Flush(), flushText()) }
}

// reader returns the method of view.Reader that the flags select.
func (o catOptions) reader() (func(context.Context, *view.Reader) error, error) {
	switch {
	case o.follow:
		return func(ctx context.Context, r *view.Reader) error { return r.Follow(ctx) }, nil
	case o.lines != "":
		first, last, err := parseRange(o.lines, 1)
		if err != nil {
			return nil, usageError("--lines %s: %w", o.lines, err)
		}
		return func(ctx context.Context, r *view.Reader) error { return r.Lines(ctx, first, max(last, 0)) }, nil
	case o.bytes != "":
		first, last, err := parseRange(o.bytes, 0)
		if err != nil {
			return nil, usageError("--bytes %s: %w", o.bytes, err)
		}
		return func(ctx context.Context, r *view.Reader) error {
			return r.Bytes(ctx, api.Span{First: first, Last: last})
		}, nil
	}
	return func(ctx context.Context, r *view.Reader) error { return r.Bytes(ctx, api.Span{Last: -1}) }, nil
}

// parseRange reads A-B, or A-, for which last is -1.
func parseRange(text string, lowest int64) (first, last int64, err error) {
	bad := errors.New("a range must have the form 100-200, or 100- for an open end")
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
		return 0, 0, fmt.Errorf("a range must not start before %d", lowest)
	case last >= 0 && last < first:
		return 0, 0, errors.New("the end is before the start")
	}
	return first, last, nil
}

// parseNumber reads digits. It limits them to 62 bits, so that sums do not
// overflow.
func parseNumber(text string) (int64, error) {
	n, err := strconv.ParseUint(text, 10, 62)
	return int64(n), err
}
