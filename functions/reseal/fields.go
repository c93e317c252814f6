package reseal

import (
	"github.com/strongroom-dev/strongroom/shared/issue"
	"github.com/strongroom-dev/strongroom/shared/keys"
)

// fields are all the free texts that rest sealed. Who seals another adds it here;
// tests look for what is sealed and is not.
var fields = []keys.Field{
	{Group: issue.SightingsCollection, Name: "line"},
	{Group: issue.Collection, Name: "text"},
	{Group: "assistants", Name: "name"}, // of functions/assistant
}
