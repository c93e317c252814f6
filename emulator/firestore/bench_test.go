package firestore

import (
	"context"
	"fmt"
	"testing"

	pb "cloud.google.com/go/firestore/apiv1/firestorepb"
	"google.golang.org/grpc"
)

const benchDatabase = "projects/p/databases/(default)"

// filled returns a server with n issues in one collection.
func filled(b *testing.B, n int) *Server {
	b.Helper()
	s, err := New(Config{})
	if err != nil {
		b.Fatal(err)
	}
	for i := 0; i < n; i += 500 {
		req := &pb.CommitRequest{Database: benchDatabase}
		for j := i; j < min(n, i+500); j++ {
			req.Writes = append(req.Writes, issue(j))
		}
		if _, err := s.Commit(context.Background(), req); err != nil {
			b.Fatal(err)
		}
	}
	return s
}

func issue(i int) *pb.Write {
	states := []string{"open", "resolved", "ignored"}
	return &pb.Write{Operation: &pb.Write_Update{Update: &pb.Document{
		Name: fmt.Sprintf("%s/documents/issues/%08d", benchDatabase, i),
		Fields: fields{
			"state": str(states[i%3]), "severity": integer(int64(i % 4)), "t": integer(int64(i * 7919 % 1_000_003)),
			"sealed": str("0123456789012345678901234567890123456789"),
		},
	}}}
}

func BenchmarkCommit(b *testing.B) {
	s := filled(b, 100_000)
	latestOpen(b, s) // creates an index that commits maintain
	i := 0
	for b.Loop() {
		i++
		if _, err := s.Commit(b.Context(), &pb.CommitRequest{Database: benchDatabase, Writes: []*pb.Write{issue(i)}}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkLimitedQuery(b *testing.B) {
	s := filled(b, 100_000)
	latestOpen(b, s)
	for b.Loop() {
		if n := latestOpen(b, s); n != 20 {
			b.Fatalf("found %d", n)
		}
	}
}

// BenchmarkReadDuringCommits makes every commit copy what a snapshot shares.
func BenchmarkReadDuringCommits(b *testing.B) {
	s := filled(b, 100_000)
	i := 0
	for b.Loop() {
		i++
		w := issue(i)
		w.GetUpdate().Fields["n"] = integer(int64(i))
		if _, err := s.Commit(b.Context(), &pb.CommitRequest{Database: benchDatabase, Writes: []*pb.Write{w}}); err != nil {
			b.Fatal(err)
		}
		if _, err := s.GetDocument(b.Context(), &pb.GetDocumentRequest{Name: w.GetUpdate().GetName()}); err != nil {
			b.Fatal(err)
		}
	}
}

// latestOpen finds the 20 latest open issues.
func latestOpen(b testing.TB, s *Server) int {
	b.Helper()
	sink := &sink{ctx: b.Context()}
	err := s.RunQuery(&pb.RunQueryRequest{
		Parent: benchDatabase + "/documents",
		QueryType: &pb.RunQueryRequest_StructuredQuery{StructuredQuery: &pb.StructuredQuery{
			From:    []*pb.StructuredQuery_CollectionSelector{{CollectionId: "issues"}},
			Where:   where("state", pb.StructuredQuery_FieldFilter_EQUAL, str("open")),
			OrderBy: []*pb.StructuredQuery_Order{{Field: reference("t"), Direction: pb.StructuredQuery_DESCENDING}},
			Limit:   limit(20),
		}},
	}, sink)
	if err != nil {
		b.Fatal(err)
	}
	return len(sink.found)
}

// sink receives the responses of RunQuery.
type sink struct {
	grpc.ServerStream
	ctx   context.Context
	found []*pb.Document
}

func (s *sink) Context() context.Context { return s.ctx }

func (s *sink) Send(r *pb.RunQueryResponse) error {
	if r.GetDocument() != nil {
		s.found = append(s.found, r.GetDocument())
	}
	return nil
}
