package main

import (
	"cmp"
	"math"
	"slices"
)

// load is the work of one day.
type load struct {
	Runs      float64 // a day
	Parts     float64 // of a run
	PartBytes float64 // of an average part
	Tenants   float64
	Peak      float64 // busiest minute, as a multiple of the average
}

// pageLoad is the load of infra/CAPACITY.md.
var pageLoad = load{Runs: 1e6, Parts: 10, PartBytes: 256 << 10, Tenants: 100, Peak: 3}

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

// price is what something costs in a month, in US dollars, and the unit that it is
// calculated from.
type price struct {
	name   string
	dollar float64
	unit   unit
}

// Assumptions until they are measured in the cloud.
const (
	secondsPerRequest = 0.15   // most of it waiting for Firestore
	concurrency       = 10.0   // average number of requests of an instance, of 40 allowed
	bytesPerRequest   = 2048.0 // log lines of a request: the load balancer's, Cloud Run's and the function's
	bytesPerCall      = 2048.0 // through the load balancer, without output
	indexFactor       = 2.0    // bytes of a document with its index entries, against those of the document
)

// prices are those of a month in examples/production: keys in hardware, a database
// and buckets in two regions. Everything that is not a fixed price is for the load.
func prices(l load, o operations, audit auditCost) []price {
	monthly := l.Runs * daysPerMonth
	requests := 0.0
	for _, n := range o.Requests {
		requests += n
	}
	public := requests - o.Requests["custody"] - o.Requests["assistant-update"] // the others come through the load balancer
	written := monthly * l.Parts * l.PartBytes / gib
	logs := audit.daily(l).times(daysPerMonth)
	return []price{
		{name: "Storage: output of 30 days, in two regions", dollar: written * dualRegionMonth.usd, unit: dualRegionMonth},
		{name: "Storage: replication of output to the second region", dollar: written * replication.usd, unit: replication},
		{name: "Storage: writes of objects", dollar: monthly * o.Objects * dualRegionWrite.usd, unit: dualRegionWrite},
		{name: "Cloud KMS: operations, most of them of Cloud Storage", dollar: monthly * o.KMS * kmsOperation.usd, unit: kmsOperation},
		{name: "Firestore: writes", dollar: monthly * o.Writes * firestoreWrite.usd, unit: firestoreWrite},
		{name: "Firestore: reads", dollar: monthly * o.Reads * firestoreRead.usd, unit: firestoreRead},
		{name: "Functions: requests", dollar: monthly * requests * runRequest.usd, unit: runRequest},
		{name: "Functions: 1 vCPU, 512 MiB", dollar: monthly * requests * secondsPerRequest / concurrency * (runVCPU.usd + 0.5*runMemory.usd), unit: runVCPU},
		{name: "Logs of requests", dollar: monthly * requests * bytesPerRequest / gib * logGiB.usd, unit: logGiB},
		{name: "Cloud Armor: requests", dollar: monthly * public * armorRequest.usd, unit: armorRequest},
		{name: "Load balancer: bytes", dollar: monthly * public * bytesPerCall / gib * balancerGiB.usd, unit: balancerGiB},
		{name: "Pub/Sub: published and delivered", dollar: monthly * o.Messages * 2 * minMessage / tib * pubsubTiB.usd, unit: pubsubTiB},
		{name: "Audit logs: Firestore", dollar: logs.Writes*firestoreWrite.usd + logs.Reads*firestoreRead.usd, unit: firestoreWrite},
		{name: "Audit logs: objects created", dollar: logs.Objects * dualRegionWrite.usd, unit: dualRegionWrite},
		{name: "Audit logs: Cloud KMS operations", dollar: logs.KMS * kmsOperation.usd, unit: kmsOperation},
		{name: "Audit logs: Pub/Sub, if every tenant has a topic", dollar: logs.Messages * minMessage / tib * pubsubTiB.usd, unit: pubsubTiB},
	}
}

// fixedPrices are those of a month without any load.
func fixedPrices(l load) []price {
	const instances, regions, rules = 2, 2, 2 // uploads and runs have an instance in each region; Cloud Armor has two rules
	return []price{
		{name: "Cloud KMS: key versions in hardware, in the first 90 days", dollar: l.keyVersions(0) * kmsHardwareVersion.usd, unit: kmsHardwareVersion},
		{name: "Cloud KMS: keys that sign, in software", dollar: signingKeys * kmsSoftwareVersion.usd, unit: kmsSoftwareVersion},
		{name: "Functions: instances that wait", dollar: instances * regions * daysPerMonth * secondsPerDay * (runIdleVCPU.usd + 0.5*runIdleMemory.usd), unit: runIdleVCPU},
		{name: "Load balancer: one rule", dollar: balancerRule.usd * 24 * daysPerMonth, unit: balancerRule},
		{name: "Cloud Armor: a policy and its rules", dollar: armorPolicy.usd + rules*armorRule.usd, unit: armorPolicy},
		{name: "Audit logs of idle tenants: seven reads a minute for each", dollar: l.Tenants * minutesOfDay * daysPerMonth * 7 * firestoreRead.usd, unit: firestoreRead},
	}
}

