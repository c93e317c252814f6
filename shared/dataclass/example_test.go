package dataclass_test

import (
	"fmt"
	"reflect"

	"github.com/strongroom-dev/strongroom/shared/dataclass"
)

// The labels of a type say what each field is. Check compares them with the rules of
// the place where values of the type are.
func ExampleCheck() {
	type finding struct {
		Severity int    `firestore:"severity" class:"metadata"`
		Title    string `firestore:"title" class:"text"`
		Note     string `firestore:"note"`
	}
	fmt.Println(dataclass.Check(reflect.TypeFor[finding](), "firestore", dataclass.TenantDocument))
	// Output:
	// dataclass_test.finding, field title: its class "text" must be sealed in the place "tenant-document", so the field must be []byte and not string
	// dataclass_test.finding, field note: it has no class; add a tag such as `class:"metadata"`
}
