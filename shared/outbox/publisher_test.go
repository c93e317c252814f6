package outbox_test

import (
	"context"
	"net"
	"testing"

	"cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"
	"google.golang.org/grpc"

	"github.com/strongroom-dev/strongroom/shared/gcp"
	"github.com/strongroom-dev/strongroom/shared/outbox"
)

// forgetful takes all messages but the last, and says that it went well.
type forgetful struct {
	pubsubpb.UnimplementedPublisherServer
}

func (forgetful) Publish(_ context.Context, r *pubsubpb.PublishRequest) (*pubsubpb.PublishResponse, error) {
	return &pubsubpb.PublishResponse{MessageIds: make([]string, len(r.GetMessages())-1)}, nil
}

func TestWhatIsPublishedInPartIsNotPublished(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer()
	pubsubpb.RegisterPublisherServer(server, forgetful{})
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(server.Stop)
	publisher := outbox.NewPublisher(gcp.NewClients(gcp.Config{ProjectID: "p", PubSubHost: listener.Addr().String()}))
	if err := publisher.Send(t.Context(), "t", make([]*pubsubpb.PubsubMessage, 2)); err == nil {
		t.Error("one of two messages was taken, and nobody says so")
	}
}
