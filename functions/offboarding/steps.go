package offboarding

import (
	"context"
	"fmt"
	"path"
	"time"

	"cloud.google.com/go/kms/apiv1/kmspb"

	"github.com/strongroom-dev/strongroom/shared/certificate"
	"github.com/strongroom-dev/strongroom/shared/exportjob"
	"github.com/strongroom-dev/strongroom/shared/offboard"
)

// steps are what an offboarding does, by step. Each returns why it has to wait, or "" when it
// has ended. Each can be repeated.
var steps = map[offboard.Step]func(*job, context.Context) (waits string, err error){
	offboard.Count:           (*job).count,
	offboard.Export:          (*job).export,
	offboard.Retention:       (*job).retention,
	offboard.DestroyKey:      (*job).destroyKey,
	offboard.AwaitKey:        (*job).awaitKey,
	offboard.DeleteObjects:   (*job).deleteObjects,
	offboard.DeleteDocuments: (*job).deleteDocuments,
	offboard.AwaitGoogle:     (*job).awaitGoogle,
	offboard.Certify:         (*job).certify,
}

// count counts what there is, as soon as nothing can be added, and issues the interim
// certificate.
func (j *job) count(ctx context.Context) (string, error) {
	if j.now().Before(j.leaving.Started.Add(offboard.WritesEnd)) {
		return offboard.Time, nil
	}
	stores, err := j.stores(ctx)
	if err != nil {
		return "", err
	}
	j.progress.Stores = stores
	return "", j.issue(ctx, certificate.Interim)
}

// export waits while the tenant copies everything.
func (j *job) export(ctx context.Context) (string, error) {
	if j.now().Before(j.leaving.Started.Add(offboard.Notice)) {
		return offboard.Time, nil
	}
	active, err := exportjob.Home{DB: j.db, Tenant: j.tenant.ID}.AnyActive(ctx)
	if err != nil || active {
		return offboard.ExportActive, err
	}
	return "", nil
}

// retention waits for the retention of each object and for legal holds: without the key, what
// is retained could not be read.
func (j *job) retention(ctx context.Context) (string, error) {
	if waits, err := j.allowed(ctx); waits != "" || err != nil {
		return waits, err
	}
	until, err := j.retainedUntil(ctx)
	if err == nil && j.now().Before(until) {
		return offboard.Retained, nil
	}
	return "", err
}

// destroyKey schedules the destruction of each version of the key. They can be restored for
// some days.
func (j *job) destroyKey(ctx context.Context) (string, error) {
	if waits, err := j.allowed(ctx); waits != "" || err != nil {
		return waits, err
	}
	versions, err := j.versions(ctx)
	if err != nil {
		return "", err
	}
	if err := j.announce(ctx); err != nil {
		return "", err
	}
	for _, v := range versions {
		if state := v.GetState(); state != kmspb.CryptoKeyVersion_ENABLED && state != kmspb.CryptoKeyVersion_DISABLED {
			continue
		}
		if _, err := j.kms.DestroyCryptoKeyVersion(ctx, &kmspb.DestroyCryptoKeyVersionRequest{Name: v.GetName()}); err != nil {
			return "", fmt.Errorf("schedule the destruction of version %s: %w", path.Base(v.GetName()), err)
		}
	}
	return "", nil
}

// awaitKey waits until each version is destroyed. If somebody has restored one, its
// destruction is scheduled again: whoever wants to keep the data stops the offboarding.
func (j *job) awaitKey(ctx context.Context) (string, error) {
	versions, err := j.versions(ctx)
	if err != nil {
		return "", err
	}
	left := false
	for _, v := range versions {
		switch v.GetState() {
		case kmspb.CryptoKeyVersion_DESTROYED:
		case kmspb.CryptoKeyVersion_DESTROY_SCHEDULED:
			left = true
		default:
			if waits, err := j.destroyKey(ctx); waits != "" || err != nil {
				return waits, err
			}
			left = true
		}
	}
	if left {
		return offboard.KeyLeft, nil
	}
	return "", nil
}

// awaitGoogle waits until Google has no copy of what was deleted.
func (j *job) awaitGoogle(context.Context) (string, error) {
	if j.now().Before(j.progress.Deleted.Add(offboard.GoogleKeeps)) {
		return offboard.Time, nil
	}
	return "", nil
}

// certify looks at every store again, and issues the final certificate if nothing is left. If
// something has come back, it is deleted first.
func (j *job) certify(ctx context.Context) (string, error) {
	present, err := j.stores(ctx)
	if err != nil {
		return "", err
	}
	for _, s := range present {
		j.present(s)
		if s.Found > 0 && s.Erases {
			j.progress.Step, j.progress.Since = offboard.DeleteObjects, j.now()
			return offboard.CameBack, nil
		}
	}
	return "", j.issue(ctx, certificate.Final)
}

// present records what a store has now. One that was not there at the beginning, because the
// tenant's storage changed since, is added.
func (j *job) present(s offboard.Store) {
	for i := range j.progress.Stores {
		if j.progress.Stores[i].Name == s.Name {
			j.progress.Stores[i].Present = s.Found
			return
		}
	}
	s.Present = s.Found
	j.progress.Stores = append(j.progress.Stores, s)
}

// deleted records the time of the last deletion.
func (j *job) deleted(store int, at time.Time) {
	j.progress.Stores[store].Erased, j.progress.Deleted = at, at
}
