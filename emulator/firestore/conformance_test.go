package firestore_test

import (
	"context"
	"fmt"
	"net"
	"strings"
	"testing"

	"cloud.google.com/go/firestore"
	"github.com/google/uuid"
	"google.golang.org/api/option"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	emulated "github.com/strongroom-dev/strongroom/emulator/firestore"
)

// A conformanceTest holds for the embedded server and for Google's emulator.
// Its client has a project of its own.
type conformanceTest struct {
	name string
	run  func(*testing.T, *firestore.Client)
}

func conformance(t *testing.T, address string) {
	suites := [][]conformanceTest{writeTests, transactionTests, queryTests}
	for _, suite := range suites {
		for _, c := range suite {
			t.Run(c.name, func(t *testing.T) {
				t.Parallel()
				c.run(t, connect(t, address))
			})
		}
	}
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

// connect makes a client of a new project.
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

// owner is the token with which Google's emulator passes over security rules.
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

// ids joins the ids that a query finds.
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
