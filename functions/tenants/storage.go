package tenants

import (
	"cmp"
	"context"
	"net/http"
	"strconv"
	"time"

	"cloud.google.com/go/firestore"
	"github.com/google/uuid"

	"github.com/strongroom-dev/strongroom/shared/access"
	"github.com/strongroom-dev/strongroom/shared/api"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/gcp"
	"github.com/strongroom-dev/strongroom/shared/storageprobe"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// StorageBody is the last verification of the tenant's storage, as far as it is known now.
type StorageBody struct {
	ID        string      `json:"id" class:"operational"`
	Component string      `json:"component" class:"operational" enum:"outputs,exports" doc:"What the bucket is for"`
	Bucket    string      `json:"bucket" class:"operational" doc:"That was verified"`
	Key       string      `json:"key" class:"operational" doc:"That must encrypt it"`
	Current   bool        `json:"current" class:"operational" doc:"New runs store their output in this bucket, or new exports their files"`
	Result    string      `json:"result" class:"operational" enum:"usable,unusable,waiting,interrupted" doc:"unusable: a check has failed. waiting: read this again. interrupted: verify it again"`
	Started   time.Time   `json:"started" class:"operational"`
	Finished  *time.Time  `json:"finished,omitempty" class:"operational" doc:"When everything but the notification was tried"`
	Probe     string      `json:"probe,omitempty" class:"operational" doc:"Of a bucket for output: name of the object that the verification created. It stays in the bucket, because the platform may delete nothing there; you may delete it when no retention keeps it"`
	Checks    []CheckBody `json:"checks"`
}

// CheckBody is one check.
type CheckBody struct {
	ID     string `json:"id" class:"operational" doc:"Stable name of the check"`
	Result string `json:"result" class:"operational" enum:"ok,failed,not-checked,waiting"`
	Seen   string `json:"seen" class:"operational" doc:"What was found"`
	Fix    string `json:"fix,omitempty" class:"operational" doc:"What to change"`
}

type storageResponse struct{ Body StorageBody }

// VerifyStorageRequest names what to verify.
type VerifyStorageRequest struct {
	Body *struct {
		Component string `json:"component,omitempty" class:"operational" enum:"outputs,exports" doc:"What the bucket is for; absent: outputs"`

		Bucket string `json:"bucket,omitempty" class:"operational" pattern:"^[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]$" example:"acme-strongroom-outputs" doc:"Bucket to verify before the record has it; absent: the one that the tenant has"`
		Key    string `json:"key,omitempty" class:"operational" maxLength:"500" pattern:"^projects/[^/]+/locations/[^/]+/keyRings/[^/]+/cryptoKeys/[^/]+$" doc:"Key of Cloud KMS that must encrypt it; absent: the one that the record has"`
	}
}

func (h *Handler) registerStorage(a *api.API) {
	api.Register(a, h.operation("getStorage", http.MethodGet, storagePath, "Show the last verification of the tenant's storage", auditlog.ReadStorage, 404), h.getStorage)
	api.Register(a, h.operation("verifyStorage", http.MethodPost, verifyPath, "Try everything that a bucket for output must allow and refuse, or check the settings of one for exports", auditlog.VerifyStorage, 409), h.verifyStorage)
}

type getStorageRequest struct {
	Component string `query:"component" class:"operational" enum:"outputs,exports" default:"outputs" doc:"What the bucket is for"`
}

func (h *Handler) getStorage(ctx context.Context, in *getStorageRequest) (*storageResponse, error) {
	s := access.From(ctx)
	v, err := storageprobe.Read(ctx, s.DB, s.Tenant.ID, tenant.Component(in.Component))
	if err != nil {
		return nil, err
	}
	if v.ID == "" {
		return nil, api.Refuse(http.StatusNotFound, api.StorageNotVerifiedText)
	}
	return h.showStorage(s.Tenant, v), nil
}

func storageEntry(s access.Session, outcome auditlog.Outcome, bucket string) auditlog.Entry {
	return auditlog.Entry{
		Tenant: s.Tenant.ID, Actor: auditlog.By(s.Principal), Action: auditlog.VerifyStorage, Outcome: outcome, Resource: "buckets/" + bucket,
	}
}

// verifyTimeout limits everything that a verification tries. After verifyStale, another one can
// begin although one has not finished: its process is gone.
const (
	verifyTimeout = 30 * time.Second
	verifyStale   = time.Minute
)

func (h *Handler) verifyStorage(ctx context.Context, in *VerifyStorageRequest) (*storageResponse, error) {
	s := access.From(ctx)
	record, settings, err := h.guard.Directory.Read(ctx, s.Tenant.ID)
	if err != nil {
		return nil, err
	}
	of := tenant.Outputs
	if in.Body != nil && in.Body.Component != "" {
		of = tenant.Component(in.Body.Component)
	}
	v := storageprobe.Verification{ID: uuid.NewString(), Component: of, Bucket: record.Bucket(of), KeyName: record.KeyOf(of)}
	if in.Body != nil && in.Body.Bucket != "" {
		v.Bucket = in.Body.Bucket
	}
	if in.Body != nil && in.Body.Key != "" {
		v.KeyName = in.Body.Key
	}
	if err := h.beginVerification(ctx, s, &v); err != nil {
		return nil, err
	}
	limited, cancel := context.WithTimeout(ctx, verifyTimeout)
	defer cancel()
	t := &storageTrial{Handler: h, tenant: record.With(settings), verification: &v}
	t.run(limited)
	if err := h.saveVerification(ctx, s, &v); err != nil {
		return nil, err
	}
	if err := h.awaitProbe(ctx, s, &v); err != nil {
		return nil, err
	}
	shown := h.showStorage(record, v)
	return shown, h.recordVerification(ctx, s, v, shown.Body)
}

// beginVerification reserves the verification of the tenant, with its audit entry.
func (h *Handler) beginVerification(ctx context.Context, s access.Session, v *storageprobe.Verification) error {
	entry, err := h.guard.Audit.Prepare(ctx, s.DB, storageEntry(s, auditlog.Allowed, v.Bucket))
	if err != nil {
		return err
	}
	v.Entry, v.Started = entry.ID, h.now()
	return entry.Commit(ctx, s.DB, func(tx *firestore.Transaction) (bool, error) {
		before, err := storageprobe.ReadIn(tx, s.DB, s.Tenant.ID, v.Component)
		if err != nil || before.ID == v.ID { // a repeated commit
			return false, err
		}
		if v.Starts, err = nextStarts(before, v.Started); err != nil {
			return false, err
		}
		return true, tx.Set(storageprobe.Ref(s.DB, s.Tenant.ID, v.Component), *v)
	})
}

// nextStarts returns the times of the last verifications with a new one, or why none may begin.
func nextStarts(before storageprobe.Verification, now time.Time) ([]time.Time, error) {
	if before.ID != "" && before.Finished.IsZero() && now.Sub(before.Started) < verifyStale {
		return nil, api.Refuse(http.StatusConflict, api.StorageBusyText)
	}
	var starts []time.Time
	for _, at := range before.Starts {
		if now.Sub(at) < time.Hour {
			starts = append(starts, at)
		}
	}
	if len(starts) >= storageprobe.MaxPerHour {
		wait := time.Hour - now.Sub(starts[0])
		return nil, api.Refuse(http.StatusTooManyRequests, api.StorageTooOftenText).With("Retry-After", strconv.Itoa(int(wait/time.Second)+1))
	}
	return append(starts, now), nil
}

// saveVerification stores what was tried, unless another verification has begun since. The
// notification of the probe may have arrived already.
func (h *Handler) saveVerification(ctx context.Context, s access.Session, v *storageprobe.Verification) error {
	v.Finished = h.now()
	return gcp.Transact(ctx, s.DB, func(_ context.Context, tx *firestore.Transaction) error {
		stored, err := storageprobe.ReadIn(tx, s.DB, s.Tenant.ID, v.Component)
		switch {
		case err != nil:
			return err
		case stored.ID != v.ID:
			return api.Refuse(http.StatusConflict, api.StorageBusyText)
		}
		v.Arrived = stored.Arrived
		return tx.Set(storageprobe.Ref(s.DB, s.Tenant.ID, v.Component), *v)
	})
}

// The waits for the notification of the probe, which usually takes less than a second.
var probeWaits = []time.Duration{500 * time.Millisecond, time.Second, 2 * time.Second, 4 * time.Second}

// awaitProbe waits until custody has received the notification of the probe, for a short time.
func (h *Handler) awaitProbe(ctx context.Context, s access.Session, v *storageprobe.Verification) error {
	for _, wait := range probeWaits {
		if !v.Created || v.Arrived != nil && v.Arrived.Matches {
			return nil
		}
		select {
		case <-h.deps.After(wait):
		case <-ctx.Done():
			return ctx.Err()
		}
		stored, err := storageprobe.Read(ctx, s.DB, s.Tenant.ID, v.Component)
		if err != nil || stored.ID != v.ID {
			return err
		}
		v.Arrived = stored.Arrived
	}
	return nil
}

// recordVerification writes the result to the audit log.
func (h *Handler) recordVerification(ctx context.Context, s access.Session, v storageprobe.Verification, shown StorageBody) error {
	e := storageEntry(s, auditlog.Done, v.Bucket)
	e.Of, e.Reason, e.Counts = v.Entry, shown.Result, map[string]int64{}
	for _, c := range shown.Checks {
		e.Counts[c.Result]++
	}
	var err error
	if e.ID, err = auditlog.NewID(); err != nil {
		return err
	}
	return h.guard.Audit.AppendOnce(ctx, s.DB, e)
}

// arrivesWithin is how long the notification of a probe may take.
const arrivesWithin = 5 * time.Minute

// showStorage returns a verification with the checks that follow from the notification.
func (h *Handler) showStorage(t tenant.Record, v storageprobe.Verification) *storageResponse {
	now := h.now()
	of := cmp.Or(v.Component, tenant.Outputs)
	b := StorageBody{
		ID: v.ID, Component: string(of), Bucket: v.Bucket, Key: v.KeyName, Current: v.Bucket == t.Bucket(of), Started: v.Started, Checks: []CheckBody{},
	}
	if v.Created {
		b.Probe = storageprobe.Object(t.ID, v.ID)
	}
	checks := v.Checks
	if !v.Finished.IsZero() {
		b.Finished = &v.Finished
		if of == tenant.Outputs {
			checks = append(checks[:len(checks):len(checks)], arrivalChecks(v, now)...)
		}
	}
	found := map[storageprobe.Result]bool{}
	for _, c := range checks {
		found[c.Result] = true
		b.Checks = append(b.Checks, CheckBody{ID: c.ID, Result: string(c.Result), Seen: c.Seen, Fix: c.Fix})
	}
	switch {
	case found[storageprobe.Failed]:
		b.Result = "unusable"
	case v.Finished.IsZero() && now.Sub(v.Started) >= verifyStale, interrupted(v):
		b.Result = "interrupted"
	case v.Finished.IsZero(), found[storageprobe.Waiting]:
		b.Result = "waiting"
	default:
		b.Result = "usable"
	}
	return &storageResponse{b}
}
