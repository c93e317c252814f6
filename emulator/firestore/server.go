package firestore

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"

	pb "cloud.google.com/go/firestore/apiv1/firestorepb"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/strongroom-dev/strongroom/emulator/clock"
)

// MaxRequestBytes is the largest request that Firestore accepts. A grpc.Server needs
// a larger grpc.MaxRecvMsgSize, because grpc's default is 4 MiB.
// Source: firebase.google.com/docs/firestore/quotas.
const MaxRequestBytes = 10 << 20

// Config configures a Server.
type Config struct {
	Clock *clock.Clock // nil: the machine's time

	// Dir is the directory that stores the documents. It is created if it does not
	// exist. Empty: in memory.
	Dir string

	// Authorize, if set, is called for each permission that an RPC needs, such as
	// datastore.entities.get, with the name of the database, projects/P/databases/D.
	// Its first error, a gRPC status, is returned to the caller.
	Authorize func(ctx context.Context, permission, database string) error
}

// Server is a Firestore. It is safe for concurrent use.
type Server struct {
	pb.UnimplementedFirestoreServer
	config Config
	disk   *disk
	counts struct{ reads, writes, deletes atomic.Int64 }

	mu        sync.Mutex
	databases map[string]*database
}

// New returns a Server with the documents in Config.Dir. Only one Server may use a
// Dir at a time.
func New(config Config) (*Server, error) {
	if config.Clock == nil {
		config.Clock = &clock.Clock{}
	}
	d, err := openDisk(config.Dir)
	if err != nil {
		return nil, fmt.Errorf("open firestore: %w", err)
	}
	s := &Server{config: config, disk: d, databases: map[string]*database{}}
	if err := d.load(s.restore, s.restorePast); err != nil {
		return nil, fmt.Errorf("load firestore: %w", err)
	}
	for _, db := range s.all() {
		db.history.restored(db.committed)
	}
	return s, nil
}

// restore loads a stored document.
func (s *Server) restore(name string, d *document) {
	db := s.database(name)
	db.live.put(d.key, d)
	db.committed = max(db.committed, d.updated)
	db.last = db.committed
}

// restorePast loads a change of the history.
func (s *Server) restorePast(name string, c pastChange) {
	db := s.database(name)
	db.history.append(c)
	db.committed = max(db.committed, c.at)
	db.last = db.committed
}

// Register adds the Firestore service to a grpc.Server.
func (s *Server) Register(g *grpc.Server) { pb.RegisterFirestoreServer(g, s) }

// Close stops using Config.Dir. No RPC may be in progress.
func (s *Server) Close() error { return s.disk.close() }

// Counts are the operations that Google bills, of all databases since New.
type Counts struct {
	Reads   int64 // documents read, including absent ones; at least one per query; one per 1,000 counted
	Writes  int64 // documents created or updated
	Deletes int64 // documents deleted, including absent ones
}

// Counts returns the current counts.
func (s *Server) Counts() Counts {
	return Counts{s.counts.reads.Load(), s.counts.writes.Load(), s.counts.deletes.Load()}
}

// Walk visits every stored document until visit returns false. The document's name
// is relative to its database and has no leading slash. The documents of one
// database are from one moment.
func (s *Server) Walk(visit func(database, document string, fields map[string]*pb.Value) bool) {
	more := true
	for _, db := range s.all() {
		db.now().documents.Ascend(func(d *document) bool {
			more = visit(db.name, d.path().String(), d.fields())
			return more
		})
		if !more {
			return
		}
	}
}

func (s *Server) all() []*database {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []*database
	for _, db := range s.databases {
		all = append(all, db)
	}
	return all
}

func (s *Server) database(name string) *database {
	s.mu.Lock()
	defer s.mu.Unlock()
	db := s.databases[name]
	if db == nil {
		db = newDatabase(name, s.config.Clock, s.disk)
		s.databases[name] = db
	}
	return db
}

// startRPC authorizes a call and returns its database. Every RPC calls it first.
func (s *Server) startRPC(ctx context.Context, name string, request proto.Message) (*database, error) {
	if err := checkDatabase(name); err != nil {
		return nil, err
	}
	if s.config.Authorize != nil {
		for _, permission := range permissionsFor(request) {
			if err := s.config.Authorize(ctx, permission, name); err != nil {
				return nil, err
			}
		}
	}
	if proto.Size(request) > MaxRequestBytes {
		return nil, invalid("Request payload size exceeds the limit: %d bytes.", MaxRequestBytes)
	}
	return s.database(name), nil
}

// parentRequest is a request with a parent.
type parentRequest interface {
	proto.Message
	GetParent() string
}

func (s *Server) startParentRPC(ctx context.Context, request parentRequest) (*database, path, error) {
	name, parent, err := parentIn(request.GetParent())
	if err != nil {
		return nil, nil, err
	}
	db, err := s.startRPC(ctx, name, request)
	return db, parent, err
}

// Listen is not modeled. It returns its error only after the client's request,
// because Go's client turns an earlier end into "no more items".
func (s *Server) Listen(stream pb.Firestore_ListenServer) error {
	req, err := stream.Recv()
	if err != nil {
		return err
	}
	if _, err := s.startRPC(stream.Context(), req.GetDatabase(), req); err != nil {
		return err
	}
	return status.Error(codes.Unimplemented, "The embedded Firestore does not support Listen; poll, or use Google's emulator.")
}
