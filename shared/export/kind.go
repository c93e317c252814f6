package export

import "slices"

// Kind is what an export contains. The zero Kind is not valid.
type Kind string

// The kinds.
const (
	Audit         Kind = "audit"         // the audit log, up to a checkpoint
	Configuration Kind = "configuration" // the configurations of workspaces as git bundles, and their reviews
	Metadata      Kind = "metadata"      // runs, and what they found and measured
	Inventory     Kind = "inventory"     // every part of an output that was ever granted
	Outputs       Kind = "outputs"       // the bytes of outputs, and the state of each of their parts
)

// Kinds are all kinds, sorted.
var Kinds = []Kind{Audit, Configuration, Inventory, Metadata, Outputs}

// Table is a set of rows of one type. An export has the rows of a table in files
// of their own. The zero Table is that of a part that has no rows.
type Table string

// The tables.
const (
	AuditTable      Table = "audit"
	ConfigsTable    Table = "configs"
	ReviewsTable    Table = "configreviews"
	RunsTable       Table = "runs"
	SamplesTable    Table = "samples"
	SightingsTable  Table = "sightings"
	IssuesTable     Table = "issues"
	SLIsTable       Table = "slis"
	AssistantsTable Table = "assistants"
	GrantsTable     Table = "grants"
	PartsTable      Table = "outputparts"
)

// Tables are the tables of each kind.
var Tables = map[Kind][]Table{
	Audit:         {AuditTable},
	Configuration: {ConfigsTable, ReviewsTable},
	Metadata:      {RunsTable, SamplesTable, SightingsTable, IssuesTable, SLIsTable, AssistantsTable},
	Inventory:     {GrantsTable},
	Outputs:       {PartsTable},
}

// Tables returns the tables of the requested kinds, in a fixed order.
func (r Request) Tables() []Table {
	var all []Table
	for _, kind := range Kinds {
		if slices.Contains(r.Kinds, kind) {
			all = append(all, Tables[kind]...)
		}
	}
	return all
}
