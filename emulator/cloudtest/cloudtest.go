// Package cloudtest starts Strongroom on an embedded cloud for tests. All tests of a
// package share one cloud. Each has its own tenants with random names.
package cloudtest

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/strongroom-dev/strongroom/emulator/cloud"
	"github.com/strongroom-dev/strongroom/emulator/suite"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// Log stores the functions' log. It is safe for concurrent use.
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

// String returns everything that was logged so far.
func (l *Log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// Cloud is an embedded cloud in a test.
type Cloud struct {
	*suite.Cloud
	Log *Log
}

var shared struct {
	sync.Mutex
	cloud *Cloud
}

// Main runs a package's tests and then stops the shared cloud. It fails if a process that
// a test started still runs. Call it from TestMain.
func Main(m *testing.M) {
	if function := os.Getenv(processVariable); function != "" {
		if err := serveProcess(function); err != nil {
			fmt.Fprintln(os.Stderr, "run a cloud process:", err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	marked := markProcesses()
	code := m.Run()
	if left := marked.left(); len(left) > 0 {
		fmt.Fprintf(os.Stderr, "processes that tests started still run:\n%s\n", strings.Join(left, "\n"))
		code = 1
	}
	if shared.cloud != nil {
		if err := shared.cloud.Close(); err != nil {
			fmt.Fprintln(os.Stderr, "stop the embedded cloud:", err)
			code = 1
		}
	}
	os.Exit(code)
}

// Shared returns the cloud that all tests of the package share. It starts once, with
// Google's emulators if FIRESTORE_EMULATOR_HOST and PUBSUB_EMULATOR_HOST name them.
// Tests must not advance its clock.
func Shared(t testing.TB) *Cloud {
	t.Helper()
	shared.Lock()
	defer shared.Unlock()
	if shared.cloud == nil {
		shared.cloud = start(t, suite.Options{})
	}
	return shared.cloud
}

// New returns a cloud for one test, which may advance its clock, rotate its keys and
// break its parts.
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

// Tenant is a tenant of one test.
type Tenant struct {
	tenant.Record
	Cloud     *Cloud
	Workspace tenant.WorkspaceID // the first of its workspaces
}

// Tenant creates a tenant with a random name and these workspaces, or with a workspace
// "prod" if none exist.
func (c *Cloud) Tenant(t testing.TB, workspaces ...tenant.WorkspaceID) *Tenant {
	t.Helper()
	return c.tenant(t, c.AddTenant, workspaces)
}

// TenantWithDatabase is like Tenant, but the tenant has a Firestore database of its own.
func (c *Cloud) TenantWithDatabase(t testing.TB, workspaces ...tenant.WorkspaceID) *Tenant {
	t.Helper()
	return c.tenant(t, c.AddTenantWithDatabase, workspaces)
}

func (c *Cloud) tenant(t testing.TB, add func(context.Context, tenant.ID, ...tenant.WorkspaceID) (tenant.Record, error), workspaces []tenant.WorkspaceID) *Tenant {
	t.Helper()
	if len(workspaces) == 0 {
		workspaces = []tenant.WorkspaceID{"prod"}
	}
	id := tenant.ID("t-" + uuid.NewString()[:8])
	record, err := add(t.Context(), id, workspaces...)
	if err != nil {
		t.Fatal(err)
	}
	return &Tenant{record, c, workspaces[0]}
}

// Token returns a token of one of the tenant's personas.
func (tn *Tenant) Token(t testing.TB, persona string) string {
	t.Helper()
	token, err := tn.Cloud.Token(tn.ID, persona)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// NewRun returns a new run ID.
func NewRun(t testing.TB) string {
	t.Helper()
	id, err := uuid.NewV7()
	if err != nil {
		t.Fatal(err)
	}
	return id.String()
}

// Drain waits until every message that was published so far is processed.
func (c *Cloud) Drain(t testing.TB) {
	t.Helper()
	ctx := Context(t)
	if err := c.GCS.Flush(ctx); err != nil {
		t.Fatalf("wait for the buckets' notifications: %v", err)
	}
	if err := c.PubSub.Drain(ctx); err != nil {
		t.Fatalf("wait for the messages to be processed: %v", err)
	}
}
