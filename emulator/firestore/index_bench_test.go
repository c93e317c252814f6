package firestore

import "testing"

// BenchmarkIndex measures the first query that needs a new index.
func BenchmarkIndex(b *testing.B) {
	s := filled(b, 100_000)
	documents := s.database(benchDatabase).now().documents
	columns := []column{{fieldPath{"state"}, ascending}, {fieldPath{"t"}, ascending}}
	sc := scope{collection: collectionKey(path{"issues"})}
	for b.Loop() {
		made := newState()
		made.documents = documents
		made.addIndex(newIndex(1, sc, columns))
	}
}