const (
	platformKeys    = 7 // in hardware, of modules/platform in two regions
	signingKeys     = 3 // in software
	rotationsPerDay = 1.0 / 90
)

// keyVersions returns how many key versions exist in hardware after some days. A key
// that rotates keeps its old versions, because data is encrypted with them.
func (l load) keyVersions(days float64) float64 {
	return (platformKeys + l.Tenants) * (1 + math.Floor(days*rotationsPerDay))
}

// limit is one of Google's quotas or our own, and how much of it the load needs.
type limit struct {
	name    string
	applies string  // to what
	quota   float64 // a second
	need    float64 // a second, in the busiest minute
	source  string  // page or file
	remedy  string
}

// kmsPerObject is how often Cloud Storage uses the tenant's key to create an
// object. These operations are billed. They do not count against the quota of the
// calling project, but against that of the project and region that has the key, if
// the key is in hardware: cloud.google.com/kms/quotas.
const kmsPerObject = 2

// callsOfRun are the requests of a run through the load balancer: a mint, a start and
// a report.
const callsOfRun = 3

// limits are in the order in which a growing load reaches them.
func limits(l load, o operations) []limit {
	all := []limit{
		{
			name: "rate limit, if all runs come from one address", applies: "an address", quota: 600.0 / 60, need: l.peakPerSecond(callsOfRun),
			source: "examples/production", remedy: "set a larger `rate_limit` before a customer behind one NAT address reaches it",
		},
		{
			name: "hot index: pending grants by expiry", applies: "a database", quota: 500, need: l.peakPerSecond(o.Objects),
			source: "[Firestore](https://cloud.google.com/firestore/docs/best-practices)", remedy: "use larger parts; shard the index by a prefix",
		},
		{
			name: "IAM signatures", applies: "a project", quota: 60000.0 / 60, need: l.peakPerSecond(o.SignBlob),
			source: "[IAM](https://cloud.google.com/iam/quotas)", remedy: "ask for a larger quota; use `signing_key`, which signs in Cloud KMS, for large tenants; put tenants in a second project",
		},
		{
			name: "writes to one bucket before it scales, if one tenant has all runs", applies: "a bucket", quota: 1000, need: l.peakPerSecond(o.Objects),
			source: "[Cloud Storage](https://cloud.google.com/storage/docs/request-rate)", remedy: "increase the load slowly, because it doubles about every 20 minutes; a much larger tenant needs a hash in front of the names of its objects",
		},
		{
			name: "Cloud KMS operations with keys in hardware", applies: "a project and region", quota: 500, need: l.peakPerSecond(o.Objects * kmsPerObject),
			source: "[KMS](https://cloud.google.com/kms/quotas)", remedy: "since 2026-02-16, a project's limits follow its use and are enforced softly: requests over the quota succeed unless Cloud KMS is overloaded. Turn the quota adjuster on, or put tenants in a second project",
		},
		{
			name: "Cloud KMS operations of the functions", applies: "a project and region", quota: 60000.0 / 60, need: l.peakPerSecond(max(0, o.KMS-o.Objects*kmsPerObject)),
			source: "[KMS](https://cloud.google.com/kms/quotas)", remedy: "data keys are cached",
		},
		{
			name: "hot index: ended runs without final grants, by creation", applies: "a database", quota: 500, need: l.peakPerSecond(1),
			source: "[Firestore](https://cloud.google.com/firestore/docs/best-practices)", remedy: "as for pending grants",
		},
		{
			name: "ended runs that a sweep processes each minute, if one tenant has all runs", applies: "a tenant", quota: 5000.0 / 60, need: l.peakPerSecond(1),
			source: "`functions/sweep`: 50 pages of 100", remedy: "more pages in each sweep: [its rate](#rate-of-the-sweep) allows it",
		},
		{
			name: "Pub/Sub push, in MB", applies: "a region", quota: 140, need: l.peakPerSecond(o.Messages) * minMessage / 1e6,
			source: "[Pub/Sub](https://cloud.google.com/pubsub/quotas)", remedy: "",
		},
	}
	slices.SortStableFunc(all, func(a, b limit) int { return cmp.Compare(b.need/b.quota, a.need/a.quota) })
	return all
}
