package command

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/progress"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/view"
	"github.com/strongroom-dev/strongroom/shared/gitbundle"
	"github.com/strongroom-dev/strongroom/shared/manifest"
	"github.com/strongroom-dev/strongroom/shared/noteverify"
)

func verifyExportCommand(a *app) *cobra.Command {
	var keys string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "verify [DIR]",
		Short: "Verify a copy of an export, offline",
		Long: `Verify the copy of an export in DIR (default: the current directory). The copy is as
strongroom exports pull makes it. The command needs no network and no token. It checks
these:

  - the platform's key signed the manifest
  - the request of the export is in the tenant's audit log
  - each file is exactly what the manifest names: its size, CRC32C and SHA-256
  - no file is missing or added
  - each configuration is a git bundle, and its main has the commit and the files that
    the manifest names

The exit code is 1 if anything is wrong, and each file is named. The command then says
what is proved. Of a part of an output, the SHA-256 is the one that its runner declared
before the upload. If the runner declared none, the part is crc32c-only: accidental
changes are detected, and deliberate ones are not.

Without --keys, the keys in the copy are trusted. Get the keys once over another
channel, or from a copy that you trust, and keep them.`,
		Example: `  strongroom exports verify ./export
  strongroom exports verify ./export --keys auditor.keys --json`,
		Args: maxOneArg("DIR"),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx, stop := interruptible(cmd.Context())
			defer stop()
			return a.verifyExport(ctx, cmp.Or(cmp.Or(args...), "."), keys, asJSON)
		},
	}
	addKeysFlag(cmd, &keys)
	addJSONFlag(cmd, &asJSON, view.ExportReport{})
	return cmd
}

func (a *app) verifyExport(ctx context.Context, dir, keysFile string, asJSON bool) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return &exitError{exitUsage, err}
	}
	defer root.Close()
	keys, err := exportKeys(root, keysFile)
	if err != nil {
		return err
	}
	meter := progress.New(progress.Verify, a.stderr, a.settings.quiet)
	meter.Show()
	report, err := manifest.Verify(root.FS(), keys, manifest.WithBundles(checkBundle), manifest.WithProgress(meter.Expect, func(bytes int64) error {
		meter.Moved(bytes)
		return context.Cause(ctx)
	}))
	meter.End()
	if err != nil {
		return fmt.Errorf("verify the export: %w", err)
	}
	if asJSON {
		err = a.writeJSON(a.stdout, view.NewExportReport(report))
	} else {
		err = view.VerifiedExport(a.stdout, report)
	}
	if err != nil || len(report.Problems) == 0 {
		return err
	}
	return fmt.Errorf("%s has %d problems", dir, len(report.Problems))
}

// checkBundle verifies the git bundle of a configuration.
func checkBundle(bundle io.Reader, of manifest.Bundle) error {
	return gitbundle.Check(bundle, of.Commit, of.Digest)
}

// exportKeys returns the keys in a file, or those in the copy.
func exportKeys(root *os.Root, path string) (manifest.Keys, error) {
	text, err := readExportKeys(path)
	if err != nil {
		return manifest.Keys{}, err
	}
	if text == nil {
		path = manifest.KeysFile
		if text, err = readCopiedKeys(root); err != nil {
			return manifest.Keys{}, err
		}
	}
	keys, err := manifest.ParseKeys(string(text))
	if err != nil {
		return manifest.Keys{}, usageError("%s: %w", path, err)
	}
	return keys, nil
}

func readCopiedKeys(root *os.Root) ([]byte, error) {
	file, err := root.Open(manifest.KeysFile)
	if errors.Is(err, os.ErrNotExist) {
		return nil, usageError("the copy has no %s: use --keys FILE", manifest.KeysFile)
	}
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return io.ReadAll(io.LimitReader(file, noteverify.MaxFile))
}
