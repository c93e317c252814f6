package command

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/view"
	"github.com/strongroom-dev/strongroom/shared/auditverify"
	"github.com/strongroom-dev/strongroom/shared/noteverify"
)

// verifyOptions are the flags of audit verify.
type verifyOptions struct {
	policy, since, receipts, maxAge string
	keys                            []string
	json                            bool
}

func verifyCommand(a *app) *cobra.Command {
	var o verifyOptions
	cmd := &cobra.Command{
		Use:   "verify [DIR]",
		Short: "Verify a copy of the audit log, offline",
		Long: `Verify the copy of an audit log in DIR (default: the current directory). The copy is
as strongroom audit pull makes it. The command needs no network and no token. It
checks these:

  - the log's key signed the checkpoint, with the time, and witnesses if the policy
    requires them
  - the entries are exactly those that the checkpoint signs, in their order
  - every tile is the hash of what is below it, and no file is missing or added
  - every entry is canonical JSON, and its ID is unique
  - with --receipts: the entry of every receipt is in the log
  - with --since: the log still begins as an older checkpoint says

It lists the reads of outputs whose end is not recorded, which may be in progress or
may have been cut off, and the runs of which the log does not say how their uploads
ended, which may be in progress or never reported. It then says what is proved and what is not. The exit code is
1 if anything is wrong, and each fault is named.

Without --policy or --key, the keys in the copy are trusted. Get the keys once over
another channel, or from a copy that you trust, and keep them.`,
		Example: `  strongroom audit verify ./audit-log
  strongroom audit verify ./audit-log --policy auditor.policy --max-age 2h --receipts receipts.jsonl --json`,
		Args: maxOneArg("DIR"),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx, stop := interruptible(cmd.Context())
			defer stop()
			return a.verify(ctx, cmp.Or(cmp.Or(args...), "."), o)
		},
	}
	o.addFlags(cmd)
	return cmd
}

func (o *verifyOptions) addFlags(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&o.policy, "policy", "", "file with the keys and witnesses to trust, in the format c2sp.org/tlog-policy (default: the policy in the copy)")
	flags.StringArrayVar(&o.keys, "key", nil, "verifier key of the log to trust, or a file of them (repeatable; default: the keys in the policy or in the copy)")
	flags.StringVar(&o.since, "since", "", "file with an older checkpoint of the log, which must be its beginning")
	flags.StringVar(&o.receipts, "receipts", "", "file with receipts to find: in each line the ID of an entry, or JSON with auditEntries")
	flags.StringVar(&o.maxAge, "max-age", "", "maximum age of the checkpoint, such as 90m, 12h or 7d (default: any)")
	addJSONFlag(cmd, &o.json, auditverify.Report{})
}

func (a *app) verify(ctx context.Context, dir string, o verifyOptions) error {
	options, closeFiles, err := o.read()
	if err != nil {
		return err
	}
	defer closeFiles()
	return a.verifyCopy(ctx, dir, options, o.json)
}

// verifyCopy verifies a copy and prints the report.
func (a *app) verifyCopy(ctx context.Context, dir string, options auditverify.Options, asJSON bool) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return &exitError{exitUsage, err}
	}
	defer root.Close()
	report, err := auditverify.Verify(ctx, root.FS(), options)
	if err != nil {
		return err
	}
	if asJSON {
		err = a.writeJSON(a.stdout, report)
	} else {
		err = view.Verification(a.stdout, report)
	}
	if err != nil || report.OK() {
		return err
	}
	return fmt.Errorf("%s has %d faults", dir, uint64(len(report.Faults))+report.FaultsHidden)
}

// read reads the files that the flags name.
func (o *verifyOptions) read() (options auditverify.Options, closeFiles func(), err error) {
	closeFiles = func() {}
	options.Now = time.Now()
	if o.maxAge != "" {
		if options.MaxAge, err = parseDuration(o.maxAge); err != nil || options.MaxAge == 0 {
			return options, closeFiles, usageError("--max-age must be a duration above 0, for example 90m, 12h or 7d")
		}
	}
	if options.Policy, err = readPolicy(o.policy); err != nil {
		return options, closeFiles, err
	}
	for _, key := range o.keys {
		keys, err := readKeys(key)
		if err != nil {
			return options, closeFiles, err
		}
		options.Keys = append(options.Keys, keys...)
	}
	if o.since != "" {
		if options.Since, err = readSmall(o.since); err != nil {
			return options, closeFiles, err
		}
	}
	if o.receipts != "" {
		file, err := os.Open(o.receipts)
		if err != nil {
			return options, closeFiles, usageError("--receipts: %w", err)
		}
		options.Receipts, closeFiles = file, func() { _ = file.Close() }
	}
	return options, closeFiles, nil
}

// readPolicy reads a policy. It returns nil for an empty path.
func readPolicy(path string) (*noteverify.Policy, error) {
	if path == "" {
		return nil, nil
	}
	data, err := readSmall(path)
	if err != nil {
		return nil, err
	}
	p, err := noteverify.ParsePolicy(data)
	if err != nil {
		return nil, usageError("%s: %w", path, err)
	}
	return &p, nil
}

// readKeys returns the log's keys in a file, or the key itself.
func readKeys(value string) ([]noteverify.Key, error) {
	if k, err := noteverify.ParseKey(value); err == nil && !k.Timed {
		return []noteverify.Key{k}, nil
	}
	data, err := readSmall(value)
	if errors.Is(err, os.ErrNotExist) && strings.Contains(value, "+") {
		return nil, usageError("--key %s: %w", value, noteverify.ErrKey)
	}
	if err != nil {
		return nil, err
	}
	keys, err := noteverify.ParseKeys(data)
	if err != nil {
		return nil, usageError("%s: %w", value, err)
	}
	var logs []noteverify.Key
	for _, k := range keys {
		if !k.Timed {
			logs = append(logs, k)
		}
	}
	if len(logs) == 0 {
		return nil, usageError("%s: no key in it signs checkpoints; use the log's keys", value)
	}
	return logs, nil
}

// readSmall reads a file of at most noteverify.MaxFile bytes.
func readSmall(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, &exitError{exitUsage, err}
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, noteverify.MaxFile+1))
	if err == nil && len(data) > noteverify.MaxFile {
		err = usageError("%s: more than %d bytes", path, noteverify.MaxFile)
	}
	return data, err
}
