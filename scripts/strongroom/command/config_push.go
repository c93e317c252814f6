package command

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"time"

	"github.com/spf13/cobra"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/configreview"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/gitwire"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/view"
	"github.com/strongroom-dev/strongroom/shared/configtree"
)

// printedPush is what config push --json prints.
type printedPush struct {
	Digest string `json:"digest" doc:"of the tree"`
	Commit string `json:"commit" doc:"of main"`
	Pushed bool   `json:"pushed" doc:"false if this tree was in effect already"`
}

func pushConfigCommand(a *app) *cobra.Command {
	var message string
	var asJSON bool
	cmd := &cobra.Command{
		Use: "push DIR", Short: "Push exactly the files of a directory that were reviewed",
		Long: `Push the files of a directory as one commit that follows main. It needs no git. The same files
are left out as in the review. The platform refuses files that differ from the reviewed ones by one
byte. Only what the platform does not have yet is sent.`,
		Example: `  strongroom config push ./workspace
  strongroom config push ./workspace --message "add the payment service"`,
		Args: exactArgs("DIR"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.pushConfig(cmd.Context(), args[0], message, asJSON)
		},
	}
	cmd.Flags().StringVarP(&message, "message", "m", "", "`text` of the commit (default: the start of the digest)")
	addJSONFlag(cmd, &asJSON, printedPush{})
	return cmd
}

func (a *app) pushConfig(ctx context.Context, dir, message string, asJSON bool) error {
	client, err := a.settings.client("")
	if err != nil {
		return err
	}
	old, before, err := inEffect(ctx, client)
	if err != nil {
		return err
	}
	review, err := configreview.Read(dir, before)
	if err != nil {
		return err
	}
	if len(review.Faults) > 0 {
		return fmt.Errorf("the platform would refuse the configuration: %s; to see all faults: strongroom config review %s", review.Faults[0], dir)
	}
	if open := len(review.Open()); open > 0 {
		return fmt.Errorf("open findings: %d; to see them: strongroom config review %s", open, dir)
	}
	result := printedPush{Digest: review.Digest, Commit: old.Commit}
	if review.Digest != old.Digest {
		if result.Commit, err = a.push(ctx, client, old, review.Tree, message); err != nil {
			return err
		}
		result.Pushed = true
	}
	return a.printPush(result, asJSON)
}

func (a *app) printPush(result printedPush, asJSON bool) error {
	if asJSON {
		return a.writeJSON(a.stdout, result)
	}
	text := "is in effect"
	if !result.Pushed {
		text = "was in effect already; nothing is pushed"
	}
	_, err := fmt.Fprintf(a.stdout, "%s %s\n", result.Digest, text)
	return err
}

// push pushes a tree and returns the commit.
func (a *app) push(ctx context.Context, client *api.Client, old api.ConfigTree, tree configtree.Tree, message string) (string, error) {
	known := map[string]string{}
	for _, f := range old.Files {
		known[f.Path] = f.SHA256
	}
	if message == "" {
		message = "Configuration " + tree.Digest().String()[:12]
	}
	body, commit, err := gitwire.NewPush(gitwire.Commit{Parent: old.Commit, Known: known, Tree: tree, Message: message, Time: time.Now()})
	if err != nil {
		return "", err
	}
	if len(body) > api.MaxPush {
		return "", fmt.Errorf("the push has %d bytes; at most %d are allowed: push fewer files at a time", len(body), api.MaxPush)
	}
	response, err := withRetry(ctx, func(ctx context.Context) ([]byte, error) { return client.PushConfig(ctx, body) })
	if err != nil {
		return "", err
	}
	var lines bytes.Buffer
	err = gitwire.ReadReport(response, &lines)
	if refused := (*gitwire.RefusedError)(nil); errors.As(err, &refused) {
		// The response to an earlier attempt may be lost.
		if now, _ := client.ConfigTree(ctx); now.Commit == commit {
			return commit, nil
		}
		_, _ = io.Copy(view.NewEscaper(a.stderr), &lines) // the error says that the push is refused
		return "", fmt.Errorf("the push is refused: %s", view.OneLine(view.Name(refused.Reason)))
	}
	return commit, err
}

// printedPull is what config pull --json prints.
type printedPull struct {
	Digest string `json:"digest" doc:"of the tree in effect"`
	Commit string `json:"commit" doc:"of main"`
	Files  int    `json:"files"`
}

func pullConfigCommand(a *app) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "pull DIR", Short: "Copy the configuration in effect into a new directory",
		Long: `Copy the configuration in effect into a directory that does not exist or is empty. It needs no
git. The audit log records this read.`,
		Example: "  strongroom config pull ./copy",
		Args:    exactArgs("DIR"),
		RunE:    func(cmd *cobra.Command, args []string) error { return a.pullConfig(cmd.Context(), args[0], asJSON) },
	}
	addJSONFlag(cmd, &asJSON, printedPull{})
	return cmd
}

func (a *app) pullConfig(ctx context.Context, dir string, asJSON bool) error {
	client, err := a.settings.client("")
	if err != nil {
		return err
	}
	if entries, err := os.ReadDir(dir); err == nil && len(entries) > 0 {
		return usageError("%s has files; name a directory that is empty or does not exist", dir)
	}
	now, err := withRetry(ctx, client.ConfigTree)
	if err != nil {
		return err
	}
	if now.Commit == "" {
		return errors.New("the workspace has no configuration")
	}
	response, err := withRetry(ctx, func(ctx context.Context) ([]byte, error) {
		return client.FetchConfig(ctx, gitwire.NewFetch(now.Commit))
	})
	if err != nil {
		return err
	}
	tree, err := gitwire.ReadFiles(response, now.Commit)
	if err != nil {
		return err
	}
	if tree.Digest().String() != now.Digest {
		return errors.New("the files differ from the digest in effect; try again")
	}
	if err := writeTree(dir, tree); err != nil {
		return fmt.Errorf("write the configuration: %w", err)
	}
	result := printedPull{now.Digest, now.Commit, len(tree.Files)}
	if asJSON {
		return a.writeJSON(a.stdout, result)
	}
	_, err = fmt.Fprintf(a.stdout, "%s of %s\n", count(result.Files, "file"), result.Digest)
	return err
}

// writeTree writes the files of a valid tree into a directory. It overwrites nothing and
// follows no links out of it.
func writeTree(dir string, tree configtree.Tree) error {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	for _, f := range tree.Files {
		if err := root.MkdirAll(path.Dir(f.Path), 0o777); err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
		if err := writeNew(root, f); err != nil {
			return err
		}
	}
	return nil
}

func writeNew(root *os.Root, f configtree.File) error {
	file, err := root.OpenFile(f.Path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return err
	}
	_, err = file.Write(f.Data)
	return errors.Join(err, file.Close())
}
