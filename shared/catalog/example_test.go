package catalog_test

import (
	"fmt"

	"github.com/strongroom-dev/strongroom/shared/catalog"
)

func ExampleParse() {
	suite, err := catalog.Parse([]byte(`*** Settings ***
Metadata    Display Name    DNS
*** Tasks ***
Check DNS Resolution
    [Documentation]    Asks each resolver.
    [Tags]    dns    access:read-only
    Run Process    dig
`), "dns/runbook.robot")
	if err != nil {
		panic(err)
	}
	for _, task := range suite.Tasks {
		fmt.Printf("%s, %s: %s %s %q\n", task.DisplayName, task.Source, task.Name, task.Documentation, task.Tags)
	}
	// Output:
	// DNS, dns/runbook.robot: Check DNS Resolution Asks each resolver. ["dns" "access:read-only"]
}
