package main

import "slices"

// rule bounds what packages may import. Packages of this module are named from
// its root; "x/..." is x and all below it. Imports within one part of the tree
// (the first two elements of a path) are always free. Tests are not bound:
// they may start the embedded cloud.
type rule struct {
	from  []string
	never []string // may not be imported
	only  []string // if set, the only imports allowed apart from the standard library; outside is every other module
	reach bool     // also applies to indirect imports
	why   string
}

const outside = "outside"

var google = []string{"cloud.google.com/go/...", "google.golang.org/api/...", "google.golang.org/genai/..."}

// Exceptions to the order of the layers.
var (
	// foundation is what records use of transport: how to connect to Google
	// Cloud and classify its errors, and who makes a request.
	foundation = []string{"shared/gcp", "shared/authn"}

	// joins are the two packages that bring records and transport together, so
	// that every function does it in the same way.
	joins = []string{"shared/access", "shared/function"}
)

// rules are the directions in which imports flow:
//
//	functions -> transport -> records -> bundles, proofs, domain -> standard library
//	embedded suite -> functions, parts of the embedded cloud
//	command line -> bundles, proofs, domain
var rules = slices.Concat(layers, embeddedCloud)

var layers = []rule{
	{
		from: functions.packages, reach: true,
		never: []string{"functions/...", "emulator/...", "scripts/...", "infra/..."},
		why:   "a function is deployed alone, without other functions and without the embedded cloud",
	},
	{
		from:  []string{"shared/..."},
		never: []string{"functions/...", "emulator/...", "scripts/...", "infra/..."},
		why:   "functions depend on shared, not the other way round",
	},
	{
		from: domain.packages,
		only: slices.Concat(domain.packages, []string{"github.com/google/uuid", "github.com/go-json-experiment/json/...", "golang.org/x/text/unicode/norm", "go.yaml.in/yaml/v3"}),
		why:  "everything imports the domain, so it depends on the standard library, UUIDs, JSON, YAML and Unicode normalization only",
	},
	{
		from: proofs.packages,
		only: slices.Concat(proofs.packages, []string{"shared/lazyregexp", "golang.org/x/mod/...", "github.com/transparency-dev/...", "github.com/go-json-experiment/json/..."}),
		why:  "auditors verify proofs offline, so proofs depend on no cloud and no record",
	},
	{
		from: bundles.packages,
		only: slices.Concat(bundles.packages, domain.packages, []string{"github.com/go-git/go-git/v6/..."}),
		why:  "auditors verify bundles offline, so they depend on git's formats and the domain, and on no cloud",
	},
	{
		from:  except(records.packages, "shared/quarantine"),
		never: except(transport.packages, foundation...), reach: true,
		why: "records do not depend on how a request arrives",
	},
	{
		from: []string{"shared/quarantine"}, never: except(transport.packages, append(foundation, "shared/event")...), reach: true,
		why: "quarantine wraps event handlers and depends on no other transport",
	},
	{
		from: except(transport.packages, joins...), never: slices.Concat(records.packages, joins), reach: true,
		why: "transport carries requests and depends on no records",
	},
	{
		from: []string{"shared/api", "shared/event"}, never: google,
		why: "transport carries requests; it reads and writes nothing",
	},
	{
		from: slices.Concat(
			domain.packages, proofs.packages, bundles.packages, except(records.packages, "shared/model"), transport.packages, functions.packages,
			parts.packages, suite.packages, command.packages, tools.packages, infra.packages,
		),
		never: []string{"google.golang.org/genai/..."},
		why:   "only shared/model may import a model client: it checks the consents and writes the ledger",
	},
	{
		from: []string{"shared/authn"}, never: google, reach: true,
		why: "identity is decided by a token and keys, without a cloud",
	},
	{
		from: command.packages, reach: true,
		never: slices.Concat(google, records.packages, transport.packages, functions.packages, []string{"emulator/...", "infra/..."}),
		why:   "the command line runs in a customer's network: it uses HTTP and the domain, and needs no Google client",
	},
	{
		from: except(tools.packages, "scripts/capacity"),
		only: []string{outside, "infra/..."},
		why:  "tools read the tree and run the go command; they do not link what they check",
	},
	{
		from: []string{"scripts/capacity"}, never: slices.Concat(functions.packages, command.packages),
		why: "capacity measures the embedded suite from outside, over HTTP",
	},
	{
		from: infra.packages, only: []string{},
		why: "infra describes what is deployed and links none of it",
	},
}

const partOrder = "parts of the embedded cloud build on one another: clock <- iam <- kms <- gcs"

var embeddedCloud = []rule{
	{
		from: parts.packages, reach: true,
		never: slices.Concat(suite.packages, functions.packages, records.packages, []string{"scripts/...", "infra/..."}),
		why:   "the parts of the embedded cloud work for any project, without Strongroom's functions and records",
	},
	{
		from: []string{"emulator/loadbalancer"}, never: slices.Concat(functions.packages, []string{"emulator/suite", "scripts/..."}), reach: true,
		why: "the load balancer routes by the table of infra and links no function",
	},
	{
		from: []string{"emulator/clock", "emulator/official"}, only: []string{},
		why: "every part of the embedded cloud asks the clock, and Google's emulators are other processes",
	},
	{
		from: []string{"emulator/faults"}, only: []string{outside},
		why: "faults fail the calls of any gRPC service",
	},
	{from: []string{"emulator/iam/..."}, only: []string{outside, "shared/...", "emulator/clock"}, why: partOrder},
	{from: []string{"emulator/kms"}, only: []string{outside, "shared/...", "emulator/clock", "emulator/iam/..."}, why: partOrder},
	{
		from: []string{"emulator/gcs"},
		only: []string{outside, "shared/...", "emulator/clock", "emulator/iam/...", "emulator/kms"},
		why:  partOrder,
	},
	{
		from: []string{"emulator/firestore", "emulator/pubsub", "emulator/oidc", "emulator/scheduler"},
		only: []string{outside, "shared/...", "emulator/clock", "emulator/iam/..."},
		why:  "each part can be replaced by Google's own, so they share only time and identity",
	},
}

// except returns patterns without some of them.
func except(patterns []string, without ...string) []string {
	return slices.DeleteFunc(slices.Clone(patterns), func(p string) bool { return slices.Contains(without, p) })
}
