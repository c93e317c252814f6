package keys

import (
	"strings"

	"cloud.google.com/go/firestore"
)

// RelativePath is a document's path within its database: what a value in it is
// sealed for, so that it cannot be moved to another document.
func RelativePath(doc *firestore.DocumentRef) string {
	const before = 5 // projects/{project}/databases/{database}/documents
	parts := strings.SplitN(doc.Path, "/", before+1)
	return parts[len(parts)-1]
}
