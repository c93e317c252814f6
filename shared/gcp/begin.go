package gcp

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	pb "cloud.google.com/go/firestore/apiv1/firestorepb"
	"github.com/googleapis/gax-go/v2"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
)

// beginWithRead makes the transactions of a Firestore client begin with their first read.
// Google's client begins each with a call of its own, although a read can begin it
// (new_transaction in google.firestore.v1): that costs a round trip. BeginTransaction gets
// a name at once, without a call, and the first read that names it begins the transaction.
// A transaction without a read begins when it commits; that of Write never begins.
//
// If the reply to the first read is lost, the transaction cannot be rolled back, because
// its ID is not known: Firestore ends it after 60 s without use
// (firebase.google.com/docs/firestore/quotas). Until then, it can delay writes of the
// documents that it has read.
type beginWithRead struct {
	mu    sync.Mutex
	last  int
	open  map[string]*transaction
	ended []endedTransaction // the newest maxEnded, because a retry names the transaction before it
}

// transaction is one transaction of the client.
type transaction struct {
	options *pb.TransactionOptions
	id      []byte        // of Firestore; nil: it has not begun
	begins  chan struct{} // closed when the read that begins it has ended; nil: there is no such read
}

type endedTransaction struct {
	name string
	id   []byte
}

// maxEnded limits how many transactions that have ended are remembered for their retry. If
// a retry does not find it, Firestore treats it as a new transaction.
const maxEnded = 256

const namePrefix = "strongroom-"

// dialOptions returns the options of a Firestore client's connection.
func (b *beginWithRead) dialOptions() []grpc.DialOption {
	return []grpc.DialOption{grpc.WithChainUnaryInterceptor(b.call), grpc.WithChainStreamInterceptor(b.stream)}
}

func newBeginWithRead() *beginWithRead { return &beginWithRead{open: map[string]*transaction{}} }

// call is a grpc.UnaryClientInterceptor.
func (b *beginWithRead) call(ctx context.Context, method string, in, out any, conn *grpc.ClientConn, invoke grpc.UnaryInvoker, options ...grpc.CallOption) error {
	switch request := in.(type) {
	case *pb.BeginTransactionRequest:
		out.(*pb.BeginTransactionResponse).Transaction = b.name(request.GetOptions())
		return nil
	case *pb.CommitRequest:
		id, err := b.beginNow(ctx, request.GetDatabase(), request.GetTransaction(), conn, invoke, options)
		if err != nil {
			return err
		}
		real := &pb.CommitRequest{Database: request.GetDatabase(), Writes: request.GetWrites(), Transaction: id}
		if err := invoke(ctx, method, real, out, conn, options...); err != nil {
			return err
		}
		b.end(request.GetTransaction())
		return nil
	case *pb.RollbackRequest:
		id, known := b.end(request.GetTransaction())
		if known && id == nil {
			return nil // it has not begun
		}
		if known {
			in = &pb.RollbackRequest{Database: request.GetDatabase(), Transaction: id}
		}
	}
	return invoke(ctx, method, in, out, conn, options...)
}

// name names a new transaction.
func (b *beginWithRead) name(options *pb.TransactionOptions) []byte {
	b.mu.Lock()
	defer b.mu.Unlock()
	if retried := options.GetReadWrite().GetRetryTransaction(); retried != nil {
		options = &pb.TransactionOptions{Mode: &pb.TransactionOptions_ReadWrite_{ReadWrite: &pb.TransactionOptions_ReadWrite{RetryTransaction: b.endedID(retried)}}}
	}
	if options == nil {
		options = &pb.TransactionOptions{Mode: &pb.TransactionOptions_ReadWrite_{ReadWrite: &pb.TransactionOptions_ReadWrite{}}}
	}
	b.last++
	name := namePrefix + strconv.Itoa(b.last)
	b.open[name] = &transaction{options: options}
	return []byte(name)
}

