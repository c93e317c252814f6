package firestore_test

import (
	"context"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"cloud.google.com/go/firestore"
	pb "cloud.google.com/go/firestore/apiv1/firestorepb"
	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/strongroom-dev/strongroom/emulator/clock"
	emulated "github.com/strongroom-dev/strongroom/emulator/firestore"
)

const testDatabase = "projects/p/databases/(default)"

func newServer(t *testing.T, config emulated.Config) *emulated.Server {
	t.Helper()
	s, err := emulated.New(config)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestCommitsSurviveARestart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	before := newServer(t, emulated.Config{Dir: dir})
	c := connectTo(t, listen(t, before), "p")
	put(t, c, map[string]map[string]any{"a/keep": {"x": 1}, "a/gone": {"x": 2}, "a/keep/b/c": {"x": 3}})
	if _, err := c.Doc("a/gone").Delete(t.Context()); err != nil {
		t.Fatal(err)
	}
	kept, err := c.Doc("a/keep").Get(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := before.Close(); err != nil {
		t.Fatal(err)
	}

	after := newServer(t, emulated.Config{Dir: dir})
	t.Cleanup(func() { after.Close() })
	if got := walked(after); got != "projects/p/databases/(default) a/keep, projects/p/databases/(default) a/keep/b/c" {
		t.Errorf("after the restart there is %s", got)
	}
	c = connectTo(t, listen(t, after), "p")
	snap, err := c.Doc("a/keep").Get(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if !snap.CreateTime.Equal(kept.CreateTime) || !snap.UpdateTime.Equal(kept.UpdateTime) || snap.Data()["x"] != int64(1) {
		t.Errorf("got %v, created %v, updated %v", snap.Data(), snap.CreateTime, snap.UpdateTime)
	}
	if got := ids(t, c.Collection("a").Where("x", "==", 1)); got != "keep" {
		t.Errorf("a query finds %q", got)
	}
}

func walked(s *emulated.Server) string {
	var all []string
	s.Walk(func(database, document string, _ map[string]*pb.Value) bool {
		all = append(all, database+" "+document)
		return true
	})
	slices.Sort(all)
	return strings.Join(all, ", ")
}

func TestWalkStopsWhenVisitReturnsFalse(t *testing.T) {
	t.Parallel()
	s := newServer(t, emulated.Config{})
	address := listen(t, s)
	put(t, connectTo(t, address, "p"), map[string]map[string]any{"a/1": {}, "a/2": {}})
	put(t, connectTo(t, address, "q"), map[string]map[string]any{"a/1": {}})
	visits := 0
	s.Walk(func(string, string, map[string]*pb.Value) bool { visits++; return false })
	if visits != 1 {
		t.Errorf("visited %d", visits)
	}
}

func TestDatabasesAreSeparate(t *testing.T) {
	t.Parallel()
	address := serve(t, emulated.Config{})
	one := connectTo(t, address, "p")
	other, err := firestore.NewClientWithDatabase(t.Context(), "p", "other", insecureOptions(address)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { other.Close() })
	put(t, one, map[string]map[string]any{"a/1": {"x": 1}})
	if got := ids(t, other.Collection("a").Query); got != "" {
		t.Errorf("the other database has %q", got)
	}
	_, err = dial(t, address).Commit(t.Context(), &pb.CommitRequest{
		Database: testDatabase, Writes: []*pb.Write{set("projects/p/databases/other/documents/a/1", nil)},
	})
	wantCode(t, "a commit that names another database's document", err, codes.InvalidArgument)
}

func TestEveryRPCIsAuthorizedOnce(t *testing.T) {
	t.Parallel()
	var asked atomic.Int64
	refuse := func(_ context.Context, _, database string) error {
		asked.Add(1)
		if database != testDatabase {
			t.Errorf("authorized for %s", database)
		}
		return status.Error(codes.PermissionDenied, "no")
	}
	raw := dial(t, serve(t, emulated.Config{Authorize: refuse}))
	for name, call := range calls(t.Context(), raw) {
		asked.Store(0)
		wantCode(t, name, call(), codes.PermissionDenied)
		if n := asked.Load(); n != 1 {
			t.Errorf("%s authorized %d times", name, n)
		}
	}
}

// calls lists every RPC that is modeled.
func calls(ctx context.Context, raw pb.FirestoreClient) map[string]func() error {
	root, name := testDatabase+"/documents", testDatabase+"/documents/a/1"
	return map[string]func() error{
		"GetDocument":    func() error { _, err := raw.GetDocument(ctx, &pb.GetDocumentRequest{Name: name}); return err },
		"DeleteDocument": func() error { _, err := raw.DeleteDocument(ctx, &pb.DeleteDocumentRequest{Name: name}); return err },
		"UpdateDocument": func() error {
			_, err := raw.UpdateDocument(ctx, &pb.UpdateDocumentRequest{Document: &pb.Document{Name: name}})
			return err
		},
		"CreateDocument": func() error {
			_, err := raw.CreateDocument(ctx, &pb.CreateDocumentRequest{Parent: root, CollectionId: "a"})
			return err
		},
		"Commit":     func() error { _, err := raw.Commit(ctx, &pb.CommitRequest{Database: testDatabase}); return err },
		"BatchWrite": func() error { _, err := raw.BatchWrite(ctx, &pb.BatchWriteRequest{Database: testDatabase}); return err },
		"BeginTransaction": func() error {
			_, err := raw.BeginTransaction(ctx, &pb.BeginTransactionRequest{Database: testDatabase})
			return err
		},
		"Rollback":       func() error { _, err := raw.Rollback(ctx, &pb.RollbackRequest{Database: testDatabase}); return err },
		"ListDocuments":  func() error { _, err := raw.ListDocuments(ctx, &pb.ListDocumentsRequest{Parent: root}); return err },
		"PartitionQuery": func() error { _, err := raw.PartitionQuery(ctx, &pb.PartitionQueryRequest{Parent: root}); return err },
		"ListCollectionIds": func() error {
			_, err := raw.ListCollectionIds(ctx, &pb.ListCollectionIdsRequest{Parent: root})
			return err
		},
		"BatchGetDocuments": func() error {
			s, err := raw.BatchGetDocuments(ctx, &pb.BatchGetDocumentsRequest{Database: testDatabase})
			return first(s, err)
		},
		"RunQuery": func() error {
			s, err := raw.RunQuery(ctx, &pb.RunQueryRequest{Parent: root})
			return first(s, err)
		},
		"RunAggregationQuery": func() error {
			s, err := raw.RunAggregationQuery(ctx, &pb.RunAggregationQueryRequest{Parent: root})
			return first(s, err)
		},
	}
}

func first[T any](s interface{ Recv() (T, error) }, err error) error {
	if err == nil {
		_, err = s.Recv()
	}
	return err
}

func TestListenIsUnimplemented(t *testing.T) {
	t.Parallel()
	c := connect(t, serve(t, emulated.Config{}))
	_, err := c.Doc("a/b").Snapshots(t.Context()).Next()
	wantCode(t, "listen", err, codes.Unimplemented)
}

func TestATransactionExpiresByTheClock(t *testing.T) {
	t.Parallel()
	var now clock.Clock
	raw := dial(t, serve(t, emulated.Config{Clock: &now}))
	for lived, want := range map[time.Duration]codes.Code{269 * time.Second: codes.OK, 271 * time.Second: codes.InvalidArgument} {
		tx, err := raw.BeginTransaction(t.Context(), &pb.BeginTransactionRequest{Database: testDatabase})
		if err != nil {
			t.Fatal(err)
		}
		now.Advance(lived)
		_, err = raw.Commit(t.Context(), &pb.CommitRequest{Database: testDatabase, Transaction: tx.Transaction})
		wantCode(t, lived.String(), err, want)
	}
}

func TestThePastIsRead(t *testing.T) {
	t.Parallel()
	var now clock.Clock
	c := connect(t, serve(t, emulated.Config{Clock: &now}))
	n := c.Collection("n")
	put(t, c, map[string]map[string]any{"n/a": {"x": 1}, "n/b": {"x": 2}})
	snap, err := n.Doc("a").Get(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	then := firestore.ReadTime(snap.ReadTime)
	now.Advance(time.Minute)
	put(t, c, map[string]map[string]any{"n/a": {"x": 9}, "n/c": {"x": 3}})
	if _, err := n.Doc("b").Delete(t.Context()); err != nil {
		t.Fatal(err)
	}
	old, err := n.Doc("a").WithReadOptions(then).Get(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if x := old.Data()["x"]; x != int64(1) {
		t.Errorf("then x was %v", x)
	}
	positive := n.Where("x", ">", 0)
	if got := ids(t, *positive.WithReadOptions(then)); got != "a b" {
		t.Errorf("then there was %q", got)
	}
	if got := ids(t, c.Collection("n").Where("x", ">", 0)); got != "c a" {
		t.Errorf("now there is %q", got)
	}
	now.Advance(time.Hour)
	_, err = n.Doc("a").WithReadOptions(then).Get(t.Context())
	wantCode(t, "read of no whole minute more than an hour ago", err, codes.InvalidArgument)
	_, err = n.Doc("a").WithReadOptions(firestore.ReadTime(now.Now().Add(time.Hour))).Get(t.Context())
	wantCode(t, "read of the future", err, codes.InvalidArgument)
}

func TestOperationsAreCountedAsBilled(t *testing.T) {
	t.Parallel()
	s := newServer(t, emulated.Config{})
	c := connect(t, listen(t, s))
	put(t, c, map[string]map[string]any{"a/1": {"x": 1}, "a/2": {"x": 2}, "a/3": {"x": 3}})
	a := c.Collection("a")
	for name, row := range map[string]struct {
		do   func()
		want emulated.Counts
	}{
		"a read":                      {func() { get(t, a.Doc("1")) }, emulated.Counts{Reads: 1}},
		"a read of what is absent":    {func() { get(t, a.Doc("9")) }, emulated.Counts{Reads: 1}},
		"a query of two":              {func() { ids(t, a.Where("x", ">", 1)) }, emulated.Counts{Reads: 2}},
		"a query that finds nothing":  {func() { ids(t, a.Where("x", ">", 9)) }, emulated.Counts{Reads: 1}},
		"a query that skips two":      {func() { ids(t, a.Offset(2)) }, emulated.Counts{Reads: 3}},
		"a count":                     {func() { a.NewAggregationQuery().WithCount("n").Get(t.Context()) }, emulated.Counts{Reads: 1}},
		"a write":                     {func() { a.Doc("1").Set(t.Context(), map[string]any{"x": 1}) }, emulated.Counts{Writes: 1}},
		"a delete of what is absent":  {func() { a.Doc("9").Delete(t.Context()) }, emulated.Counts{Deletes: 1}},
		"a create that did not apply": {func() { a.Doc("1").Create(t.Context(), map[string]any{}) }, emulated.Counts{}},
	} {
		before := s.Counts()
		row.do()
		after := s.Counts()
		got := emulated.Counts{Reads: after.Reads - before.Reads, Writes: after.Writes - before.Writes, Deletes: after.Deletes - before.Deletes}
		if diff := cmp.Diff(row.want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestRequestsOver10MiBAreRejected(t *testing.T) {
	t.Parallel()
	raw := dial(t, serve(t, emulated.Config{}))
	writes := func(n int) *pb.CommitRequest {
		r := &pb.CommitRequest{Database: testDatabase}
		for i := range n {
			f := map[string]*pb.Value{"x": text(strings.Repeat("x", 1<<20-200))}
			r.Writes = append(r.Writes, set(testDatabase+"/documents/a/"+string(rune('a'+i)), f))
		}
		return r
	}
	_, err := raw.Commit(t.Context(), writes(9))
	wantCode(t, "9 MiB", err, codes.OK)
	_, err = raw.Commit(t.Context(), writes(11))
	if code := status.Code(err); code != codes.InvalidArgument && code != codes.ResourceExhausted {
		t.Errorf("11 MiB: %v", err)
	}
}

func TestPartitionsCoverACollectionGroup(t *testing.T) {
	t.Parallel()
	c := connect(t, serve(t, emulated.Config{}))
	documents := map[string]map[string]any{}
	for _, id := range strings.Split("a b c d e f g h i j", " ") {
		documents["x/"+id+"/n/"+id] = map[string]any{"id": id}
	}
	put(t, c, documents)
	parts, err := c.CollectionGroup("n").GetPartitionedQueries(t.Context(), 3)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, p := range parts {
		got = append(got, ids(t, p))
	}
	if diff := cmp.Diff([]string{"a b", "c d e", "f g", "h i j"}, got); diff != "" {
		t.Error(diff)
	}
}
