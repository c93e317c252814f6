package firestore_test

import (
	"strings"
	"testing"

	"cloud.google.com/go/firestore"
	"google.golang.org/api/iterator"
)

var listTests = []conformanceTest{
	{"a list includes missing documents with subcollections", listMissing},
	{"collections are listed only for their own document", listCollections},
	{"a collection group is every collection of that id", collectionGroup},
}

var tree = map[string]map[string]any{
	"a/1": {"x": 1}, "a/1/b/2": {"x": 2}, "a/missing/b/3": {"x": 3}, "a/9": {"x": 4},
	"a/1/b/2/b/4": {"x": 5}, "b/5": {"x": 6}, "ab/7": {"x": 7},
}

func listMissing(t *testing.T, c *firestore.Client) {
	put(t, c, tree)
	refs, err := c.Collection("a").DocumentRefs(t.Context()).GetAll()
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range refs {
		got = append(got, r.ID)
	}
	if want := "1 9 missing"; strings.Join(got, " ") != want {
		t.Errorf("got %v, want %s", got, want)
	}
}

func listCollections(t *testing.T, c *firestore.Client) {
	put(t, c, tree)
	if got := collections(t, c.Collections(t.Context())); got != "a ab b" {
		t.Errorf("the root has %s", got)
	}
	if got := collections(t, c.Doc("a/missing").Collections(t.Context())); got != "b" {
		t.Errorf("a missing document has %s", got)
	}
}

func collections(t *testing.T, it *firestore.CollectionIterator) string {
	var all []string
	for {
		c, err := it.Next()
		if err == iterator.Done {
			return strings.Join(all, " ")
		}
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, c.ID)
	}
}

func collectionGroup(t *testing.T, c *firestore.Client) {
	put(t, c, tree)
	g := c.CollectionGroup("b")
	if got := ids(t, g.Query); got != "2 4 3 5" {
		t.Errorf("the group has %s", got)
	}
	if got := ids(t, g.Where("x", ">=", 3).OrderBy("x", firestore.Desc)); got != "5 4 3" {
		t.Errorf("the group has, ordered, %s", got)
	}
	if got := ids(t, g.Where("__name__", ">", c.Doc("a/1/b/2"))); got != "4 3 5" {
		t.Errorf("the group has after a name %s", got)
	}
}
