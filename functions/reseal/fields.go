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
	{Group: ledger.RequestsCollection, Name: "request"},
	{Group: "assistants", Name: "name"}, // of functions/assistants
}
