// Package faults stands between a client and the embedded cloud's gRPC services
// and makes calls fail in every way that a network or a service can: before
// they arrive, after they took effect, twice, late. Tests of what must survive
// that use it.
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

// Fault is what becomes of one call. The zero Fault is none.
type Fault string

// The faults.
const (
	None      Fault = ""
	Lost      Fault = "lost"       // it never arrives; the client sees Unavailable
	ReplyLost Fault = "reply lost" // it takes effect; the client sees Unavailable
	Twice     Fault = "twice"      // it arrives twice; the client sees the second answer
	Late      Fault = "late"       // the client sees Unavailable; it arrives after the client's next call, or at Close
	Aborted   Fault = "aborted"    // refused with Aborted
	Exhausted Fault = "exhausted"  // refused with ResourceExhausted
	Killed    Fault = "killed"     // neither this call nor a later one arrives: the client's process is gone
	KilledIn  Fault = "killed in"  // this call takes effect, and its client's process is gone
)

// All are the faults that there are.
var All = []Fault{Lost, ReplyLost, Twice, Late, Aborted, Exhausted, Killed, KilledIn}

// Target is a service that proxies stand before. All of them share its one
// connection: a test that starts thousands of processes has a proxy for each.
type Target struct{ conn *grpc.ClientConn }

// Reach gives the service at host:port; it connects to nothing yet.
func Reach(host string) (*Target, error) {
	conn, err := grpc.NewClient("passthrough:///"+host, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return nil, fmt.Errorf("reach %s: %w", host, err)
	}
	return &Target{conn}, nil
}

// Close ends the connection; its proxies must be closed before.
func (t *Target) Close() error { return t.conn.Close() }

// Proxy passes calls on, as its plan says. It is safe for concurrent use.
type Proxy struct {
	plan   func(method string) Fault
	target *grpc.ClientConn
	owned  *Target // to be closed with the proxy; nil: it is somebody else's
	server *grpc.Server
	addr   string
	dead   context.Context
	kill   context.CancelFunc

	mu   sync.Mutex
	late []func() // calls to be made yet
}

// New stands before target, host:port, with a connection of its own. Plan is
// asked about each call by its method's last word, as Commit; it may be called
// at several times at once.
func New(target string, plan func(method string) Fault) (*Proxy, error) {
	t, err := Reach(target)
	if err != nil {
		return nil, err
	}
	p, err := t.Proxy(plan)
	if err != nil {
		return nil, errors.Join(err, t.Close())
	}
	p.owned = t
	return p, nil
}

// smallBuffer is what a connection reads and writes at once, in bytes: calls of
// tests are small, and their connections many.
const smallBuffer = 4 << 10

// Proxy stands before the service; plan is as New has it.
func (t *Target) Proxy(plan func(method string) Fault) (*Proxy, error) {
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

// Addr is the host:port for clients.
func (p *Proxy) Addr() string { return p.addr }

// Dead ends when the client's process is killed: whoever plays the process
// should end its work then.
func (p *Proxy) Dead() context.Context { return p.dead }

// Close makes the late calls arrive, and stops.
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
	// Nobody hears it. No client tries again after this code, so that a test need
	// not wait for what a dead process would still do.
	errGone = status.Error(codes.Unimplemented, "the client's process is gone")
)

// handle takes one call. All methods have one request; some stream answers.
func (p *Proxy) handle(_ any, in grpc.ServerStream) error {
	method, _ := grpc.MethodFromServerStream(in)
	var request frame
	if err := in.RecvMsg(&request); err != nil {
		return err
	}
	if p.dead.Err() != nil {
		return errGone
	}
	defer arrive(p.takeLate()) // what is late by now arrives after this call
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

// postpone keeps a call until the client has made another.
func (p *Proxy) postpone(ctx context.Context, method string, request frame) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.late = append(p.late, func() { _ = p.pass(detached(ctx), method, request, discard) })
	return errUnavailable
}

// pass makes the call and hands on what is answered.
func (p *Proxy) pass(ctx context.Context, method string, request frame, answer func(any) error) error {
	if given, ok := metadata.FromIncomingContext(ctx); ok {
		ctx = metadata.NewOutgoingContext(ctx, given)
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

// detached outlives the client.
func detached(ctx context.Context) context.Context { return context.WithoutCancel(ctx) }

func discard(any) error { return nil }

// frame is one gRPC message as it is on the wire.
type frame []byte

// frames is a codec that passes frames as they are.
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
