package pubsub

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"

	"cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/encoding"
	protocodec "google.golang.org/grpc/encoding/proto"
	"google.golang.org/grpc/mem"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
)

// proxy is the gRPC server that clients connect to. It handles Publish and Pull
// itself and forwards every other call.
type proxy struct {
	server *Server
	grpc   *grpc.Server
	addr   string
	served chan struct{}
}

func newProxy(s *Server) (*proxy, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen for Pub/Sub clients: %w", err)
	}
	p := &proxy{server: s, addr: listener.Addr().String(), served: make(chan struct{})}
	p.grpc = grpc.NewServer(
		grpc.ForceServerCodecV2(codec{encoding.GetCodecV2(protocodec.Name)}),
		grpc.UnknownServiceHandler(p.forward))
	p.grpc.RegisterService(&publisher, p)
	p.grpc.RegisterService(&subscriber, p)
	go func() {
		defer close(p.served)
		_ = p.grpc.Serve(listener)
	}()
	return p, nil
}

func (p *proxy) close() {
	p.grpc.Stop()
	<-p.served
}

// publisher and subscriber register one method of each service. The other methods
// count as unknown and are forwarded.
var (
	publisher = grpc.ServiceDesc{
		ServiceName: pubsubpb.Publisher_ServiceDesc.ServiceName,
		HandlerType: (*any)(nil),
		Methods:     []grpc.MethodDesc{{MethodName: "Publish", Handler: handlePublish}},
	}
	subscriber = grpc.ServiceDesc{
		ServiceName: pubsubpb.Subscriber_ServiceDesc.ServiceName,
		HandlerType: (*any)(nil),
		Methods:     []grpc.MethodDesc{{MethodName: "Pull", Handler: handlePull}},
	}
)

func handlePublish(p any, ctx context.Context, decode func(any) error, _ grpc.UnaryServerInterceptor) (any, error) {
	req := new(pubsubpb.PublishRequest)
	if err := decode(req); err != nil {
		return nil, err
	}
	s := p.(*proxy).server
	if err := s.authorize(ctx, "pubsub.topics.publish", "topics/"+lastPart(req.GetTopic())); err != nil {
		return nil, err
	}
	return s.publish(req)
}

func handlePull(p any, ctx context.Context, decode func(any) error, _ grpc.UnaryServerInterceptor) (any, error) {
	req := new(pubsubpb.PullRequest)
	if err := decode(req); err != nil {
		return nil, err
	}
	s := p.(*proxy).server
	if err := s.authorizeConsumer(ctx, req); err != nil {
		return nil, err
	}
	return s.pull(ctx, req)
}

// consumeRequest is a request that consumes from a subscription.
type consumeRequest interface {
	proto.Message
	GetSubscription() string
}

// newConsumeRequest creates the requests of the forwarded methods that take or
// discard messages of a subscription.
var newConsumeRequest = map[string]func() consumeRequest{
	pubsubpb.Subscriber_StreamingPull_FullMethodName:     func() consumeRequest { return new(pubsubpb.StreamingPullRequest) },
	pubsubpb.Subscriber_Acknowledge_FullMethodName:       func() consumeRequest { return new(pubsubpb.AcknowledgeRequest) },
	pubsubpb.Subscriber_ModifyAckDeadline_FullMethodName: func() consumeRequest { return new(pubsubpb.ModifyAckDeadlineRequest) },
	pubsubpb.Subscriber_Seek_FullMethodName:              func() consumeRequest { return new(pubsubpb.SeekRequest) },
}

// authorizeForwarded authorizes a call by its first message.
func (s *Server) authorizeForwarded(ctx context.Context, method string, first frame) error {
	newRequest := newConsumeRequest[method]
	if newRequest == nil {
		return s.authorize(ctx, consume, "projects/"+s.config.ProjectID)
	}
	req := newRequest()
	if err := proto.Unmarshal(first, req); err != nil {
		return status.Error(codes.Internal, "The request cannot be decoded.")
	}
	return s.authorizeConsumer(ctx, req)
}

const consume = "pubsub.subscriptions.consume"

func (s *Server) authorizeConsumer(ctx context.Context, req consumeRequest) error {
	return s.authorize(ctx, consume, "subscriptions/"+lastPart(req.GetSubscription()))
}

func (s *Server) authorize(ctx context.Context, permission, resource string) error {
	if s.config.Authorize == nil {
		return nil
	}
	return s.config.Authorize(ctx, permission, resource)
}

// forward forwards a call of any kind to the backend, and the responses back.
func (p *proxy) forward(_ any, in grpc.ServerStream) error {
	method, _ := grpc.MethodFromServerStream(in)
	var first frame
	if err := in.RecvMsg(&first); err != nil {
		return err
	}
	if err := p.server.authorizeForwarded(in.Context(), method, first); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(in.Context())
	defer cancel()
	out, err := p.server.backend.NewStream(ctx,
		&grpc.StreamDesc{ClientStreams: true, ServerStreams: true}, method, grpc.ForceCodecV2(codec{}))
	if err != nil {
		return err
	}
	if err := out.SendMsg(&first); err != nil && !errors.Is(err, io.EOF) { // RecvMsg returns the reason for io.EOF
		return err
	}
	go func() {
		if copyFrames(out.SendMsg, in.RecvMsg) == nil {
			_ = out.CloseSend()
		}
	}()
	return copyFrames(in.SendMsg, out.RecvMsg)
}

// copyFrames returns nil at the end of the received stream.
func copyFrames(send, receive func(any) error) error {
	for {
		var f frame
		if err := receive(&f); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		if err := send(&f); err != nil {
			return err
		}
	}
}

// frame is one encoded gRPC message.
type frame []byte

// codec leaves frames unchanged and passes other messages to CodecV2.
type codec struct{ encoding.CodecV2 }

func (codec) Name() string { return protocodec.Name }

func (c codec) Marshal(v any) (mem.BufferSlice, error) {
	if f, ok := v.(*frame); ok {
		return mem.BufferSlice{mem.SliceBuffer(*f)}, nil
	}
	return c.CodecV2.Marshal(v)
}

func (c codec) Unmarshal(data mem.BufferSlice, v any) error {
	if f, ok := v.(*frame); ok {
		*f = data.Materialize()
		return nil
	}
	return c.CodecV2.Unmarshal(data, v)
}
