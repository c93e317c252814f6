// Package prompt has what each feature sends to a language model: the payload, whose
// type has every field that can be sent and no other, and the fixed instructions.
//
// A payload is one of the types of this package. The struct tags of its fields say their
// data class. No payload has a field of the classes output, configuration, audit or
// secret, so code cannot send such data: there is no type for it. The lines of
// issues.jsonl and the resources that runners are configured with are no fields either.
// A test compares the fields to the table of package dataclass.
//
// For example, this is the payload of rank-next-tasks, which has public names only:
//
//	prompt.Ranking{
//		Found: "Check Pod Restarts",
//		Tasks: []prompt.CatalogName{{ID: "…", Name: "Tail Application Logs"}},
//	}
//
// Encode returns the JSON that is sent. If it is larger than the feature's limit, whole
// fields and whole elements of lists are left out, the first ones are preferred, and
// their names are returned.
package prompt
