package command

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/spf13/cobra"
	"github.com/vbauerster/mpb/v8/decor"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/exportcopy"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/progress"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/retry"
	"github.com/strongroom-dev/strongroom/shared/noteverify"
)

// pullExportOptions are the flags that set how an export is copied.
type pullExportOptions struct {
	keys              string
	parallel          int
	retryFor, backoff time.Duration
}

func (o *pullExportOptions) addFlags(cmd *cobra.Command) {
	addKeysFlag(cmd, &o.keys)
	cmd.Flags().IntVar(&o.parallel, "parallel", 8, "maximum number of files that are fetched at the same time")
	addRetryFlags(cmd, &o.retryFor, &o.backoff, time.Hour)
}

func (o *pullExportOptions) check() error {
	if o.parallel < 1 || o.parallel > 64 {
		return usageError("--parallel must be from 1 to 64")
	}
	return nil
}

func addKeysFlag(cmd *cobra.Command, keys *string) {
	cmd.Flags().StringVar(keys, "keys", "", "`file` with the verifier keys to trust (default: those in the copy; the first pull gets them from the platform)")
}

func pullExportCommand(a *app) *cobra.Command {
	var o pullExportOptions
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "pull EXPORT DIR",
		Short: "Copy an export to a directory, and verify it",
		Long: `Copy an export that is done to DIR. The files come straight from the bucket. Each one
gets its name only after its bytes are those that the signed manifest names. Each
output becomes one file: outputs/WORKSPACE/RUN/NAME. NAME is the name of the output, in
which every byte other than A-Z, a-z, 0-9, dot, underscore and hyphen is ~XX. A name of
more than 200 characters is shortened, and has the beginning of its SHA-256 instead. The
configuration of each workspace becomes configuration/WORKSPACE.bundle, which git clones.

It is safe to interrupt: run the command again, and it fetches only what is missing.
If "strongroom exports verify" names a damaged file, remove it and run the command
again.

The verifier keys are stored in DIR/keys.txt. Without --keys, they are trusted as the
platform sends them at the first pull. Two pulls cannot use the same DIR at once.

The exit code is 1 if the export cannot be copied, and also if a part of an output is
not the one whose SHA-256 its runner declared.`,
		Example: `  strongroom exports pull 0198c2b4-5d1e-7c3a-9f00-2a6b1c4d8e31 ./export
  strongroom exports pull 0198c2b4-5d1e-7c3a-9f00-2a6b1c4d8e31 ./export --parallel 32 --keys auditor.keys`,
		Args: exactArgs("EXPORT", "DIR"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := cmp.Or(exportIDs.checkPart(args[0]), o.check()); err != nil {
				return err
			}
			ctx, stop := interruptible(cmd.Context())
			defer stop()
			client, err := a.settings.publicClient()
			if err != nil {
				return err
			}
			id, err := exportIDs.resolve(ctx, client, args[0])
			if err != nil {
				return err
			}
			return a.pullExport(ctx, id, args[1], o, asJSON)
		},
	}
	completeArgs(a, cmd, exportIDs.complete)
	o.addFlags(cmd)
	addJSONFlag(cmd, &asJSON, pulledExport{})
	return cmd
}

// pulledExport is what exports pull --json prints.
type pulledExport struct {
	Export     string   `json:"export"`
	Dir        string   `json:"dir"`
	Files      int64    `json:"files"`                // that were fetched
	Bytes      int64    `json:"bytes"`                // of these
	CRC32COnly int64    `json:"crc32cOnly"`           // parts of outputs without a SHA-256
	Mismatches int64    `json:"mismatches"`           // parts that were fetched, and are not what their runner declared
	Mismatched []string `json:"mismatched,omitempty"` // the first of these
}

func (a *app) pullExport(ctx context.Context, id, dir string, o pullExportOptions, asJSON bool) error {
	puller, meter, err := a.exportPuller(id, dir, o)
	if err != nil {
		return err
	}
	meter.Show()
	pulled, err := puller.Pull(ctx)
	meter.End()
	if err != nil {
		return fmt.Errorf("pull the export: %w", err)
	}
	result := pulledExport{
		Export: id, Dir: dir, Files: pulled.Files, Bytes: pulled.Bytes,
		CRC32COnly: pulled.CRC32COnly, Mismatches: pulled.Mismatches, Mismatched: pulled.Mismatched,
	}
	if asJSON {
		err = a.writeJSON(a.stdout, result)
	} else {
		a.describePull(result)
	}
	if err == nil && result.Mismatches > 0 {
		err = fmt.Errorf("parts of outputs that are not what their runner declared: %d", result.Mismatches)
	}
	return err
}

// describePull prints what a pull did.
func (a *app) describePull(p pulledExport) {
	if p.Files == 0 {
		a.notice("%s is complete; nothing was fetched", p.Dir)
	} else {
		a.notice("%s is complete; fetched % .1f in %d files, and each is what the signed manifest names", p.Dir, decor.SizeB1024(p.Bytes), p.Files)
	}
	if p.CRC32COnly > 0 {
		a.notice("crc32c-only: %d parts of outputs have no SHA-256, so deliberate changes of them are not detected", p.CRC32COnly)
	}
	for _, name := range p.Mismatched {
		a.notice("%s is not what its runner declared: its SHA-256 differs, although its CRC32C is that of the stored object", name)
	}
}

// exportPuller returns a puller, and the meter that shows its progress.
func (a *app) exportPuller(id, dir string, o pullExportOptions) (exportcopy.Puller, *progress.Meter, error) {
	keys, err := readExportKeys(o.keys)
	if err != nil {
		return exportcopy.Puller{}, nil, err
	}
	log, err := a.settings.auditLog()
	if err != nil {
		return exportcopy.Puller{}, nil, err
	}
	client, err := a.settings.publicClient()
	if err != nil {
		return exportcopy.Puller{}, nil, err
	}
	meter := progress.New(progress.Download, a.stderr, a.settings.quiet)
	policy := retry.Policy{For: o.retryFor, First: o.backoff, Notify: noteRetries(meter)}
	return exportcopy.Puller{
		Dir: dir, Export: id, Trusted: keys, Read: client.ReadObject, Parallel: o.parallel, Retry: policy, Expect: meter.Expect, Moved: meter.Moved,
		FetchKeys: func(ctx context.Context) ([]byte, error) {
			return withRetry(ctx, func(ctx context.Context) ([]byte, error) { return client.LogFile(ctx, log, "keys", noteverify.MaxFile) })
		},
		Files: func(ctx context.Context, token string) (page api.ExportFilePage, err error) {
			err = policy.Do(ctx, func(ctx context.Context) error {
				page, err = client.ExportFiles(ctx, id, token)
				return err
			})
			return page, err
		},
	}, meter, nil
}

// retryNotice is the shortest time between two messages about retries.
const retryNotice = 30 * time.Second

// noteRetries returns a function that prints why something is retried, but not each
// time.
func noteRetries(meter *progress.Meter) func(error) {
	var mu sync.Mutex
	var last time.Time
	return func(err error) {
		mu.Lock()
		defer mu.Unlock()
		if time.Since(last) < retryNotice {
			return
		}
		last = time.Now()
		meter.Printf("strongroom: %v; trying again", err)
	}
}

// readExportKeys reads a file of verifier keys. It returns nil for an empty path.
func readExportKeys(path string) ([]byte, error) {
	if path == "" {
		return nil, nil
	}
	data, err := readSmall(path)
	if err == nil && len(data) == 0 {
		err = errors.New("the file is empty")
	}
	if err != nil {
		return nil, usageError("--keys %s: %w", path, err)
	}
	return data, nil
}
