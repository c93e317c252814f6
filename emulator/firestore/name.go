package firestore

import (
	"slices"
	"strings"
	"unicode/utf8"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// The limits of names are from firebase.google.com/docs/firestore/quotas.
const (
	maxIDBytes   = 1500 // of a collection or document ID
	maxPathDepth = 100  // of nested collections
	maxNameBytes = 6144 // of a document's full name
)

// path is a path within a database: collection and document IDs in turn. The empty
// path is the database's root. A path of even length names a document.
type path []string

func (p path) isDocument() bool { return len(p) > 0 && len(p)%2 == 0 }
func (p path) parent() path     { return p[:len(p)-1] }
func (p path) id() string       { return p[len(p)-1] }
func (p path) String() string   { return strings.Join(p, "/") }

// child returns a path that does not share memory with p.
func (p path) child(ids ...string) path { return slices.Concat(p, ids) }

// splitName splits projects/P/databases/D/documents[/…].
func splitName(name string) (database string, p path, err error) {
	parts := strings.Split(name, "/")
	if len(parts) < 5 || parts[4] != "documents" {
		return "", nil, invalid("Document name %q has invalid format: want projects/{project}/databases/{database}/documents/…", name)
	}
	database = strings.Join(parts[:4], "/")
	if err := checkDatabase(database); err != nil {
		return "", nil, err
	}
	p = parts[5:]
	if len(name) > maxNameBytes {
		return "", nil, invalid("Document name is longer than %d bytes.", maxNameBytes)
	}
	if len(p) > 2*maxPathDepth {
		return "", nil, invalid("Document name is deeper than %d collections.", maxPathDepth)
	}
	for _, id := range p {
		if err := checkID(id); err != nil {
			return "", nil, err
		}
	}
	return database, p, nil
}

// checkDatabase accepts projects/P/databases/D.
func checkDatabase(name string) error {
	parts := strings.Split(name, "/")
	if len(parts) != 4 || parts[0] != "projects" || parts[1] == "" || parts[2] != "databases" || parts[3] == "" {
		return invalid("Database name %q has invalid format: want projects/{project}/databases/{database}", name)
	}
	return nil
}

func checkID(id string) error {
	switch {
	case id == "":
		return invalid("A collection or document id is empty.")
	case len(id) > maxIDBytes:
		return invalid("A collection or document id is longer than %d bytes.", maxIDBytes)
	case id == "." || id == "..":
		return invalid("%q is not a valid id.", id)
	case isReserved(id):
		return invalid("Resource id %q is invalid because it is reserved.", id)
	case !utf8.ValidString(id):
		return invalid("A collection or document id is not UTF-8.")
	}
	return nil
}

func isReserved(id string) bool {
	return len(id) >= 4 && strings.HasPrefix(id, "__") && strings.HasSuffix(id, "__")
}

// documentIn returns the path of a document, which must be in the named database.
func documentIn(database, name string) (path, error) {
	d, p, err := splitName(name)
	if err != nil {
		return nil, err
	}
	if d != database {
		return nil, invalid("Document name %q is not in database %q.", name, database)
	}
	if !p.isDocument() {
		return nil, invalid("Document name %q does not name a document: an ID is missing.", name)
	}
	return p, nil
}

// parentIn parses the parent of a query or list: the root of a database or a document.
func parentIn(name string) (database string, p path, err error) {
	database, p, err = splitName(name)
	if err == nil && len(p)%2 != 0 {
		err = invalid("Parent name %q is neither a document nor the root of a database.", name)
	}
	return database, p, err
}

// Keys order documents by collection first, so that the documents of a collection
// are contiguous and do not include those of its subcollections.

const collectionEnd = "\x00\x00" // sorts before every further ID

func appendID(dst []byte, id string) []byte { return appendTerminated(dst, id) }

// collectionKey returns the prefix of the keys of a collection's documents.
func collectionKey(collection path) string {
	return pathKey(collection) + collectionEnd
}

// pathKey orders paths ID by ID, as Firestore orders references. It is the prefix of
// the keys of everything in collections below p.
func pathKey(p path) string {
	var key []byte
	for _, id := range p {
		key = appendID(key, id)
	}
	return string(key)
}

func documentKey(document path) string {
	return collectionKey(document.parent()) + string(appendID(nil, document.id()))
}

// parsePath returns the path that pathKey encoded. It ignores a collectionEnd.
func parsePath(key string) path {
	var p path
	for key != "" {
		if strings.HasPrefix(key, collectionEnd) {
			key = key[len(collectionEnd):]
			continue
		}
		var id string
		id, key = cutTerminated(key)
		p = append(p, id)
	}
	return p
}

func invalid(format string, args ...any) error {
	return status.Errorf(codes.InvalidArgument, format, args...)
}
