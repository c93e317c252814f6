package firestore_test

import (
	"testing"
	"time"

	"cloud.google.com/go/firestore"

	emulated "github.com/strongroom-dev/strongroom/emulator/firestore"
)

func TestDocumentsExpire(t *testing.T) {
	t.Parallel()
	server := newServer(t, emulated.Config{})
	client := connectTo(t, listen(t, server), "p")
	now := time.Now().UTC().Truncate(time.Second)
	rows := map[string]struct {
		document string
		data     map[string]any
		stays    bool
	}{
		"a document whose time has come is deleted":           {"a/1", map[string]any{"expires": now}, false},
		"a document whose time is to come stays":              {"a/2", map[string]any{"expires": now.Add(time.Second)}, true},
		"a document without the field stays":                  {"a/3", map[string]any{"x": now}, true},
		"a document with a null stays":                        {"a/4", map[string]any{"expires": nil}, true},
		"a document with a text stays":                        {"a/5", map[string]any{"expires": "2000-01-01"}, true},
		"a document of another collection stays":              {"b/1", map[string]any{"expires": now}, true},
		"a document below a deleted one stays":                {"a/1/b/1", map[string]any{"expires": now}, true},
		"a document of a collection with the same ID expires": {"b/1/a/1", map[string]any{"expires": now.Add(-time.Hour)}, false},
	}
	documents := map[string]map[string]any{}
	for _, row := range rows {
		documents[row.document] = row.data
	}
	put(t, client, documents)
	if n, err := server.DeleteExpired(emulated.TTL{"a": "expires"}, now); err != nil || n != 2 {
		t.Errorf("%d documents were deleted, want 2 (%v)", n, err)
	}
	for name, row := range rows {
		docs, err := client.GetAll(t.Context(), []*firestore.DocumentRef{client.Doc(row.document)})
		if err != nil || docs[0].Exists() != row.stays {
			t.Errorf("%s: it exists: %v (%v)", name, docs[0].Exists(), err)
		}
	}
}
