package keys

import (
	"strings"

	"cloud.google.com/go/firestore"
)

// RelativePath returns a document's path within its database. It is the associated
// data of the values that are sealed in the document, so that a value that is moved
// to another document cannot be opened.
func RelativePath(doc *firestore.DocumentRef) string {
	const before = 5 // projects/{project}/databases/{database}/documents
	parts := strings.SplitN(doc.Path, "/", before+1)
	return parts[len(parts)-1]
}
