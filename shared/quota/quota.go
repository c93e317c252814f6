package quota

import (
	"fmt"
	"maps"
	"time"

	"cloud.google.com/go/firestore"

	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// Kind is what a quota counts.
type Kind string

// The kinds. Each is a field of Usage.
const (
	Bytes      Kind = "bytes"
	Parts      Kind = "parts"
	Runs       Kind = "runs"
	Samples    Kind = "samples"
	Sightings  Kind = "sightings"
	Exports    Kind = "exports"
	ModelSends Kind = "modelSends"
	Requests   Kind = "requests" // its quota is per minute; all others are per day
)

// Kinds lists every kind, in the order in which people see them.
var Kinds = []Kind{Bytes, Parts, Runs, Samples, Sightings, Exports, ModelSends, Requests}

// Amounts says how much of each kind.
type Amounts map[Kind]int64

// Scope is whose quotas apply.
type Scope struct {
	DB        *firestore.Client // the tenant's database
	Tenant    tenant.Record
	Workspace tenant.WorkspaceID // empty: only those of the tenant apply
}

// Exceeded is the error of an amount that is over a quota. Nothing was counted.
type Exceeded struct {
	Kind      Kind
	Workspace tenant.WorkspaceID // empty: the quota is the tenant's
	Limit     int64
	Period    string // "day" or "minute"
	Renews    time.Time
}

// Error implements error.
func (e *Exceeded) Error() string {
	whose := "the tenant"
	if e.Workspace != "" {
		whose = "the workspace " + string(e.Workspace)
	}
	return fmt.Sprintf("the quota of %s is used up: %d %s in a %s; it renews at %s",
		whose, e.Limit, e.Kind, e.Period, e.Renews.UTC().Format(time.RFC3339))
}

// Near says that 80 % of a quota are leased.
type Near struct {
	Tenant tenant.ID
	Exceeded
}

// limitsOf returns the quota of each kind, in the period of its account. A kind without a quota is
// only counted.
func limitsOf(q tenant.Quotas) map[Kind]int64 {
	limits := map[Kind]int64{
		Bytes: q.BytesPerDay, Parts: q.PartsPerDay, Runs: q.RunsPerDay, Samples: q.SamplesPerDay, Sightings: q.SightingsPerDay,
		Exports: q.ExportsPerDay, ModelSends: q.ModelSendsPerDay, Requests: q.RequestsPerMinute,
	}
	maps.DeleteFunc(limits, func(_ Kind, limit int64) bool { return limit == 0 })
	return limits
}

// WorkspaceLimit returns the quota of a kind that each workspace has, 0 for none.
func WorkspaceLimit(record tenant.Record, kind Kind) int64 {
	return limitsOf(record.WorkspaceQuotas)[kind]
}

// Set returns the quota of a kind that the record sets, 0 for the default.
func Set(record tenant.Record, kind Kind) int64 { return limitsOf(record.Quotas)[kind] }

// Of returns quotas of these amounts.
func Of(a Amounts) tenant.Quotas {
	return tenant.Quotas{
		BytesPerDay: a[Bytes], PartsPerDay: a[Parts], RunsPerDay: a[Runs], SamplesPerDay: a[Samples], SightingsPerDay: a[Sightings],
		ExportsPerDay: a[Exports], ModelSendsPerDay: a[ModelSends], RequestsPerMinute: a[Requests],
	}
}

// Limit returns the quota of a kind of a tenant.
func Limit(record tenant.Record, kind Kind) int64 { return limitsOf(record.Quotas.OrDefault())[kind] }
