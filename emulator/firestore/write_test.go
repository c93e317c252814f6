package firestore_test

import (
	"testing"

	"cloud.google.com/go/firestore"
	"github.com/google/go-cmp/cmp"
)

var writeTests = []conformanceTest{
	{"what is set is read", setAndGet},
}

func setAndGet(t *testing.T, c *firestore.Client) {
	doc := c.Doc("a/b")
	want := map[string]any{"s": "x", "n": int64(7), "list": []any{int64(1), "two"}, "map": map[string]any{"in": true}}
	if _, err := doc.Set(t.Context(), want); err != nil {
		t.Fatal(err)
	}
	snap, err := doc.Get(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, snap.Data()); diff != "" {
		t.Error(diff)
	}
}