// endedID returns the ID of a transaction that has ended, nil if it is not known.
func (b *beginWithRead) endedID(name []byte) []byte {
	if !strings.HasPrefix(string(name), namePrefix) {
		return name
	}
	for _, e := range b.ended {
		if e.name == string(name) {
			return e.id
		}
	}
	return nil
}

// end forgets a transaction, which has a new name when it is retried. It returns the
// transaction's ID, nil if it has not begun. It is not known if it has ended before.
func (b *beginWithRead) end(name []byte) (id []byte, known bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	t := b.open[string(name)]
	if t == nil {
		return nil, strings.HasPrefix(string(name), namePrefix)
	}
	delete(b.open, string(name))
	if t.id != nil {
		b.ended = append(b.ended, endedTransaction{string(name), t.id})
		if len(b.ended) > maxEnded {
			b.ended = slices.Delete(b.ended, 0, 1)
		}
	}
	return t.id, true
}

// beginNow returns the ID of a transaction, and begins it if no read has.
func (b *beginWithRead) beginNow(ctx context.Context, database string, name []byte, conn *grpc.ClientConn, invoke grpc.UnaryInvoker, options []grpc.CallOption) ([]byte, error) {
	b.mu.Lock()
	t := b.open[string(name)]
	if t == nil {
		b.mu.Unlock()
		return name, nil // a commit without a transaction, or of one that has ended
	}
	id := t.id
	b.mu.Unlock()
	if id != nil || ctx.Value(repeatable{}) != nil {
		return id, nil
	}
	var begun pb.BeginTransactionResponse
	request := &pb.BeginTransactionRequest{Database: database, Options: t.options}
	if err := invoke(ctx, pb.Firestore_BeginTransaction_FullMethodName, request, &begun, conn, options...); err != nil {
		return nil, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	t.id = begun.GetTransaction()
	return t.id, nil
}

// stream is a grpc.StreamClientInterceptor.
func (b *beginWithRead) stream(ctx context.Context, desc *grpc.StreamDesc, conn *grpc.ClientConn, method string, open grpc.Streamer, options ...grpc.CallOption) (grpc.ClientStream, error) {
	s := &readStream{ctx: ctx, begin: b, open: func() (grpc.ClientStream, error) { return open(ctx, desc, conn, method, options...) }}
	var err error
	s.ClientStream, err = s.open()
	return s, err
}

// readStream is the stream of a read. If the read begins a transaction, its first message
// has the ID.
type readStream struct {
	grpc.ClientStream
	ctx   context.Context // of the call; that of a stream also ends when the stream fails
	begin *beginWithRead
	open  func() (grpc.ClientStream, error)
	sent  any         // the request
	stop  func() bool // stops waiting for the end of ctx

	t *transaction // that this read begins, guarded by begin.mu; nil: it begins none, or has begun it
}

// SendMsg sends the read with the ID of its transaction, or so that it begins it.
func (s *readStream) SendMsg(m any) (err error) {
	switch read := m.(type) {
	case *pb.BatchGetDocumentsRequest:
		m, err = replaceTransaction(s, read, func(copied *pb.BatchGetDocumentsRequest, id []byte, fresh *pb.TransactionOptions) {
			copied.ConsistencySelector = &pb.BatchGetDocumentsRequest_Transaction{Transaction: id}
			if fresh != nil {
				copied.ConsistencySelector = &pb.BatchGetDocumentsRequest_NewTransaction{NewTransaction: fresh}
			}
		})
	case *pb.RunQueryRequest:
		m, err = replaceTransaction(s, read, func(copied *pb.RunQueryRequest, id []byte, fresh *pb.TransactionOptions) {
			copied.ConsistencySelector = &pb.RunQueryRequest_Transaction{Transaction: id}
			if fresh != nil {
				copied.ConsistencySelector = &pb.RunQueryRequest_NewTransaction{NewTransaction: fresh}
			}
		})
	case *pb.RunAggregationQueryRequest:
		m, err = replaceTransaction(s, read, func(copied *pb.RunAggregationQueryRequest, id []byte, fresh *pb.TransactionOptions) {
			copied.ConsistencySelector = &pb.RunAggregationQueryRequest_Transaction{Transaction: id}
			if fresh != nil {
				copied.ConsistencySelector = &pb.RunAggregationQueryRequest_NewTransaction{NewTransaction: fresh}
			}
		})
	}
	if err != nil {
		return err
	}
	s.sent = m
	return s.ClientStream.SendMsg(m)
}

// replaceTransaction returns a copy of a read in which set has replaced the name of its
// transaction. It returns a read without a transaction as it is.
func replaceTransaction[R interface {
	proto.Message
	GetTransaction() []byte
}](s *readStream, read R, set func(copied R, id []byte, fresh *pb.TransactionOptions)) (R, error) {
	name := read.GetTransaction()
	if len(name) == 0 {
		return read, nil
	}
	id, fresh, err := s.transaction(name)
	copied := proto.CloneOf(read)
	set(copied, id, fresh)
	return copied, err
}

// transaction returns the ID of a read's transaction, or the options with which this read
// begins it. It waits while another read begins it.
func (s *readStream) transaction(name []byte) (id []byte, fresh *pb.TransactionOptions, err error) {
	for {
		s.begin.mu.Lock()
		t := s.begin.open[string(name)]
		if t == nil || t.id != nil {
			s.begin.mu.Unlock()
			if t == nil {
				return name, nil, nil // Firestore answers that it does not exist
			}
			return t.id, nil, nil
		}
		others := t.begins
		if others == nil {
			t.begins, s.t = make(chan struct{}), t
			s.begin.mu.Unlock()
			s.stop = context.AfterFunc(s.ctx, func() { s.began(nil) })
			return nil, t.options, nil
		}
		s.begin.mu.Unlock()
		select {
		case <-others:
		case <-s.ctx.Done():
			return nil, nil, s.ctx.Err()
		}
	}
}

// RecvMsg receives the next message, and takes the transaction's ID from the first.
func (s *readStream) RecvMsg(m any) error {
	if s.stop == nil {
		return s.ClientStream.RecvMsg(m)
	}
	err := s.receiveFirst(m)
	s.stop()
	s.stop = nil
	if err != nil {
		s.began(nil)
		return err
	}
	s.began(m.(interface{ GetTransaction() []byte }).GetTransaction())
	if documents, ok := m.(*pb.BatchGetDocumentsResponse); ok && documents.GetResult() == nil {
		return s.ClientStream.RecvMsg(m) // Google's client does not know a message without a document
	}
	return nil
}

// receiveFirst receives the first message of a read that begins a transaction. It reads
// again after the errors after which Google's client begins a transaction again.
func (s *readStream) receiveFirst(m any) error {
	backoff := gax.Backoff{Initial: 100 * time.Millisecond, Max: time.Minute, Multiplier: 1.3}
	for attempt := 1; ; attempt++ {
		err := s.ClientStream.RecvMsg(m)
		if attempt == maxFirstReads || !slices.Contains([]codes.Code{codes.Unavailable, codes.ResourceExhausted, codes.Internal}, status.Code(err)) {
			return err
		}
		if ended := gax.Sleep(s.ctx, backoff.Pause()); ended != nil {
			return err
		}
		again, openErr := s.open()
		if openErr != nil {
			return err
		}
		s.ClientStream = again
		_ = errors.Join(s.ClientStream.SendMsg(s.sent), s.ClientStream.CloseSend()) // RecvMsg returns the error
	}
}

// maxFirstReads limits how often the read that begins a transaction is tried: with these
// waits, for about half a minute.
const maxFirstReads = 20

// began stores the ID of the transaction, nil if the read failed, and lets other reads of
// it continue.
func (s *readStream) began(id []byte) {
	s.begin.mu.Lock()
	defer s.begin.mu.Unlock()
	if s.t == nil {
		return
	}
	s.t.id = id
	close(s.t.begins)
	s.t.begins, s.t = nil, nil
}
