package command

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/witness"
)

// witnessOptions are the flags of audit witness.
type witnessOptions struct {
	state, key, name, policy string
	logKeys                  []string
	once                     bool
	interval                 time.Duration
}

func witnessCommand(a *app) *cobra.Command {
	var o witnessOptions
	cmd := &cobra.Command{
		Use:   "witness --state DIR",
		Short: "Sign checkpoints of the audit log, after checking that the log only grew",
		Long: `Run a witness of the audit log. Every interval, it fetches the newest checkpoint,
checks that it is a later state of the last one that it signed, signs it with the
time, stores it in DIR, and only then sends the signature to the platform.

If the log was rewritten or has become smaller, the command signs nothing, prints both
checkpoints, keeps them in DIR as evidence, and exits with code 1.

Run it where the platform has no access. The key is created at the first start. The
command prints its verifier key: register that key in the tenant's record, so that
the platform serves the signatures. Use one DIR for each log, keep it on a disk, and
never restore an old copy of it.`,
		Example: `  strongroom audit witness --state /var/lib/strongroom-witness --name witness.example.com
  strongroom audit witness --state ./witness --once`,
		Args: exactArgs(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, stop := interruptible(cmd.Context())
			defer stop()
			return a.witness(ctx, o)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&o.state, "state", "", "directory of the witness's state, which is created (required)")
	flags.StringVar(&o.key, "key", "", "file with the witness's private key, which is created if it is missing (default: witness.key in the state directory)")
	flags.StringVar(&o.name, "name", "", "name of a new key, best a host name that you own (default: the name of this machine)")
	flags.StringVar(&o.policy, "policy", "", "file with the log's keys to trust, in the format c2sp.org/tlog-policy (default: the keys that the platform lists at the first start, and those that it adds)")
	flags.StringArrayVar(&o.logKeys, "log-key", nil, "verifier key of the log to trust, or a file of them (repeatable)")
	flags.BoolVar(&o.once, "once", false, "check and sign once, and exit")
	flags.DurationVar(&o.interval, "interval", time.Minute, "how long to wait between two checks, at least 1s")
	return cmd
}

func (a *app) witness(ctx context.Context, o witnessOptions) error {
	log, err := a.witnessedLog(o)
	if err != nil {
		return err
	}
	host, _ := os.Hostname() // only a default
	w, err := witness.Open(o.state, o.key, cmp.Or(o.name, host, "witness"))
	if err != nil {
		return err
	}
	defer w.Close()
	a.notice("the verifier key of this witness is %s", w.Key())
	for {
		err := a.witnessOnce(ctx, w, log)
		if o.once || err != nil && !isTemporary(err) {
			return err
		}
		if err != nil {
			fmt.Fprintf(a.stderr, "strongroom: %v; trying again in %s\n", err, o.interval)
		}
		if !wait(ctx, o.interval) {
			return context.Cause(ctx)
		}
	}
}

// witnessedLog checks the flags and returns the log.
func (a *app) witnessedLog(o witnessOptions) (watched witness.Log, err error) {
	switch {
	case o.state == "":
		return watched, usageError("no state directory: use --state DIR")
	case o.interval < time.Second:
		return watched, usageError("--interval must be at least 1s")
	}
	policy, err := readPolicy(o.policy)
	if err != nil {
		return watched, err
	}
	if policy != nil {
		if len(policy.Logs) == 0 {
			return watched, usageError("%s names no log", o.policy)
		}
		watched.Keys = policy.Logs
	}
	for _, key := range o.logKeys {
		keys, err := readKeys(key)
		if err != nil {
			return watched, err
		}
		watched.Keys = append(watched.Keys, keys...)
	}
	client, log, fetch, err := a.logFetcher()
	if err != nil {
		return watched, err
	}
	watched.Fetch = fetch
	watched.Cosign = func(ctx context.Context, signed []byte) error {
		_, err := withRetry(ctx, func(ctx context.Context) (struct{}, error) { return struct{}{}, client.Cosign(ctx, log, signed) })
		return err
	}
	return watched, nil
}

func (a *app) witnessOnce(ctx context.Context, w *witness.Witness, log witness.Log) error {
	signed, err := w.Update(ctx, log)
	for _, key := range signed.NewKeys {
		a.notice("the log lists the key %s, which this witness trusts from here on", key.Text)
	}
	var refused *api.RefusedError
	switch {
	case errors.Is(err, api.ErrOlderSize):
		return fmt.Errorf("%w: the state directory was restored from an old copy, or another witness uses the same key", err)
	case errors.As(err, &refused) && refused.Status == 403:
		return fmt.Errorf("%w; is the verifier key registered in the tenant's record, and may this token send signatures? %s", err, w.Key())
	case err != nil:
		return err
	}
	a.notice("signed %d entries of %s, %d of them new", signed.Size, signed.Origin, signed.Size-signed.Previous)
	return nil
}

// isTemporary reports whether a later attempt may succeed: nothing accuses the log,
// and the platform did not refuse the request.
func isTemporary(err error) bool {
	var refused *api.RefusedError
	if errors.As(err, &refused) {
		return refused.Status == 403 || refused.Status == 404 || refused.Status == 401
	}
	return isRetryable(err)
}

// wait reports false if ctx ended first.
func wait(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
