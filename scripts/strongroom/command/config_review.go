package command

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/configreview"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/reviewpage"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/view"
)

// reviewOptions are the flags of config review.
type reviewOptions struct {
	failOn string
	dryRun bool
	open   bool
	json   bool
}

// printedReview is what config review --json prints.
type printedReview struct {
	configreview.Review
	Recorded bool `json:"recorded" doc:"the platform has the review of this tree"`
}

func reviewConfigCommand(a *app) *cobra.Command {
	var o reviewOptions
	cmd := &cobra.Command{
		Use: "review DIR", Short: "Show what would be uploaded, and record the review",
		Long: `Show what an upload of a directory would send: the kinds of documents, their fields, what
differs from the configuration in effect, and findings: secrets, addresses and labels. Nothing of
the directory leaves this machine, except the record of the review: the digest of the tree, the
number of its files, and the waivers.

Each finding must be fixed, excluded or waived:
  - .strongroomignore excludes files, with the patterns of .gitignore, which excludes files too.
  - .strongroomwaivers, in DIR, is a list in YAML. Each waiver has the fields rule and reason.
    That of a secret also has its path and its line. The file is part of the configuration.

On a terminal, the command asks before it records the review. In a pipeline, use --fail-on finding:
it records the review if no finding is open. The platform decides by the token whether a person or
a pipeline has reviewed. The exit code is 0 only if the review is recorded, or would be with --dry-run.`,
		Example: `  strongroom config review ./workspace
  strongroom config review ./workspace --open                   # in a browser
  strongroom config review ./workspace --fail-on finding        # in a pipeline
  strongroom config review ./workspace --dry-run --json | jq -r '.findings[] | "\(.path):\(.line) \(.rule)"'`,
		Args: exactArgs("DIR"),
		RunE: func(cmd *cobra.Command, args []string) error { return a.reviewConfig(cmd.Context(), args[0], o) },
	}
	flags := cmd.Flags()
	flags.StringVar(&o.failOn, "fail-on", "", "finding: do not ask, and fail if a finding is open")
	flags.BoolVar(&o.dryRun, "dry-run", false, "record nothing")
	completeFlag(cmd, "fail-on", "finding")
	flags.BoolVar(&o.open, "open", false, "show the review as a page on this machine, where findings can be waived, and print its URL")
	onlyOneOf(cmd, "fail-on", "dry-run", "open")
	onlyOneOf(cmd, "json", "open")
	addJSONFlag(cmd, &o.json, printedReview{})
	return cmd
}

func (a *app) reviewConfig(ctx context.Context, dir string, o reviewOptions) error {
	if err := checkOneOf("--fail-on", o.failOn, "finding"); err != nil {
		return err
	}
	if !o.dryRun && !o.open && o.failOn == "" && (o.json || !a.canAsk()) {
		return usageError("there is no terminal to ask on: use --fail-on finding or --open to record the review, or --dry-run")
	}
	client, err := a.settings.client("")
	if err != nil {
		return err
	}
	_, before, err := inEffect(ctx, client)
	if err != nil {
		return err
	}
	review, err := configreview.Read(dir, before)
	if err != nil {
		return err
	}
	if o.open {
		return a.openReview(ctx, client, review)
	}
	result := printedReview{Review: review}
	if !o.json {
		if err := view.Review(a.stdout, review); err != nil {
			return err
		}
	}
	failure := a.recordReview(ctx, client, &result, o)
	if o.json {
		return errors.Join(a.writeJSON(a.stdout, result), failure)
	}
	return failure
}

// recordReview records a review without faults and open findings.
func (a *app) recordReview(ctx context.Context, client *api.Client, result *printedReview, o reviewOptions) error {
	review := result.Review
	switch open := len(review.Open()); {
	case len(review.Faults) > 0:
		return fmt.Errorf("the platform would refuse the configuration (faults: %d); correct them and review again", len(review.Faults))
	case review.Files == 0:
		return errors.New("the directory has no files to upload")
	case open > 0:
		return fmt.Errorf("open findings: %d; fix them, exclude the files with .strongroomignore, or waive them in %s", open, configreview.WaiversFile)
	case o.dryRun:
		return nil
	case o.failOn == "" && !a.confirm("Record the review of these files? [y/N] "):
		return errors.New("the review is not recorded")
	}
	if err := record(ctx, client, review); err != nil {
		return err
	}
	result.Recorded = true
	a.notice("the review is recorded; next: strongroom config push DIR")
	return nil
}

// openReview shows a review as a page until somebody decides. It opens no browser: the
// URL has a token, and every process on the machine can read arguments.
func (a *app) openReview(ctx context.Context, client *api.Client, review configreview.Review) error {
	workspace, err := a.settings.workspaceID()
	if err != nil {
		return err
	}
	ctx, stop := interruptible(ctx)
	defer stop()
	p := &reviewpage.Page{
		Review: review, Workspace: string(workspace),
		Record:   func(ctx context.Context, r configreview.Review) error { return record(ctx, client, r) },
		Announce: func(url string) { fmt.Fprintf(a.stderr, "strongroom: open this page, once: %s\n", url) },
	}
	if err := p.Serve(ctx); err != nil {
		return err
	}
	a.notice("the review is recorded; next: strongroom config push DIR")
	return nil
}

// record records a review.
func record(ctx context.Context, client *api.Client, review configreview.Review) error {
	_, err := withRetry(ctx, func(ctx context.Context) (api.ConfigReview, error) {
		return client.RecordReview(ctx, review.Digest, api.NewReview{Files: review.Files, Bytes: review.Bytes, Waivers: review.Waivers})
	})
	return err
}

// canAsk reports whether the program can ask a question on a terminal.
func (a *app) canAsk() bool {
	file, ok := a.stdin.(*os.File)
	return ok && term.IsTerminal(int(file.Fd()))
}

// confirm asks a question and reports whether the answer is yes.
func (a *app) confirm(question string) bool {
	fmt.Fprint(a.stderr, question)
	answer, _ := bufio.NewReader(a.stdin).ReadString('\n') // the end of the input is not yes
	answer = strings.ToLower(strings.TrimSpace(answer))
	return answer == "y" || answer == "yes"
}
