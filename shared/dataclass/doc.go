// Package dataclass defines the classes of data. The class of a field decides where the
// field may be stored, under which key, who may read it, whether it may reach a
// language model, and how long it is kept. Rules is the table.
//
// Every field of a stored document, of a message, of an API body, of an export's row and
// of a model's payload names its class in a struct tag:
//
//	type Grant struct {
//		Run    run.ID `firestore:"run" class:"operational"`
//		Output string `firestore:"output" class:"metadata"`
//	}
//
// A field that is a struct, or a list of structs, has no label. Instead, each field of
// the struct has one. The package that stores a type declares where its documents are,
// next to the type:
//
//	var _ = dataclass.Stored[Grant]("tenants/{tenant}/workspaces/{workspace}/grants/{grant}")
//
// Published, Delivered, Exported and Sent declare messages, rows of exports and payloads of
// models too. Locations lists every place that has data, and Map shows it with the
// rules.
//
// Tests read these declarations. They fail on a field without a label, on a label that
// the place forbids, on a document, a message or an API that nothing declares, and on
// an API that shows a class to a role that may not read it. Labels have no effect at
// run time.
//
// infra/adr/0009-data-classes.md says why there are more classes than the four of
// the product.
package dataclass
