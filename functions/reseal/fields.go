package reseal

import (
	"github.com/strongroom-dev/strongroom/shared/keys"
	"github.com/strongroom-dev/strongroom/shared/records"
)

// fields are all the free texts that rest sealed. Who seals another adds it here;
// tests look for what is sealed and is not.
var fields = []keys.Field{
	{Group: records.SightingsCollection, Name: "line"},
	{Group: records.IssuesCollection, Name: "text"},
	{Group: "assistants", Name: "name"}, // of functions/assistants
}
