package firestore

import (
	"maps"
	"slices"
	"testing"

	pb "cloud.google.com/go/firestore/apiv1/firestorepb"
)

func TestLoadedDocumentsAreQueriedLikeWrittenOnes(t *testing.T) {
	t.Parallel()
	s, err := New(Config{})
	if err != nil {
		t.Fatal(err)
	}
	load := func(n int64) error {
		return s.Load(benchDatabase, maps.All(map[string]map[string]*pb.Value{
			"issues/a": {"state": str("open"), "t": integer(n)}, "issues/b": {"state": str("open"), "t": integer(n + 1)},
		}))
	}
	query := func() int {
		t.Helper()
		return latestOpen(t, s)
	}
	if err := load(1); err != nil {
		t.Fatal(err)
	}
	if n := query(); n != 2 {
		t.Errorf("the query, which creates its index, finds %d documents", n)
	}
	if err := load(3); err != nil {
		t.Fatal(err)
	}
	if n := query(); n != 2 {
		t.Errorf("after both are replaced, the index finds %d documents", n)
	}
	if c := s.Counts(); c.Writes != 0 {
		t.Errorf("loading counts as %d writes", c.Writes)
	}
	var names []string
	s.Walk(func(_, name string, _ map[string]*pb.Value) bool { names = append(names, name); return true })
	if !slices.Equal(names, []string{"issues/a", "issues/b"}) {
		t.Errorf("the server has %v", names)
	}
}

func TestDocumentsThatCannotBeLoadedAreRefused(t *testing.T) {
	t.Parallel()
	for name, load := range map[string]func() error{
		"a name of a collection": func() error {
			s, _ := New(Config{})
			return s.Load(benchDatabase, maps.All(map[string]map[string]*pb.Value{"issues": {}}))
		},
		"a server with a directory": func() error {
			s, err := New(Config{Dir: t.TempDir()})
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = s.Close() }()
			return s.Load(benchDatabase, maps.All(map[string]map[string]*pb.Value{}))
		},
	} {
		if load() == nil {
			t.Errorf("%s is loaded", name)
		}
	}
}
