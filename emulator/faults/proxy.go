// Package faults is a proxy between a client and the embedded cloud's gRPC services. It
// makes calls fail in every way that a network or a service can: before they arrive,
// after they take effect, twice, or late. Tests use it to show that code survives these
// faults. NewHTTP starts a proxy for HTTP.
package faults

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"path"
	"sync"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/encoding"
	"google.golang.org/grpc/encoding/proto"
	"google.golang.org/grpc/mem"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// Fault is what happens to one call. The zero Fault forwards it.
type Fault string

// The faults.
const (
	None      Fault = ""
	Lost      Fault = "lost"       // the call never arrives; the client sees Unavailable
	ReplyLost Fault = "reply lost" // the call takes effect; the client sees Unavailable
	Twice     Fault = "twice"      // the call arrives twice; the client sees the second response
	Late      Fault = "late"       // the client sees Unavailable; the call arrives after the client's next call, or at Close
	Aborted   Fault = "aborted"    // the client sees Aborted
	Exhausted Fault = "exhausted"  // the client sees ResourceExhausted
	Killed    Fault = "killed"     // neither this call nor a later one arrives, as if the client's process had been killed
	KilledIn  Fault = "killed in"  // this call takes effect, and the client's process is killed before the response
)

// All lists all faults.
var All = []Fault{Lost, ReplyLost, Twice, Late, Aborted, Exhausted, Killed, KilledIn}

// Target is a service behind proxies. They share one connection, because a test
// that starts thousands of processes has a proxy for each.
type Target struct{ conn *grpc.ClientConn }

// NewTarget returns the service at host:port. It does not connect yet.
func NewTarget(host string) (*Target, error) {
	conn, err := grpc.NewClient("passthrough:///"+host, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return nil, fmt.Errorf("connect to %s: %w", host, err)
	}
	return &Target{conn}, nil
}

// Close closes the connection. Close the proxies first.
func (t *Target) Close() error { return t.conn.Close() }

// Proxy forwards calls according to its plan. It is safe for concurrent use.
type Proxy struct {
	plan   func(method string) Fault
	target *grpc.ClientConn
	owned  *Target // closed with the proxy; nil: shared
	server *grpc.Server
	addr   string
	dead   context.Context
	kill   context.CancelFunc

	mu   sync.Mutex
	late []func() // calls that have not arrived yet
}

// New returns a proxy for target, host:port, with a connection of its own. Plan
// returns the fault of each call, given the last part of its method's name, such
// as Commit. It may be called concurrently.
func New(target string, plan func(method string) Fault) (*Proxy, error) {
	t, err := NewTarget(target)
	if err != nil {
		return nil, err
	}
	p, err := t.NewProxy(plan)
	if err != nil {
		return nil, errors.Join(err, t.Close())
	}
	p.owned = t
	return p, nil
}

// smallBuffer is the size of a connection's buffers in bytes. It is small because
// tests have small calls and many connections.
const smallBuffer = 4 << 10

// NewProxy returns a proxy for the target. For plan, see New.
func (t *Target) NewProxy(plan func(method string) Fault) (*Proxy, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen: %w", err)
	}
	p := &Proxy{plan: plan, target: t.conn, addr: listener.Addr().String()}
	p.dead, p.kill = context.WithCancel(context.Background())
	p.server = grpc.NewServer(grpc.ForceServerCodecV2(frames{}), grpc.UnknownServiceHandler(p.handle), grpc.MaxRecvMsgSize(64<<20),
		grpc.ReadBufferSize(smallBuffer), grpc.WriteBufferSize(smallBuffer))
	go func() { _ = p.server.Serve(listener) }()
	return p, nil
}

// Addr returns the host:port for clients.
func (p *Proxy) Addr() string { return p.addr }

// Dead returns a context that ends when the client's process is killed. A test
// that simulates the process should stop its work then.
func (p *Proxy) Dead() context.Context { return p.dead }

// Close lets the late calls arrive and stops the proxy.
func (p *Proxy) Close() error {
	arrive(p.takeLate())
	p.server.Stop()
	p.kill()
	if p.owned == nil {
		return nil
	}
	return p.owned.Close()
}

func (p *Proxy) takeLate() []func() {
	p.mu.Lock()
	defer p.mu.Unlock()
	late := p.late
	p.late = nil
	return late
}

func arrive(calls []func()) {
	for _, call := range calls {
		call()
	}
}

var (
	errUnavailable = status.Error(codes.Unavailable, "the connection was cut")
	// errGone is for a process that no longer exists. No client retries after this
	// code, so a test need not wait for it.
	errGone = status.Error(codes.Unimplemented, "the client's process is gone")
)

// handle handles one call. All methods have one request; some stream responses.
func (p *Proxy) handle(_ any, in grpc.ServerStream) error {
	method, _ := grpc.MethodFromServerStream(in)
	var request frame
	if err := in.RecvMsg(&request); err != nil {
		return err
	}
	if p.dead.Err() != nil {
		return errGone
	}
	defer arrive(p.takeLate()) // calls that are late already arrive after this call
	ctx := in.Context()
	switch fault := p.plan(path.Base(method)); fault {
	case Lost:
		return errUnavailable
	case Aborted:
		return status.Error(codes.Aborted, "too much contention")
	case Exhausted:
		return status.Error(codes.ResourceExhausted, "too many calls")
	case Killed:
		p.kill()
		return errGone
	case Late:
		return p.postpone(ctx, method, request)
	case Twice:
		_ = p.pass(detached(ctx), method, request, discard)
	case ReplyLost, KilledIn:
		_ = p.pass(detached(ctx), method, request, discard)
		if fault == KilledIn {
			p.kill()
			return errGone
		}
		return errUnavailable
	}
	return p.pass(ctx, method, request, in.SendMsg)
}

// postpone delays a call until the client has made another.
func (p *Proxy) postpone(ctx context.Context, method string, request frame) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.late = append(p.late, func() { _ = p.pass(detached(ctx), method, request, discard) })
	return errUnavailable
}

// pass makes the call and sends its responses to answer.
func (p *Proxy) pass(ctx context.Context, method string, request frame, answer func(any) error) error {
	if incoming, ok := metadata.FromIncomingContext(ctx); ok {
		ctx = metadata.NewOutgoingContext(ctx, incoming)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	out, err := p.target.NewStream(ctx, &grpc.StreamDesc{ServerStreams: true}, method,
		grpc.ForceCodecV2(frames{}), grpc.MaxCallRecvMsgSize(64<<20))
	if err != nil {
		return err
	}
	if err := errors.Join(out.SendMsg(&request), out.CloseSend()); err != nil {
		return err
	}
	for {
		var reply frame
		if err := out.RecvMsg(&reply); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		if err := answer(&reply); err != nil {
			return err
		}
	}
}

// detached returns a context that does not end when the client leaves.
func detached(ctx context.Context) context.Context { return context.WithoutCancel(ctx) }

func discard(any) error { return nil }

// frame is one encoded gRPC message.
type frame []byte

// frames is a codec that leaves frames unchanged.
type frames struct{}

var _ encoding.CodecV2 = frames{}

// Name implements encoding.CodecV2.
func (frames) Name() string { return proto.Name }

// Marshal implements encoding.CodecV2.
func (frames) Marshal(v any) (mem.BufferSlice, error) {
	return mem.BufferSlice{mem.SliceBuffer(*v.(*frame))}, nil
}

// Unmarshal implements encoding.CodecV2.
func (frames) Unmarshal(data mem.BufferSlice, v any) error {
	*v.(*frame) = data.Materialize()
	return nil
}
