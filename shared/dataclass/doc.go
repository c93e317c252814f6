// Package dataclass says what each piece of data is, and therefore where it may
// be stored, under which key, who may read it, whether it may reach a language
// model, and how long it is kept. Rules is the table.
//
// Every field of a stored document, of a message and of an API body names its
// class in a struct tag:
//
//	type Grant struct {
//		Run    run.ID `firestore:"run" class:"operational"`
//		Output string `firestore:"output" class:"metadata"`
//	}
//
// A field that is a struct, or a list of structs, has no label of its own: the
// fields of the struct have one each. The package that stores a type declares
// where its documents are, next to the type:
//
//	var _ = dataclass.Stored[Grant]("tenants/{tenant}/workspaces/{workspace}/grants/{grant}")
//
// Tests read these declarations. They fail on a field without a label, on a
// label that the place forbids, on a document, a message or an API that nothing
// declares, and on a role that an API shows a class it may not read. Nothing
// else happens at run time: a label costs no work.
//
// infra/adr/0009-data-classes.md says why there are more classes than the four of
// the product.
package dataclass
