package command

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/configreview"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/view"
)

func configCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "config",
		Short: "Review a configuration before it is uploaded, push it, and read it",
		Long: `Review a configuration before it is uploaded, push it, and read it. A configuration is a
directory with YAML files. Each workspace has a git repository for it. A push takes effect only
if the review of exactly these files is recorded and every finding in them has a waiver.`,
		Example: `  strongroom config review ./workspace                          # show, ask, and record the review
  strongroom config push ./workspace                            # push exactly what was reviewed
  strongroom config pull ./copy                                 # copy the configuration in effect`,
	}
	a.addSubcommands(cmd, func() []*cobra.Command {
		return []*cobra.Command{
			reviewConfigCommand(a), pushConfigCommand(a), pullConfigCommand(a), graphConfigCommand(a), logConfigCommand(a),
			listReviewsCommand(a), showReviewCommand(a), showHeldCommand(a), approveConfigCommand(a), rejectConfigCommand(a),
			resetConfigCommand(a),
		}
	})
	return cmd
}

// inEffect returns the configuration in effect, and its files as a review needs them.
func inEffect(ctx context.Context, client *api.Client) (api.ConfigTree, []configreview.FileHash, error) {
	tree, err := withRetry(ctx, client.ConfigTree)
	if err != nil {
		return tree, nil, err
	}
	files := make([]configreview.FileHash, 0, len(tree.Files))
	for _, f := range tree.Files {
		files = append(files, configreview.FileHash{Path: f.Path, SHA256: f.SHA256})
	}
	return tree, files, nil
}

// reviewList is what config reviews --json prints.
type reviewList struct {
	Reviews []api.ConfigReview `json:"reviews"`
	More    bool               `json:"more" doc:"the limit may have cut off more reviews"`
}

func listReviewsCommand(a *app) *cobra.Command {
	var o listOptions
	var waiting bool
	cmd := &cobra.Command{
		Use: "reviews", Short: "List the recorded reviews, newest first",
		Example: `  strongroom config reviews --limit 5
  strongroom config reviews --waiting                   # pushes that an admin must approve or reject`,
		Args: exactArgs(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return list[api.ConfigReview]{
				pageSize: api.MaxReviewPage, show: view.ConfigReviews,
				fetch: func(ctx context.Context, c *api.Client, size int, token string) ([]api.ConfigReview, string, error) {
					push := ""
					if waiting {
						push = api.WaitingPushes
					}
					return c.ConfigReviews(ctx, size, token, push)
				},
				wrap: func(reviews []api.ConfigReview, more bool) any { return reviewList{reviews, more} },
			}.print(cmd.Context(), a, o)
		},
	}
	cmd.Flags().BoolVar(&waiting, "waiting", false, "only reviews whose push waits for approval")
	o.addFlags(cmd, reviewList{})
	return cmd
}
