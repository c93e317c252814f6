package main

// unit is a list price in US dollars, and the page that lists it. Prices differ by
// location and change over time: check them.
type unit struct {
	name string
	usd  float64 // of one
	per  float64 // how many units the page lists a price for
	page string
}

const (
	firestorePage = "cloud.google.com/firestore/pricing"
	storagePage   = "cloud.google.com/storage/pricing"
	kmsPage       = "cloud.google.com/kms/pricing"
	runPage       = "cloud.google.com/run/pricing"
	balancerPage  = "cloud.google.com/vpc/network-pricing"
	armorPage     = "cloud.google.com/armor/pricing"
	logPage       = "cloud.google.com/stackdriver/pricing"
	pubsubPage    = "cloud.google.com/pubsub/pricing"
	modelPage     = "cloud.google.com/vertex-ai/generative-ai/pricing"
)

// The unit prices of examples/production: Firestore in eur3, buckets in eur4, functions
// in two regions of tier 1.
var (
	firestoreRead      = unit{name: "Firestore document read, in a multi-region", usd: 0.06 / 1e5, per: 1e5, page: firestorePage}
	firestoreWrite     = unit{name: "Firestore document written, in a multi-region", usd: 0.18 / 1e5, per: 1e5, page: firestorePage}
	firestoreDelete    = unit{name: "Firestore document deleted, by TTL too", usd: 0.02 / 1e5, per: 1e5, page: firestorePage}
	firestoreMonth     = unit{name: "Firestore GiB and month, with index entries", usd: 0.18, per: 1, page: firestorePage}
	firestorePITR      = unit{name: "Firestore GiB and month of changes of the last 7 days", usd: 0.18, per: 1, page: firestorePage}
	firestoreBackup    = unit{name: "Firestore GiB and month of backups", usd: 0.03, per: 1, page: firestorePage}
	regionWrite        = unit{name: "object created, in a region", usd: 0.005 / 1000, per: 1000, page: storagePage}
	dualRegionWrite    = unit{name: "object created, in two regions", usd: 0.01 / 1000, per: 1000, page: storagePage}
	objectRead         = unit{name: "object read", usd: 0.0004 / 1000, per: 1000, page: storagePage}
	regionMonth        = unit{name: "stored GiB and month, Standard, in Frankfurt", usd: 0.023, per: 1, page: storagePage}
	dualRegionMonth    = unit{name: "stored GiB and month, Standard, in eur4", usd: 0.044, per: 1, page: storagePage}
	replication        = unit{name: "GiB written to two regions in Europe", usd: 0.02, per: 1, page: storagePage}
	kmsOperation       = unit{name: "Cloud KMS operation with a symmetric key", usd: 0.03 / 1e4, per: 1e4, page: kmsPage}
	kmsSoftwareVersion = unit{name: "key version and month, in software", usd: 0.06, per: 1, page: kmsPage}
	kmsHardwareVersion = unit{name: "key version and month, symmetric, in hardware (HSM)", usd: 1, per: 1, page: kmsPage}
	runRequest         = unit{name: "request of a function", usd: 0.40 / 1e6, per: 1e6, page: runPage}
	runVCPU            = unit{name: "vCPU second, while a request is served", usd: 0.000024, per: 1e6, page: runPage}
	runMemory          = unit{name: "GiB second, while a request is served", usd: 0.0000025, per: 1e6, page: runPage}
	runIdleVCPU        = unit{name: "vCPU second of an instance that waits", usd: 0.0000025, per: 1e6, page: runPage}
	runIdleMemory      = unit{name: "GiB second of an instance that waits", usd: 0.0000025, per: 1e6, page: runPage}
	logGiB             = unit{name: "GiB of logs", usd: 0.50, per: 1, page: logPage}
	balancerRule       = unit{name: "hour of the load balancer's first five rules", usd: 0.025, per: 1, page: balancerPage}
	balancerGiB        = unit{name: "GiB through the load balancer", usd: 0.008, per: 1, page: balancerPage}
	internetGiB        = unit{name: "GiB to the internet, of more than 10 TiB (assumed)", usd: 0.08, per: 1, page: balancerPage}
	armorPolicy        = unit{name: "Cloud Armor policy and month", usd: 5, per: 1, page: armorPage}
	armorRule          = unit{name: "Cloud Armor rule and month", usd: 1, per: 1, page: armorPage}
	armorRequest       = unit{name: "request that Cloud Armor checks", usd: 0.75 / 1e6, per: 1e6, page: armorPage}
	pubsubTiB          = unit{name: "TiB published or delivered", usd: 40, per: 1, page: pubsubPage}
	modelInput         = unit{name: "token to a model (assumed: a small one)", usd: 0.30 / 1e6, per: 1e6, page: modelPage}
	modelOutput        = unit{name: "token from a model (assumed: a small one)", usd: 2.50 / 1e6, per: 1e6, page: modelPage}
)

// units are in the order of the page.
var units = []unit{
	firestoreRead, firestoreWrite, firestoreDelete, firestoreMonth, firestorePITR, firestoreBackup,
	regionWrite, dualRegionWrite, objectRead, regionMonth, dualRegionMonth, replication,
	kmsOperation, kmsSoftwareVersion, kmsHardwareVersion,
	runRequest, runVCPU, runMemory, runIdleVCPU, runIdleMemory, logGiB,
	balancerRule, balancerGiB, internetGiB, armorPolicy, armorRule, armorRequest, pubsubTiB, modelInput, modelOutput,
}
