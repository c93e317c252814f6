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

// front is the gRPC server that clients see. It takes Publish and Pull itself,
// and passes everything else through.
type front struct {
	server *Server
	grpc   *grpc.Server
	addr   string
	served chan struct{}
}

func newFront(s *Server) (*front, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen for Pub/Sub clients: %w", err)
	}
	f := &front{server: s, addr: listener.Addr().String(), served: make(chan struct{})}
	f.grpc = grpc.NewServer(
		grpc.ForceServerCodecV2(codec{encoding.GetCodecV2(protocodec.Name)}),
		grpc.UnknownServiceHandler(f.forward))
	f.grpc.RegisterService(&publisher, f)
	f.grpc.RegisterService(&subscriber, f)
	go func() {
		defer close(f.served)
		_ = f.grpc.Serve(listener)
	}()
	return f, nil
}

func (f *front) close() {
	f.grpc.Stop()
	<-f.served
}

// publisher and subscriber register one method of these services; their others
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

func handlePublish(f any, ctx context.Context, decode func(any) error, _ grpc.UnaryServerInterceptor) (any, error) {
	req := new(pubsubpb.PublishRequest)
	if err := decode(req); err != nil {
		return nil, err
	}
	s := f.(*front).server
	if err := s.authorize(ctx, "pubsub.topics.publish", "topics/"+lastPart(req.GetTopic())); err != nil {
		return nil, err
	}
	return s.publish(req)
}

func handlePull(f any, ctx context.Context, decode func(any) error, _ grpc.UnaryServerInterceptor) (any, error) {
	req := new(pubsubpb.PullRequest)
	if err := decode(req); err != nil {
		return nil, err
	}
	s := f.(*front).server
	if err := s.authorizeConsumer(ctx, req); err != nil {
		return nil, err
	}
	return s.pull(ctx, req)
}

// consuming is a request to take from a subscription.
type consuming interface {
	proto.Message
	GetSubscription() string
}

// newConsuming makes the requests of the forwarded methods that take from a
// subscription, or have it forget what it has.
var newConsuming = map[string]func() consuming{
	pubsubpb.Subscriber_StreamingPull_FullMethodName:     func() consuming { return new(pubsubpb.StreamingPullRequest) },
	pubsubpb.Subscriber_Acknowledge_FullMethodName:       func() consuming { return new(pubsubpb.AcknowledgeRequest) },
	pubsubpb.Subscriber_ModifyAckDeadline_FullMethodName: func() consuming { return new(pubsubpb.ModifyAckDeadlineRequest) },
	pubsubpb.Subscriber_Seek_FullMethodName:              func() consuming { return new(pubsubpb.SeekRequest) },
}

// authorizeForwarded decides about a call by its first message.
func (s *Server) authorizeForwarded(ctx context.Context, method string, first frame) error {
	newRequest := newConsuming[method]
	if newRequest == nil {
		return s.authorize(ctx, consume, "projects/"+s.config.ProjectID)
	}
	req := newRequest()
	if err := proto.Unmarshal(first, req); err != nil {
		return status.Error(codes.Internal, "the request cannot be read")
	}
	return s.authorizeConsumer(ctx, req)
}

const consume = "pubsub.subscriptions.consume"

func (s *Server) authorizeConsumer(ctx context.Context, req consuming) error {
	return s.authorize(ctx, consume, "subscriptions/"+lastPart(req.GetSubscription()))
}

func (s *Server) authorize(ctx context.Context, permission, resource string) error {
	if s.config.Authorize == nil {
		return nil
	}
	return s.config.Authorize(ctx, permission, resource)
}

// forward passes one call of any kind to the backend, and its answers back.
func (f *front) forward(_ any, in grpc.ServerStream) error {
	method, _ := grpc.MethodFromServerStream(in)
	var first frame
	if err := in.RecvMsg(&first); err != nil {
		return err
	}
	if err := f.server.authorizeForwarded(in.Context(), method, first); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(in.Context())
	defer cancel()
	out, err := f.server.backend.NewStream(ctx,
		&grpc.StreamDesc{ClientStreams: true, ServerStreams: true}, method, grpc.ForceCodecV2(codec{}))
	if err != nil {
		return err
	}
	if err := out.SendMsg(&first); err != nil && !errors.Is(err, io.EOF) { // why it ended, RecvMsg says
		return err
	}
	go func() {
		if copyFrames(out.SendMsg, in.RecvMsg) == nil {
			_ = out.CloseSend()
		}
	}()
	return copyFrames(in.SendMsg, out.RecvMsg)
}

// copyFrames returns nil at the end of the stream that it receives from.
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

// frame is one gRPC message as it is on the wire.
type frame []byte

// codec passes frames as they are and leaves other messages to CodecV2.
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
