package main

// load is the work of one day.
type load struct {
	Runs      float64 // a day
	Parts     float64 // of a run
	PartBytes float64 // of an average part
	Tenants   float64
	Peak      float64 // busiest minute, as a multiple of the average
}

const (
	secondsPerDay = 86400
	daysPerMonth  = 30
	gib           = 1 << 30
	tib           = 1 << 40
	minMessage    = 1000 // bytes that Pub/Sub bills at least: cloud.google.com/pubsub/pricing
)

// peakPerSecond is the rate per second in the busiest minute of an operation
// that happens perRun times in each run.
func (l load) peakPerSecond(perRun float64) float64 {
	return l.Runs * perRun / secondsPerDay * l.Peak
}

// price is a list price in US dollars, and the page that lists it. Prices differ
// by location and change over time: check them.
type price struct {
	name   string
	page   string
	dollar float64 // a month
}

// Assumptions until they are measured in the cloud: how long one request takes,
// most of it waiting for Firestore, and how many requests an instance serves at
// the same time.
const (
	secondsPerRequest = 0.15
	concurrency       = 10.0 // average, of 40 allowed
)

// prices are those of a month. Firestore: a multi-region, about twice a region.
func prices(l load, o operations, audit auditCost) []price {
	monthly := l.Runs * daysPerMonth
	requests := 0.0
	for _, n := range o.Requests {
		requests += n
	}
	instanceSeconds := monthly * requests * secondsPerRequest / concurrency
	stored := monthly * l.Parts * l.PartBytes / gib
	logs := audit.daily(l).times(daysPerMonth)
	return []price{
		{"Audit logs: Firestore reads and writes", "cloud.google.com/firestore/pricing", logs.Writes/1e5*0.18 + logs.Reads/1e5*0.06},
		{"Audit logs: objects created", "cloud.google.com/storage/pricing", logs.Objects / 1000 * 0.005},
		{"Audit logs: Cloud KMS operations", "cloud.google.com/kms/pricing", logs.KMS / 1e4 * 0.03},
		{"Audit logs: Pub/Sub, if every tenant has a topic", "cloud.google.com/pubsub/pricing", logs.Messages * minMessage / tib * 40},
		{"Firestore writes", "cloud.google.com/firestore/pricing", monthly * o.Writes / 1e5 * 0.18},
		{"Firestore reads", "cloud.google.com/firestore/pricing", monthly * o.Reads / 1e5 * 0.06},
		{"Functions: requests", "cloud.google.com/run/pricing", monthly * requests / 1e6 * 0.40},
		{"Functions: 1 vCPU, 512 MiB", "cloud.google.com/run/pricing", instanceSeconds * (0.000024 + 0.5*0.0000025)},
		{"Storage: writes of objects", "cloud.google.com/storage/pricing", monthly * o.Objects / 1000 * 0.005},
		{"Storage: a month of output, kept 30 days", "cloud.google.com/storage/pricing", stored * 0.023},
		{"Pub/Sub: published and delivered", "cloud.google.com/pubsub/pricing", monthly * o.Messages * 2 * minMessage / tib * 40},
		{"Cloud KMS operations", "cloud.google.com/kms/pricing", monthly * o.KMS / 1e4 * 0.03},
	}
}

// limit is one of Google's quotas, and how much of it the load needs.
type limit struct {
	name  string
	page  string
	quota float64 // a second
	need  float64 // a second, in the busiest minute
}

// kmsPerObject is how often Cloud Storage uses the tenant's key to create an
// object. These operations are billed, but do not count against the quota of the
// calling project: cloud.google.com/kms/quotas.
const kmsPerObject = 2

// limits are those that one run's operations count against. Cloud Storage and
// Firestore's hot ranges are per bucket and per index; the others per project.
func limits(l load, o operations) []limit {
	return []limit{
		{name: "IAM signBlob, a project", page: "cloud.google.com/iam/quotas", quota: 60000.0 / 60, need: l.peakPerSecond(o.SignBlob)},
		{name: "Writes to one bucket before it scales, if one tenant has all runs", page: "cloud.google.com/storage/docs/request-rate", quota: 1000, need: l.peakPerSecond(o.Objects)},
		{name: "Index of pending grants by expiry, a database", page: "cloud.google.com/firestore/docs/best-practices", quota: 500, need: l.peakPerSecond(o.Objects)},
		{name: "Index of runs with pending grants by creation, a database", page: "cloud.google.com/firestore/docs/best-practices", quota: 500, need: l.peakPerSecond(1)},
		{name: "Cloud KMS operations of the functions, a project", page: "cloud.google.com/kms/quotas", quota: 60000.0 / 60, need: l.peakPerSecond(max(0, o.KMS-o.Objects*kmsPerObject))},
		{name: "Ended runs that a sweep processes each minute", page: "functions/sweep: 50 pages of 100", quota: 5000.0 / 60, need: l.peakPerSecond(1)},
		{name: "Pub/Sub push, a region (MB/s)", page: "cloud.google.com/pubsub/quotas", quota: 140, need: l.peakPerSecond(o.Messages) * minMessage / 1e6},
	}
}
