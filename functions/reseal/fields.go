package reseal

import (
	"github.com/strongroom-dev/strongroom/shared/keys"
	"github.com/strongroom-dev/strongroom/shared/ledger"
	"github.com/strongroom-dev/strongroom/shared/records"
)

// fields are all fields of free text that are stored sealed. Add every new sealed
// field here. A test finds sealed fields that are not in this list.
var fields = []keys.Field{
	{Group: records.SightingsCollection, Name: "line"},
	{Group: records.IssuesCollection, Name: "text"},
	{Group: records.IssuesCollection, Name: "ignoreReason"},
	{Group: ledger.RequestsCollection, Name: "request"},
	{Group: "configReviews", Name: "waivers"}, // of functions/configs
	{Group: records.ConfigElementsCollection, Name: "elements"},
	{Group: records.ConfigGraphsCollection, Name: "directory"},
	{Group: records.ConfigPagesCollection, Name: "slxs"},
	{Group: "configHolds", Name: "key"}, // of functions/configs
	{Group: "assistants", Name: "name"}, // of functions/assistants
}
