// Package cloudtest gives tests an embedded cloud and tenants of their own in
// it. One cloud serves all tests of a package; they keep apart by tenants with
// random names.
package cloudtest

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/strongroom-dev/strongroom/emulator/cloud"
	"github.com/strongroom-dev/strongroom/emulator/suite"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// Log keeps what the functions logged. It is safe for concurrent use.
type Log struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write implements io.Writer.
func (l *Log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

// String is all that was logged so far.
func (l *Log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// Cloud is an embedded cloud under test.
type Cloud struct {
	*suite.Cloud
	Log *Log
}

var shared struct {
	sync.Mutex
	cloud *Cloud
}

// Main runs a package's tests and then stops the cloud that they shared. Call
// it from TestMain.
func Main(m *testing.M) {
	if function := os.Getenv(elsewhereSetting); function != "" {
		if err := serveElsewhere(function); err != nil {
			fmt.Fprintln(os.Stderr, "a cloud elsewhere:", err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	code := m.Run()
	if shared.cloud != nil {
		if err := shared.cloud.Close(); err != nil {
			fmt.Fprintln(os.Stderr, "stop the embedded cloud:", err)
			code = 1
		}
	}
	os.Exit(code)
}

// Shared is the cloud of the package's tests. It is started once, on Google's
// own emulators where FIRESTORE_EMULATOR_HOST and PUBSUB_EMULATOR_HOST name
// them. Its clock must not be moved: others live by it.
func Shared(t testing.TB) *Cloud {
	t.Helper()
	shared.Lock()
	defer shared.Unlock()
	if shared.cloud == nil {
		shared.cloud = start(t, suite.Options{})
	}
	return shared.cloud
}

// New is a cloud for one test alone, which may move its clock, rotate and break
// what it likes.
func New(t testing.TB, options suite.Options) *Cloud {
	t.Helper()
	c := start(t, options)
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Errorf("stop the embedded cloud: %v", err)
		}
	})
	return c
}

// AtURL returns a Cloud for requests to a function that a test serves at url by
// itself. It has no parts: only Do works.
func AtURL(url string) *Cloud {
	return &Cloud{Cloud: &suite.Cloud{Cloud: &cloud.Cloud{URL: url}}}
}

func start(t testing.TB, options suite.Options) *Cloud {
	t.Helper()
	log := &Log{}
	options.Log = log
	options.FirestoreHost = os.Getenv("FIRESTORE_EMULATOR_HOST")
	options.PubSubHost = os.Getenv("PUBSUB_EMULATOR_HOST")
	if options.Backoff == 0 {
		options.Backoff = 50 * time.Millisecond
	}
	c, err := suite.Start(context.WithoutCancel(t.Context()), options)
	if err != nil {
		t.Fatal(err)
	}
	return &Cloud{c, log}
}

// Tenant is one test's tenant.
type Tenant struct {
	tenant.Record
	Cloud     *Cloud
	Workspace tenant.WorkspaceID // its first
}

// Tenant makes a tenant with a random name and these workspaces; without any,
// with one named "prod".
func (c *Cloud) Tenant(t testing.TB, workspaces ...tenant.WorkspaceID) *Tenant {
	t.Helper()
	if len(workspaces) == 0 {
		workspaces = []tenant.WorkspaceID{"prod"}
	}
	id := tenant.ID("t-" + uuid.NewString()[:8])
	record, err := c.AddTenant(t.Context(), id, workspaces...)
	if err != nil {
		t.Fatal(err)
	}
	return &Tenant{record, c, workspaces[0]}
}

// Token is the token of one of the tenant's personas.
func (tn *Tenant) Token(t testing.TB, persona string) string {
	t.Helper()
	token, err := tn.Cloud.Token(tn.ID, persona)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// NewRun is a fresh run id.
func NewRun(t testing.TB) string {
	t.Helper()
	id, err := uuid.NewV7()
	if err != nil {
		t.Fatal(err)
	}
	return id.String()
}

// Drain waits until every message published so far was taken.
func (c *Cloud) Drain(t testing.TB) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := c.GCS.Flush(ctx); err != nil {
		t.Fatalf("wait for the buckets' notifications: %v", err)
	}
	if err := c.PubSub.Drain(ctx); err != nil {
		t.Fatalf("wait for messages to be taken: %v", err)
	}
}
