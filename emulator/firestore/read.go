package firestore

import (
	"context"

	pb "cloud.google.com/go/firestore/apiv1/firestorepb"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// consistency has the fields that the oneofs of all read requests share.
type consistency interface {
	GetTransaction() []byte
	GetReadTime() *timestamppb.Timestamp
}

// reader reads one view, with or without (nil) a transaction.
type reader struct {
	*database
	view
	tx    *transaction
	begun []byte // ID of a transaction that this request began
}

func (s *Server) reader(db *database, c consistency, fresh *pb.TransactionOptions) (r reader, err error) {
	r.database = db
	switch {
	case fresh != nil:
		if r.tx, err = db.begin(fresh); err == nil {
			r.begun = []byte(r.tx.id)
		}
	case len(c.GetTransaction()) > 0:
		r.tx, err = db.transaction(c.GetTransaction())
	case c.GetReadTime() != nil:
		r.view, err = db.at(fromProto(c.GetReadTime()))
		return r, err
	default:
		r.view = db.now()
	}
	if r.tx != nil {
		r.view = r.tx.read(db)
	}
	return r, err
}

// document returns nil if the document does not exist.
func (r reader) document(p path) *document {
	key := documentKey(p)
	d := r.get(key)
	if r.tx != nil {
		r.tx.recordDocument(key, d)
	}
	return d
}

// readMask returns nil, which means all fields, if there is no mask.
func readMask(in *pb.DocumentMask) ([]fieldPath, error) {
	if in == nil {
		return nil, nil
	}
	mask, err := parseMask(in.GetFieldPaths())
	return append([]fieldPath{}, mask...), err
}

// BatchGetDocuments returns each document once, however often the request names it.
func (s *Server) BatchGetDocuments(req *pb.BatchGetDocumentsRequest, stream pb.Firestore_BatchGetDocumentsServer) error {
	db, err := s.startRPC(stream.Context(), req.GetDatabase(), req)
	if err != nil {
		return err
	}
	mask, err := readMask(req.GetMask())
	if err != nil {
		return err
	}
	var paths []path
	for _, name := range req.GetDocuments() {
		p, err := documentIn(db.name, name)
		if err != nil {
			return err
		}
		paths = append(paths, p)
	}
	r, err := s.reader(db, req, req.GetNewTransaction())
	if err != nil {
		return err
	}
	if r.begun != nil {
		if err := stream.Send(&pb.BatchGetDocumentsResponse{Transaction: r.begun}); err != nil {
			return err
		}
	}
	return s.sendDocuments(stream, r, paths, mask)
}

func (s *Server) sendDocuments(stream pb.Firestore_BatchGetDocumentsServer, r reader, paths []path, mask []fieldPath) error {
	sent := map[string]bool{}
	for _, p := range paths {
		name := documentName(r.name, p)
		if sent[name] {
			continue
		}
		sent[name] = true
		s.counts.reads.Add(1)
		response := &pb.BatchGetDocumentsResponse{ReadTime: r.time.proto()}
		if d := r.document(p); d != nil {
			response.Result = &pb.BatchGetDocumentsResponse_Found{Found: d.proto(r.name, mask)}
		} else {
			response.Result = &pb.BatchGetDocumentsResponse_Missing{Missing: name}
		}
		if err := stream.Send(response); err != nil {
			return err
		}
	}
	return nil
}

// GetDocument returns NotFound for a document that does not exist.
func (s *Server) GetDocument(ctx context.Context, req *pb.GetDocumentRequest) (*pb.Document, error) {
	database, p, err := splitName(req.GetName())
	if err != nil {
		return nil, err
	}
	db, err := s.startRPC(ctx, database, req)
	if err != nil {
		return nil, err
	}
	if !p.isDocument() {
		return nil, invalid("Document name %q does not name a document.", req.GetName())
	}
	mask, err := readMask(req.GetMask())
	if err != nil {
		return nil, err
	}
	r, err := s.reader(db, req, nil)
	if err != nil {
		return nil, err
	}
	s.counts.reads.Add(1)
	d := r.document(p)
	if d == nil {
		return nil, status.Errorf(codes.NotFound, "Document %q not found.", req.GetName())
	}
	return d.proto(db.name, mask), nil
}
