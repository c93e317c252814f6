package command

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/view"
	"github.com/strongroom-dev/strongroom/shared/configtree"
)

// checkDigest rejects an argument that is no digest of a tree.
func checkDigest(digest string) error {
	if _, err := configtree.ParseDigest(digest); err != nil {
		return usageError("%q is not a digest, which has 64 characters of 0-9 and a-f; to list reviews: strongroom config reviews", digest)
	}
	return nil
}

// completeReview completes the digests of reviews.
func completeReview(ctx context.Context, a *app, _ []string, _ string) (found []candidate, err error) {
	client, err := a.settings.client("")
	if err != nil {
		return nil, err
	}
	reviews, _, err := client.ConfigReviews(ctx, maxCompletions, "", "")
	for _, r := range reviews {
		found = append(found, candidate{r.Digest, r.Reviewer})
	}
	return found, err
}

func showReviewCommand(a *app) *cobra.Command {
	return action[api.ConfigReview]{
		use: "show DIGEST", short: "Show a review, its waivers and the push that waits for approval",
		example: "  strongroom config show 9f2c…", check: checkDigest, complete: completeReview,
		do: func(ctx context.Context, c *api.Client, digest string) (api.ConfigReview, error) {
			return c.ConfigReview(ctx, digest)
		},
		show: view.ConfigReview,
	}.command(a)
}

func showHeldCommand(a *app) *cobra.Command {
	return action[api.HeldChanges]{
		use: "changes DIGEST", short: "Show what a push that waits for approval changes (admins only)",
		example: "  strongroom config changes 9f2c…", check: checkDigest, complete: completeReview,
		do: func(ctx context.Context, c *api.Client, digest string) (api.HeldChanges, error) {
			return c.HeldChanges(ctx, digest)
		},
		show: view.HeldChanges,
	}.command(a)
}

func approveConfigCommand(a *app) *cobra.Command {
	return action[api.ConfigReview]{
		use: "approve DIGEST", short: "Let a push that waits for approval take effect (admins only)",
		long: `Let a push that waits for approval take effect. You must neither have reviewed nor pushed it. To
see what it changes first: strongroom config changes DIGEST.`,
		example: "  strongroom config approve 9f2c…", check: checkDigest, complete: completeReview,
		do: func(ctx context.Context, c *api.Client, digest string) (api.ConfigReview, error) {
			return c.ApproveConfig(ctx, digest)
		},
		show: view.ConfigReview,
	}.command(a)
}

func rejectConfigCommand(a *app) *cobra.Command {
	return action[api.ConfigReview]{
		use: "reject DIGEST", short: "Reject a push that waits for approval; nobody can read it any more (admins only)",
		example: "  strongroom config reject 9f2c…", check: checkDigest, complete: completeReview,
		do: func(ctx context.Context, c *api.Client, digest string) (api.ConfigReview, error) {
			return c.RejectConfig(ctx, digest)
		},
		show: view.ConfigReview,
	}.command(a)
}

// commitList is what config log --json prints.
type commitList struct {
	Commits []api.ConfigCommit `json:"commits"`
	More    bool               `json:"more" doc:"the limit may have cut off more commits"`
}

func logConfigCommand(a *app) *cobra.Command {
	var o listOptions
	cmd := &cobra.Command{
		Use: "log", Short: "List the commits of main, newest first",
		Example: "  strongroom config log --limit 5",
		Args:    exactArgs(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return list[api.ConfigCommit]{
				pageSize: api.MaxCommitPage, show: view.ConfigCommits,
				fetch: func(ctx context.Context, c *api.Client, size int, token string) ([]api.ConfigCommit, string, error) {
					return c.ConfigCommits(ctx, size, token)
				},
				wrap: func(commits []api.ConfigCommit, more bool) any { return commitList{commits, more} },
			}.print(cmd.Context(), a, o)
		},
	}
	o.addFlags(cmd, commitList{})
	return cmd
}

func resetConfigCommand(a *app) *cobra.Command {
	var commit string
	var asJSON bool
	cmd := &cobra.Command{
		Use: "reset --commit COMMIT", Short: "Drop the history, and keep the configuration in effect (admins only)",
		Long: `Drop the history: main becomes one commit with the same files. What only older commits have, such as
a leaked secret, cannot be fetched any more. --commit is main, so that no push in between is lost. The
command prints the name of the only object that is still used. The tenant must delete the others of the
workspace in its own bucket.`,
		Example: "  strongroom config reset --commit 3b18e512dba79e4c8300dd08aeb37f8e728b8dad",
		Args:    exactArgs(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if commit == "" {
				return usageError("--commit is required: the newest commit of strongroom config log")
			}
			client, err := a.settings.client("")
			if err != nil {
				return err
			}
			result, err := client.ResetConfig(cmd.Context(), commit)
			if err != nil {
				return err
			}
			if asJSON {
				return a.writeJSON(a.stdout, result)
			}
			return view.ConfigReset(a.stdout, result)
		},
	}
	cmd.Flags().StringVar(&commit, "commit", "", "`commit` of main")
	addJSONFlag(cmd, &asJSON, api.ConfigReset{})
	return cmd
}
