package firestore

import (
	"context"

	pb "cloud.google.com/go/firestore/apiv1/firestorepb"
)

// PartitionQuery splits a collection group, ordered by name, into parts with about
// the same number of documents. It returns all cursors on one page.
func (s *Server) PartitionQuery(ctx context.Context, req *pb.PartitionQueryRequest) (*pb.PartitionQueryResponse, error) {
	db, parent, err := s.startParentRPC(ctx, req)
	if err != nil {
		return nil, err
	}
	q, err := parseQuery(db.name, parent, req.GetStructuredQuery())
	if err != nil {
		return nil, err
	}
	if req.GetPartitionCount() <= 0 {
		return nil, invalid("partition_count must be positive.")
	}
	if err := q.checkPartitionable(req.GetStructuredQuery()); err != nil {
		return nil, err
	}
	plans := q.prepare(db)
	v := db.now()
	if req.GetReadTime() != nil {
		if v, err = db.at(fromProto(req.GetReadTime())); err != nil {
			return nil, err
		}
	}
	s.counts.reads.Add(1)
	return &pb.PartitionQueryResponse{Partitions: q.split(v.state, plans, int(req.GetPartitionCount()))}, nil
}

func (q *query) checkPartitionable(in *pb.StructuredQuery) error {
	byName := len(q.orders) == 1 && !q.orders[0].desc
	if !q.group || !byName || in.GetWhere() != nil || in.GetLimit() != nil || q.offset > 0 || q.start != nil || q.end != nil {
		return invalid("Only a query of a collection group, ordered by %s ascending, without filters, cursors and limits can be partitioned.", nameField)
	}
	return nil
}

// split returns the names at which further parts begin, at most n.
func (q *query) split(s *state, plans []plan, n int) []*pb.Cursor {
	var all []*document
	for d := range q.run(s, plans) {
		all = append(all, d)
	}
	var cursors []*pb.Cursor
	last := 0
	for i := 1; i <= n; i++ {
		at := i * len(all) / (n + 1)
		if at == last {
			continue
		}
		last = at
		name := &pb.Value{ValueType: &pb.Value_ReferenceValue{ReferenceValue: documentName(q.database, all[at].path())}}
		cursors = append(cursors, &pb.Cursor{Values: []*pb.Value{name}, Before: true})
	}
	return cursors
}
