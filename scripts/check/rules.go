package main

// rule bounds what packages may import. Packages of this module are named from
// its root; "x/..." is x and all below it. Imports within one part of the tree
// (the first two elements of a path) are always free. Tests are not bound:
// they may start the embedded cloud.
type rule struct {
	from  []string
	never []string // may not be imported
	only  []string // if set, all that may be imported beside the standard library; outside is every other module
	reach bool     // holds for what is imported by what is imported, and so on
	why   string
}

const outside = "outside"

// Groups of packages that rules speak of.
var (
	domain    = []string{"shared/tenant/...", "shared/secret/...", "shared/crc32c/..."}
	transport = []string{"shared/api/...", "shared/event/..."}
	stores    = []string{
		"shared/run/...", "shared/grant/...", "shared/auditlog/...", "shared/directory/...", "shared/keys/...",
		"shared/issue/...", "shared/sli/...", "shared/outbox/...",
	}
	access = "shared/access/..." // joins transport to stores
	google = []string{"cloud.google.com/go/...", "google.golang.org/api/..."}
)

// rules is the direction in which imports flow:
// functions -> shared/{transport, stores} -> shared/{domain} -> standard library.
var rules = []rule{
	{
		from: []string{"functions/..."}, reach: true,
		never: []string{"functions/...", "emulator/...", "scripts/...", "infra/..."},
		why:   "a function is a leaf: it is deployed alone, with nothing of another and nothing of the embedded cloud",
	},
	{
		from:  []string{"shared/..."},
		never: []string{"functions/...", "emulator/...", "scripts/...", "infra/..."},
		why:   "shared is what functions stand on",
	},
	{
		from: domain, only: append([]string{"github.com/google/uuid"}, domain...),
		why: "everything imports the domain, so it brings nothing along",
	},
	{
		from: []string{"shared/authn/..."}, never: google, reach: true,
		why: "identity is decided by a token and keys, without a cloud",
	},
	{
		from: transport, never: google,
		why: "transport carries requests; it reads and writes nothing",
	},
	{
		from: transport, never: append([]string{access}, stores...), reach: true,
		why: "transport carries requests; it knows no records",
	},
	{
		from: stores, never: append([]string{access}, transport...), reach: true,
		why: "records do not know how they are asked for",
	},
	{
		from: []string{"scripts/strongroom/..."}, never: google, reach: true,
		why: "the command line runs in a customer's network: it speaks HTTP and needs no Google client",
	},
	{
		from: []string{"emulator/clock/..."}, only: []string{},
		why: "every part of the embedded cloud asks the clock",
	},
	{
		from: []string{"emulator/iam/..."}, only: []string{outside, "shared/...", "emulator/clock"},
		why: "parts of the embedded cloud build on one another: clock <- iam <- kms <- gcs",
	},
	{
		from: []string{"emulator/kms/..."}, only: []string{outside, "shared/...", "emulator/clock", "emulator/iam/..."},
		why: "parts of the embedded cloud build on one another: clock <- iam <- kms <- gcs",
	},
	{
		from: []string{"emulator/gcs/..."},
		only: []string{outside, "shared/...", "emulator/clock", "emulator/iam/...", "emulator/kms/..."},
		why:  "parts of the embedded cloud build on one another: clock <- iam <- kms <- gcs",
	},
	{
		from: []string{"emulator/firestore/...", "emulator/pubsub/...", "emulator/oidc/..."},
		only: []string{outside, "shared/...", "emulator/clock", "emulator/iam/..."},
		why:  "each part can be replaced by Google's own, so none knows another but for time and identity",
	},
}
