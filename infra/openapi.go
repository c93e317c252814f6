package infra

import _ "embed"

//go:embed openapi.json
var openAPI []byte

// OpenAPI returns the OpenAPI 3.1 document of the whole suite. A test merges it from
// the documents of the functions.
func OpenAPI() []byte { return openAPI }
