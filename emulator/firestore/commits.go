package firestore

import (
	"context"
	"crypto/rand"

	pb "cloud.google.com/go/firestore/apiv1/firestorepb"
	rpcstatus "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"
)

// BeginTransaction begins an optimistic transaction, whatever concurrency mode the
// request asks for.
func (s *Server) BeginTransaction(ctx context.Context, req *pb.BeginTransactionRequest) (*pb.BeginTransactionResponse, error) {
	db, err := s.startRPC(ctx, req.GetDatabase(), req)
	if err != nil {
		return nil, err
	}
	tx, err := db.begin(req.GetOptions())
	if err != nil {
		return nil, err
	}
	return &pb.BeginTransactionResponse{Transaction: []byte(tx.id)}, nil
}

// Rollback ends a transaction. It does nothing if the transaction has ended.
func (s *Server) Rollback(ctx context.Context, req *pb.RollbackRequest) (*emptypb.Empty, error) {
	db, err := s.startRPC(ctx, req.GetDatabase(), req)
	if err != nil {
		return nil, err
	}
	return &emptypb.Empty{}, db.rollback(req.GetTransaction())
}

// Commit applies all writes or none.
func (s *Server) Commit(ctx context.Context, req *pb.CommitRequest) (*pb.CommitResponse, error) {
	db, err := s.startRPC(ctx, req.GetDatabase(), req)
	if err != nil {
		return nil, err
	}
	var tx *transaction
	if len(req.GetTransaction()) > 0 {
		if tx, err = db.transaction(req.GetTransaction()); err != nil {
			return nil, err
		}
	}
	writes, err := parseWrites(db.name, req.GetWrites())
	if err != nil {
		return nil, err
	}
	return s.commit(db, tx, writes)
}

func (s *Server) commit(db *database, tx *transaction, writes []write) (*pb.CommitResponse, error) {
	response, err := db.commit(tx, writes)
	if err != nil {
		return nil, err
	}
	for _, w := range writes {
		if w.kind == remove {
			s.counts.deletes.Add(1)
		} else {
			s.counts.writes.Add(1)
		}
	}
	return response, nil
}

const maxBatchWrites = 500 // BatchWriteRequest

// BatchWrite applies each write by itself and returns a status for each.
func (s *Server) BatchWrite(ctx context.Context, req *pb.BatchWriteRequest) (*pb.BatchWriteResponse, error) {
	db, err := s.startRPC(ctx, req.GetDatabase(), req)
	if err != nil {
		return nil, err
	}
	if len(req.GetWrites()) > maxBatchWrites {
		return nil, invalid("A batch has at most %d writes.", maxBatchWrites)
	}
	writes, err := parseWrites(db.name, req.GetWrites())
	if err != nil {
		return nil, err
	}
	seen := map[string]bool{}
	for _, w := range writes {
		if seen[w.key] {
			return nil, invalid("Document %q is written twice in one batch.", w.path)
		}
		seen[w.key] = true
	}
	response := &pb.BatchWriteResponse{}
	for _, w := range writes {
		result, outcome := s.writeAlone(db, w)
		response.WriteResults = append(response.WriteResults, result)
		response.Status = append(response.Status, outcome)
	}
	return response, nil
}

func (s *Server) writeAlone(db *database, w write) (*pb.WriteResult, *rpcstatus.Status) {
	r, err := s.commit(db, nil, []write{w})
	if err != nil {
		return &pb.WriteResult{}, status.Convert(err).Proto()
	}
	return r.GetWriteResults()[0], &rpcstatus.Status{}
}

// CreateDocument chooses an ID of 20 letters and digits if the request has none.
func (s *Server) CreateDocument(ctx context.Context, req *pb.CreateDocumentRequest) (*pb.Document, error) {
	id := req.GetDocumentId()
	if id == "" {
		id = rand.Text()[:20]
	}
	name := req.GetParent() + "/" + req.GetCollectionId() + "/" + id
	return s.writeOne(ctx, name, req.GetMask(), &pb.Write{
		Operation:       &pb.Write_Update{Update: &pb.Document{Name: name, Fields: req.GetDocument().GetFields()}},
		CurrentDocument: &pb.Precondition{ConditionType: &pb.Precondition_Exists{Exists: false}},
	})
}

// UpdateDocument sets the masked fields, or all fields. It creates the document if it does not exist.
func (s *Server) UpdateDocument(ctx context.Context, req *pb.UpdateDocumentRequest) (*pb.Document, error) {
	return s.writeOne(ctx, req.GetDocument().GetName(), req.GetMask(), &pb.Write{
		Operation:       &pb.Write_Update{Update: req.GetDocument()},
		UpdateMask:      req.GetUpdateMask(),
		CurrentDocument: req.GetCurrentDocument(),
	})
}

// DeleteDocument deletes a document. The document need not exist.
func (s *Server) DeleteDocument(ctx context.Context, req *pb.DeleteDocumentRequest) (*emptypb.Empty, error) {
	_, err := s.writeOne(ctx, req.GetName(), nil, &pb.Write{
		Operation:       &pb.Write_Delete{Delete: req.GetName()},
		CurrentDocument: req.GetCurrentDocument(),
	})
	if err != nil {
		return nil, err
	}
	return &emptypb.Empty{}, nil
}

// writeOne returns the document after the write.
func (s *Server) writeOne(ctx context.Context, name string, mask *pb.DocumentMask, w *pb.Write) (*pb.Document, error) {
	database, _, err := splitName(name)
	if err != nil {
		return nil, err
	}
	db, err := s.startRPC(ctx, database, w)
	if err != nil {
		return nil, err
	}
	shown, err := readMask(mask)
	if err != nil {
		return nil, err
	}
	parsed, err := parseWrite(database, w)
	if err != nil {
		return nil, err
	}
	if _, err := s.commit(db, nil, []write{parsed}); err != nil {
		return nil, err
	}
	if d := db.now().get(parsed.key); d != nil {
		return d.proto(database, shown), nil
	}
	return nil, nil
}
