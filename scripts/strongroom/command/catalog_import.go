package command

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/catalogimport"
)

func importCatalogCommand(a *app) *cobra.Command {
	c := catalogImport{app: a}
	cmd := &cobra.Command{
		Use:   "import DIR",
		Short: "Store the tasks of Robot Framework files in the catalog",
		Long: `Store the tasks of all .robot files below DIR, a checkout of a code collection, in
the public catalog. This requires a token with the role platform, and no workspace.
It is safe to run again: tasks that did not change are not written. Searches find
new tasks within one minute.

With --prune, after all tasks are stored, also remove tasks that DIR no longer has
and whose source starts with --source. If any task or file was skipped, nothing is
removed. Do not import two editions of the same source at the same time.`,
		Example: `  strongroom token --as platform > staff.token     # embedded cloud only
  strongroom catalog import ./rw-cli-codecollection --token-file staff.token --prune \
    --source https://github.com/runwhen-contrib/rw-cli-codecollection/blob/main/`,
		Args: exactArgs("DIR"),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx, stop := interruptible(cmd.Context())
			defer stop()
			c.dir = args[0]
			return c.run(ctx)
		},
	}
	cmd.Flags().StringVar(&c.source, "source", "", "URL prefix of the files: a task's source is this prefix and the file's path in DIR (default none)")
	cmd.Flags().BoolVar(&c.prune, "prune", false, "remove tasks of --source that DIR no longer has")
	addJSONFlag(cmd, &c.json, catalogSummary{})
	return cmd
}

// catalogImport is one invocation of catalog import.
type catalogImport struct {
	app         *app
	client      *api.Client
	dir, source string
	prune, json bool
	summary     catalogSummary
}

// catalogSummary is what catalog import --json prints.
type catalogSummary struct {
	Tasks   int      `json:"tasks" doc:"stored"`
	Written int      `json:"written" doc:"of Tasks, those that are new or changed"`
	Removed *int     `json:"removed,omitempty" doc:"nil: nothing was pruned"`
	Notes   []string `json:"notes,omitempty" doc:"tasks and files that were skipped or shortened"`
}

func (c *catalogImport) check() error {
	if info, err := os.Stat(c.dir); err != nil || !info.IsDir() {
		return usageError("%s is not a directory: use the path of a code collection", c.dir)
	}
	if c.prune && (len(c.source) < 2 || !strings.HasSuffix(c.source, "/")) {
		return usageError("--prune requires a --source that ends with a slash, because it removes tasks whose source starts with it")
	}
	return nil
}

func (c *catalogImport) run(ctx context.Context) (err error) {
	if err := c.check(); err != nil {
		return err
	}
	if c.client, err = c.app.settings.publicClient(); err != nil {
		return err
	}
	found := catalogimport.Read(c.dir, c.source)
	c.summary.Notes = found.Notes
	for _, note := range found.Notes {
		fmt.Fprintln(c.app.stderr, "strongroom:", note)
	}
	if len(found.Tasks) == 0 {
		return fmt.Errorf("no tasks in the .robot files below %s", c.dir)
	}
	edition := ""
	if c.prune {
		edition = found.Edition()
	}
	if err := c.store(ctx, found.Tasks, edition); err != nil {
		return err
	}
	if c.prune && found.Failed {
		fmt.Fprintln(c.app.stderr, "strongroom: nothing was removed, because a task or file was skipped")
	} else if c.prune {
		if err := c.removeStale(ctx, edition); err != nil {
			return err
		}
	}
	return c.finish(found.Failed)
}

// store stores all tasks in batches.
func (c *catalogImport) store(ctx context.Context, tasks []api.Task, edition string) error {
	for batch := range catalogimport.Batches(tasks) {
		written, err := withRetry(ctx, func(ctx context.Context) (int, error) { return c.client.PutTasks(ctx, batch, edition) })
		if err != nil {
			return fmt.Errorf("stored %d of %d tasks: %w; run the command again to continue", c.summary.Tasks, len(tasks), err)
		}
		c.summary.Tasks, c.summary.Written = c.summary.Tasks+len(batch), c.summary.Written+written
		c.app.notice("%d of %d tasks", c.summary.Tasks, len(tasks))
	}
	return nil
}

// removeStale removes tasks of the source that do not have the edition.
func (c *catalogImport) removeStale(ctx context.Context, edition string) error {
	removed := 0
	c.summary.Removed = &removed
	for token := ""; ; {
		pruned, err := withRetry(ctx, func(ctx context.Context) (api.Pruned, error) {
			return c.client.PruneTasks(ctx, c.source, edition, token)
		})
		if err != nil {
			return fmt.Errorf("removed %d tasks: %w; run the command again to continue", removed, err)
		}
		removed += pruned.Removed
		if token = pruned.NextPageToken; token == "" {
			return nil
		}
	}
}

// finish prints the summary.
func (c *catalogImport) finish(failed bool) (err error) {
	if c.json {
		err = c.app.writeJSON(c.app.stdout, c.summary)
	} else {
		_, err = fmt.Fprintln(c.app.stdout, c.summary)
	}
	if failed {
		err = errors.Join(err, errors.New("some tasks were skipped; see the messages above"))
	}
	return err
}

// String returns the summary in one line.
func (s catalogSummary) String() string {
	text := fmt.Sprintf("%d tasks, %d new or changed", s.Tasks, s.Written)
	if s.Removed != nil {
		text += fmt.Sprintf(", %d removed", *s.Removed)
	}
	return text
}
