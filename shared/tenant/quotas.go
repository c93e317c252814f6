package tenant

import "errors"

// Quotas bound what a tenant may do. A zero field means the platform's default. Days are
// those of UTC. Package quota counts.
type Quotas struct {
	BytesPerDay       int64 `firestore:"bytesPerDay" class:"configuration"`       // bytes that upload URLs allow
	PartsPerDay       int64 `firestore:"partsPerDay" class:"configuration"`       // parts that upload URLs are minted for
	RunsPerDay        int64 `firestore:"runsPerDay" class:"configuration"`        // runs that start
	SamplesPerDay     int64 `firestore:"samplesPerDay" class:"configuration"`     // samples of SLIs that reports have
	SightingsPerDay   int64 `firestore:"sightingsPerDay" class:"configuration"`   // sightings of issues that reports have
	ExportsPerDay     int64 `firestore:"exportsPerDay" class:"configuration"`     // exports that are created; not for one workspace
	ModelSendsPerDay  int64 `firestore:"modelSendsPerDay" class:"configuration"`  // requests to language models, of all features; not for one workspace
	RequestsPerMinute int64 `firestore:"requestsPerMinute" class:"configuration"` // requests to the API; not for one workspace
}

// DefaultQuotas apply if a tenant's record sets none.
var DefaultQuotas = Quotas{
	BytesPerDay: 1 << 40, PartsPerDay: 1_000_000, RunsPerDay: 200_000, SamplesPerDay: 20_000_000, SightingsPerDay: 2_000_000,
	ExportsPerDay: 200, ModelSendsPerDay: 5_000, RequestsPerMinute: 60_000,
}

// OrDefault returns the quotas with the defaults in the place of zero.
func (q Quotas) OrDefault() Quotas {
	own, defaults := q.fields(), DefaultQuotas
	for i, field := range defaults.fields() {
		if *own[i].value == 0 {
			*own[i].value = *field.value
		}
	}
	return q
}

// AtMost returns the quotas with those of lower that are set and smaller, compared with the
// defaults in the place of zero.
func (q Quotas) AtMost(lower Quotas) Quotas {
	inEffect := q.OrDefault()
	own, set := q.fields(), inEffect.fields()
	for i, field := range lower.fields() {
		if *field.value > 0 && *field.value < *set[i].value {
			*own[i].value = *field.value
		}
	}
	return q
}

// Validate returns an error that joins everything wrong with the quotas of a tenant.
func (q Quotas) Validate() error {
	var errs []error
	for _, field := range q.fields() {
		if *field.value < 0 {
			errs = append(errs, errors.New(field.name+" is negative"))
		}
	}
	return errors.Join(errs...)
}

// ValidateWorkspace is Validate for the quotas of each workspace. A workspace has no quota
// of what belongs to the tenant.
func (q Quotas) ValidateWorkspace() error {
	errs := []error{q.Validate()}
	for _, field := range q.fields() {
		if field.tenantOnly && *field.value > 0 {
			errs = append(errs, errors.New(field.name+" is for the tenant and not for each workspace"))
		}
	}
	return errors.Join(errs...)
}

type quotaField struct {
	name       string
	value      *int64
	tenantOnly bool
}

// fields returns the fields of q, in the order of the record.
func (q *Quotas) fields() []quotaField {
	return []quotaField{
		{name: "bytesPerDay", value: &q.BytesPerDay}, {name: "partsPerDay", value: &q.PartsPerDay}, {name: "runsPerDay", value: &q.RunsPerDay},
		{name: "samplesPerDay", value: &q.SamplesPerDay}, {name: "sightingsPerDay", value: &q.SightingsPerDay},
		{name: "exportsPerDay", value: &q.ExportsPerDay, tenantOnly: true},
		{name: "modelSendsPerDay", value: &q.ModelSendsPerDay, tenantOnly: true},
		{name: "requestsPerMinute", value: &q.RequestsPerMinute, tenantOnly: true},
	}
}
