package runs

import (
	"errors"
	"fmt"

	"cloud.google.com/go/firestore"
	"google.golang.org/api/iterator"
)

// maxPageBytes bounds a page of a list, in bytes of JSON by estimate, because a run
// may have 1,000 outputs or samples. The run that exceeds it is the last of its
// page.
const maxPageBytes = 1 << 20

// listMemory is the memory in bytes that a page needs: its last run as Firestore
// returns it, its values, and its JSON.
const listMemory = 8 << 20

// readPage calls add with the documents that a query finds, up to size of them. add
// returns the number of bytes that it has added to the page. more reports whether
// the query has documents that are not on the page; its limit must be above size.
func readPage(docs *firestore.DocumentIterator, size int, add func(*firestore.DocumentSnapshot) (bytes int, err error)) (more bool, err error) {
	defer docs.Stop()
	for n, bytes := 0, 0; ; n++ {
		doc, err := docs.Next()
		if errors.Is(err, iterator.Done) {
			return false, nil
		}
		if err != nil {
			return false, fmt.Errorf("list documents: %w", err)
		}
		if n == size || bytes >= maxPageBytes {
			return true, nil
		}
		added, err := add(doc)
		if err != nil {
			return false, err
		}
		bytes += added
	}
}
