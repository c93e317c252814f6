package firestore

import (
	"iter"

	pb "cloud.google.com/go/firestore/apiv1/firestorepb"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// RunQuery streams the documents of a query.
func (s *Server) RunQuery(req *pb.RunQueryRequest, stream pb.Firestore_RunQueryServer) error {
	db, parent, err := s.startParentRPC(stream.Context(), req)
	if err != nil {
		return err
	}
	q, err := parseQuery(db.name, parent, req.GetStructuredQuery())
	if err != nil {
		return err
	}
	if err := rejectExplain(req.GetExplainOptions()); err != nil {
		return err
	}
	plans := q.prepare(db)
	r, err := s.reader(db, req, req.GetNewTransaction())
	if err != nil {
		return err
	}
	if r.begun != nil {
		if err := stream.Send(&pb.RunQueryResponse{Transaction: r.begun}); err != nil {
			return err
		}
	}
	return s.sendResults(stream, q, plans, r)
}

func (s *Server) sendResults(stream pb.Firestore_RunQueryServer, q *query, plans []plan, r reader) error {
	results := r.results(q, plans)
	sent := 0
	for d := range results {
		sent++
		err := stream.Send(&pb.RunQueryResponse{Document: d.proto(r.name, q.mask), ReadTime: r.time.proto()})
		if err != nil {
			return err
		}
	}
	if sent > 0 {
		s.counts.reads.Add(int64(q.offset + sent)) // documents that the offset skips are billed
		return nil
	}
	s.counts.reads.Add(1)
	return stream.Send(&pb.RunQueryResponse{ReadTime: r.time.proto()})
}

func rejectExplain(o *pb.ExplainOptions) error {
	if o == nil {
		return nil
	}
	return status.Error(codes.Unimplemented, "The embedded Firestore does not explain queries.")
}

// window applies the offset and the limit.
func (q *query) window(all iter.Seq[*document]) iter.Seq[*document] {
	return func(yield func(*document) bool) {
		n := 0
		if q.limit == 0 {
			return
		}
		for d := range all {
			n++
			if n <= q.offset {
				continue
			}
			if !yield(d) || q.limit > 0 && n-q.offset == q.limit {
				return
			}
		}
	}
}

// results returns the documents that the query finds in the reader's view.
func (r reader) results(q *query, plans []plan) iter.Seq[*document] {
	if r.tx != nil {
		return r.recordedResults(q, plans)
	}
	return q.window(q.run(r.state, plans))
}

// recordedResults runs the query to its end and records the results in the
// transaction, so that its commit can run the query again and compare.
func (r reader) recordedResults(q *query, plans []plan) iter.Seq[*document] {
	run := func(s *state) (items []resultItem) {
		for d := range q.window(q.run(s, plans)) {
			items = append(items, resultItem{document: d})
		}
		return items
	}
	items := run(r.state)
	r.tx.recordQuery(queryRecord{collection: q.collection, items: items, run: run})
	return func(yield func(*document) bool) {
		for _, o := range items {
			if !yield(o.document) {
				return
			}
		}
	}
}

// RunAggregationQuery returns counts, sums and averages of a query's documents.
func (s *Server) RunAggregationQuery(req *pb.RunAggregationQueryRequest, stream pb.Firestore_RunAggregationQueryServer) error {
	db, parent, err := s.startParentRPC(stream.Context(), req)
	if err != nil {
		return err
	}
	in := req.GetStructuredAggregationQuery()
	q, err := parseQuery(db.name, parent, in.GetStructuredQuery())
	if err != nil {
		return err
	}
	if err := rejectExplain(req.GetExplainOptions()); err != nil {
		return err
	}
	as, err := q.parseAggregations(in.GetAggregations())
	if err != nil {
		return err
	}
	plans := q.prepare(db)
	r, err := s.reader(db, req, req.GetNewTransaction())
	if err != nil {
		return err
	}
	results := r.results(q, plans)
	aggregates, read := aggregate(results, as)
	s.counts.reads.Add(max(1, (read+999)/1000))
	return stream.Send(&pb.RunAggregationQueryResponse{
		Transaction: r.begun,
		Result:      &pb.AggregationResult{AggregateFields: aggregates},
		ReadTime:    r.time.proto(),
	})
}
