package suite_test

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"strings"
	"sync"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/encoding"
	"google.golang.org/grpc/mem"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// faultyProxy is a proxy for a gRPC service that makes some calls fail, chosen by a
// seeded random source: before they are sent, or by losing the reply.
type faultyProxy struct {
	addr    string
	backend *grpc.ClientConn

	mu     sync.Mutex
	random *rand.Rand
	often  float64 // fraction of calls that fail
	faults map[string]int
}

func newFaultyProxy(t testing.TB, backend string, seed uint64, often float64) *faultyProxy {
	t.Helper()
	conn, err := grpc.NewClient("passthrough:///"+backend, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := &faultyProxy{
		addr: listener.Addr().String(), backend: conn, often: often,
		random: rand.New(rand.NewPCG(seed, 1)), faults: map[string]int{},
	}
	server := grpc.NewServer(grpc.ForceServerCodecV2(rawCodec{}), grpc.UnknownServiceHandler(w.forward))
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { server.Stop(); _ = conn.Close() })
	return w
}

// fault is what happens to a call.
type fault string

const (
	none      fault = ""
	notSent   fault = "not sent"
	aborted   fault = "aborted"
	replyLost fault = "reply lost"
)

// draw chooses the fault of one call. Only a Commit may lose its reply.
func (w *faultyProxy) draw(method string) (fault, codes.Code) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.random.Float64() >= w.often {
		return none, codes.OK
	}
	f, code := notSent, codes.Internal
	if strings.HasSuffix(method, "/Commit") {
		f = []fault{notSent, aborted, replyLost, replyLost}[w.random.IntN(4)]
	}
	if f == aborted {
		code = codes.Aborted
	} else if w.random.IntN(4) == 0 {
		code = codes.Unavailable // the client retries it by itself
	}
	w.faults[string(f)+" "+code.String()]++
	return f, code
}

func (w *faultyProxy) forward(_ any, client grpc.ServerStream) error {
	method, _ := grpc.MethodFromServerStream(client)
	f, code := w.draw(method)
	if f == notSent || f == aborted {
		return status.Error(code, string(f))
	}
	given, _ := metadata.FromIncomingContext(client.Context())
	ctx, cancel := context.WithCancel(metadata.NewOutgoingContext(client.Context(), given))
	defer cancel()
	back, err := w.backend.NewStream(ctx, &grpc.StreamDesc{ClientStreams: true, ServerStreams: true}, method, grpc.ForceCodecV2(rawCodec{}))
	if err != nil {
		return err
	}
	go func() { _ = pump(client, back); _ = back.CloseSend() }()
	if f == replyLost {
		_ = pump(back, nobody{})
		return status.Error(code, string(f))
	}
	return pump(back, client)
}

type sender interface{ SendMsg(any) error }

// pump copies messages until the stream ends.
func pump(from interface{ RecvMsg(any) error }, to sender) error {
	for {
		var frame []byte
		if err := from.RecvMsg(&frame); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		if err := to.SendMsg(&frame); err != nil {
			return err
		}
	}
}

// nobody discards messages.
type nobody struct{}

func (nobody) SendMsg(any) error { return nil }

// rawCodec leaves messages encoded.
type rawCodec struct{}

var _ encoding.CodecV2 = rawCodec{}

func (rawCodec) Name() string { return "proto" }

func (rawCodec) Marshal(v any) (mem.BufferSlice, error) {
	return mem.BufferSlice{mem.SliceBuffer(*v.(*[]byte))}, nil
}

func (rawCodec) Unmarshal(data mem.BufferSlice, v any) error {
	*v.(*[]byte) = data.Materialize()
	return nil
}
