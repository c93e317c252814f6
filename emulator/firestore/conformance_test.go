package firestore_test

import (
	"context"
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"

	"cloud.google.com/go/firestore"
	pb "cloud.google.com/go/firestore/apiv1/firestorepb"
	"github.com/google/uuid"
	"google.golang.org/api/option"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"

	emulated "github.com/strongroom-dev/strongroom/emulator/firestore"
)

// A conformanceTest runs against the embedded server and against Google's emulator,
// with a client for its own project.
type conformanceTest struct {
	name string
	run  func(*testing.T, *firestore.Client)
}

// A protocolTest is a conformanceTest of what the Go client hides.
type protocolTest struct {
	name string
	run  func(t *testing.T, raw pb.FirestoreClient, database string)
}

func conformance(t *testing.T, address string) {
	for _, c := range slices.Concat(writeTests, transformTests, limitTests, transactionTests, queryTests, valueTests, aggregateTests, listTests, pastTests) {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.run(t, connect(t, address))
		})
	}
	for _, c := range protocolTests {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.run(t, dial(t, address), "projects/p-"+uuid.NewString()[:8]+"/databases/(default)")
		})
	}
}

func dial(t testing.TB, address string) pb.FirestoreClient {
	t.Helper()
	conn, err := grpc.NewClient(address,
		grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithPerRPCCredentials(owner{}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return pb.NewFirestoreClient(conn)
}

func TestEmbedded(t *testing.T) {
	t.Parallel()
	conformance(t, serve(t, emulated.Config{}))
}

// serve starts an embedded server for the length of the test.
func serve(t testing.TB, config emulated.Config) (address string) {
	t.Helper()
	s, err := emulated.New(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return listen(t, s)
}

func listen(t testing.TB, s *emulated.Server) (address string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	g := grpc.NewServer(grpc.MaxRecvMsgSize(emulated.MaxRequestBytes + 1<<20))
	s.Register(g)
	go g.Serve(l)
	t.Cleanup(g.Stop)
	return l.Addr().String()
}

// connect returns a client of a new project.
func connect(t testing.TB, address string) *firestore.Client {
	t.Helper()
	return connectTo(t, address, "p-"+uuid.NewString()[:8])
}

func connectTo(t testing.TB, address, project string) *firestore.Client {
	t.Helper()
	c, err := firestore.NewClient(t.Context(), project, insecureOptions(address)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func insecureOptions(address string) []option.ClientOption {
	return []option.ClientOption{
		option.WithEndpoint(address),
		option.WithoutAuthentication(),
		option.WithGRPCDialOption(grpc.WithTransportCredentials(insecure.NewCredentials())),
		option.WithGRPCDialOption(grpc.WithPerRPCCredentials(owner{})),
	}
}

// owner is the token with which Google's emulator ignores security rules.
type owner struct{}

func (owner) GetRequestMetadata(context.Context, ...string) (map[string]string, error) {
	return map[string]string{"authorization": "Bearer owner"}, nil
}

func (owner) RequireTransportSecurity() bool { return false }

// put writes documents named collection/id.
func put(t testing.TB, c *firestore.Client, documents map[string]map[string]any) {
	t.Helper()
	b := c.BulkWriter(t.Context())
	for name, data := range documents {
		if _, err := b.Set(c.Doc(name), data); err != nil {
			t.Fatal(err)
		}
	}
	b.End()
}

// ids joins the IDs that a query returns.
func ids(t testing.TB, q firestore.Query) string {
	t.Helper()
	snaps, err := q.Documents(t.Context()).GetAll()
	if err != nil {
		return fmt.Sprint("error: ", err)
	}
	var all []string
	for _, s := range snaps {
		all = append(all, s.Ref.ID)
	}
	return strings.Join(all, " ")
}

// get returns the fields of a document; empty if it does not exist.
func get(t testing.TB, d *firestore.DocumentRef) map[string]any {
	t.Helper()
	snap, err := d.Get(t.Context())
	if err != nil && status.Code(err) != codes.NotFound {
		t.Fatal(err)
	}
	return snap.Data()
}

// wantCode fails the test unless the error has the code.
func wantCode(t testing.TB, what string, err error, want codes.Code) {
	t.Helper()
	if got := status.Code(err); got != want {
		t.Errorf("%s: got %v (%v), want %v", what, got, err, want)
	}
}
