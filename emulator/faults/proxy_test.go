package faults_test

import (
	"sync/atomic"
	"testing"

	"cloud.google.com/go/firestore"
	"google.golang.org/api/option"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/faults"
	"github.com/strongroom-dev/strongroom/emulator/suite"
	"github.com/strongroom-dev/strongroom/shared/secret"
)

func TestMain(m *testing.M) { cloudtest.Main(m) }

// through returns a Firestore client whose first Commit has the fault.
func through(t *testing.T, c *cloudtest.Cloud, fault faults.Fault) (*firestore.Client, *faults.Proxy) {
	t.Helper()
	var commits atomic.Int32
	p, err := faults.New(c.As(suite.OperatorAccount).FirestoreHost, func(method string) faults.Fault {
		if method == "Commit" && commits.Add(1) == 1 {
			return fault
		}
		return faults.None
	})
	if err != nil {
		t.Fatal(err)
	}
	config := c.As(suite.OperatorAccount)
	config.FirestoreHost, config.AccessToken = p.Addr(), secret.String{}
	conn, err := grpc.NewClient(p.Addr(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	db, err := firestore.NewClient(t.Context(), suite.ProjectID, option.WithGRPCConn(conn))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = db.Close(), p.Close() })
	return db, p
}

// The Firestore client retries a Commit after Unavailable and ResourceExhausted, so
// a Create that took effect returns AlreadyExists.
func TestCreateWithAFault(t *testing.T) {
	t.Parallel()
	c := cloudtest.Shared(t)
	for fault, want := range map[faults.Fault]codes.Code{
		faults.None: codes.OK, faults.Lost: codes.OK, faults.Exhausted: codes.OK,
		faults.ReplyLost: codes.AlreadyExists, faults.Twice: codes.AlreadyExists, faults.Late: codes.OK,
		faults.Aborted: codes.Aborted,
	} {
		t.Run("one that is "+string(fault), func(t *testing.T) {
			t.Parallel()
			db, p := through(t, c, fault)
			ref := db.Collection("faults").NewDoc()
			_, err := ref.Create(t.Context(), map[string]any{"n": 1})
			if status.Code(err) != want {
				t.Errorf("got %v, want %v", err, want)
			}
			if p.Dead().Err() != nil {
				t.Error("the client counts as killed")
			}
			if doc, err := ref.Get(t.Context()); doc.Exists() != (fault != faults.Aborted) {
				t.Errorf("the document exists: %v (%v)", doc.Exists(), err)
			}
		})
	}
}

func TestAKilledClientReachesNothing(t *testing.T) {
	t.Parallel()
	c := cloudtest.Shared(t)
	for fault, there := range map[faults.Fault]bool{faults.Killed: false, faults.KilledIn: true} {
		t.Run(string(fault), func(t *testing.T) {
			t.Parallel()
			db, p := through(t, c, fault)
			ref := db.Collection("faults").NewDoc()
			if _, err := ref.Create(p.Dead(), map[string]any{"n": 1}); err == nil {
				t.Error("a killed client got an answer")
			}
			if p.Dead().Err() == nil {
				t.Error("the client counts as alive")
			}
			direct, err := c.Operator.Default(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			doc, err := direct.Doc("faults/" + ref.ID).Get(t.Context())
			if doc.Exists() != there {
				t.Errorf("the document exists: %v (%v), want %v", doc.Exists(), err, there)
			}
		})
	}
}
