package configgraph_test

import (
	"fmt"
	"io"
	"log/slog"
	"testing"

	"cloud.google.com/go/firestore"
	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/suite"
	"github.com/strongroom-dev/strongroom/functions/configgraph"
	"github.com/strongroom-dev/strongroom/shared/configtree"
	"github.com/strongroom-dev/strongroom/shared/event"
	"github.com/strongroom-dev/strongroom/shared/function"
	"github.com/strongroom-dev/strongroom/shared/gcp"
	"github.com/strongroom-dev/strongroom/shared/keys"
	"github.com/strongroom-dev/strongroom/shared/outbox"
	"github.com/strongroom-dev/strongroom/shared/records"
	"github.com/strongroom-dev/strongroom/shared/slx"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

func TestMain(m *testing.M) { cloudtest.Main(m) }

// fixture is a workspace whose commits a test puts into effect as functions/configs does.
type fixture struct {
	*cloudtest.Tenant
	db      *firestore.Client
	keys    *keys.Tenant
	updater *configgraph.Updater
}

func newFixture(t *testing.T, c *cloudtest.Cloud) *fixture {
	t.Helper()
	f := &fixture{Tenant: c.Tenant(t)}
	var err error
	if f.db, err = c.Directory.Database(t.Context(), f.Record); err != nil {
		t.Fatal(err)
	}
	if f.keys, err = keys.NewTenants(c.Operator, c.Clock.Now).Of(t.Context(), f.Record, f.db); err != nil {
		t.Fatal(err)
	}
	clients := gcp.NewClients(c.As(suite.FunctionAccount("config-graph")))
	t.Cleanup(func() { _ = clients.Close() })
	f.updater = f.newUpdater(clients)
	return f
}

// inOtherWorkspace is the fixture with a new workspace, which is faster than a new tenant.
func (f *fixture) inOtherWorkspace() *fixture {
	other, tn := *f, *f.Tenant
	tn.Workspace = tenant.WorkspaceID("w-" + uuid.NewString())
	other.Tenant = &tn
	return &other
}

func (f *fixture) newUpdater(clients *gcp.Clients) *configgraph.Updater {
	return configgraph.New(function.Deps{Clients: clients, Now: f.Cloud.Clock.Now, Log: slog.New(slog.NewJSONHandler(io.Discard, nil))})
}

// elementsOf are as many SLXs as a number says, with tasks of one file.
func elementsOf(commit string, slxs int) (elements []slx.Element) {
	for n := range slxs {
		name := fmt.Sprintf("s%03d", n)
		elements = append(elements,
			slx.Element{Kind: configtree.SLX, SLX: name, Path: name + "/slx.yaml", Alias: commit, Resource: "shop/" + name},
			slx.Element{Kind: configtree.Runbook, SLX: name, Path: name + "/runbook.yaml", Source: slx.NewSource("https://example.com/tasks", "a/runbook.robot")},
		)
	}
	return elements
}

// putInEffect stores elements and the document that names their commit.
func (f *fixture) putInEffect(t *testing.T, commit string, elements []slx.Element) {
	t.Helper()
	parts := slx.Parts(elements)
	for n, ref := range records.ConfigElementsRefs(f.db, f.ID, f.Workspace, commit, len(parts)) {
		sealed, err := records.SealConfig(t.Context(), f.keys.Seal, ref, parts[n])
		if err == nil {
			_, err = ref.Set(t.Context(), records.ConfigElements{Elements: sealed})
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	_, err := f.configRef().Set(t.Context(), map[string]any{"commit": commit, "elements": len(parts), "omitted": 0})
	if err != nil {
		t.Fatal(err)
	}
}

func (f *fixture) configRef() *firestore.DocumentRef {
	return records.ConfigRef(f.db, f.ID, f.Workspace)
}

func (f *fixture) message() event.Message {
	return event.Message{ID: "1", Attributes: map[string]string{
		"tenant": string(f.ID), "workspace": string(f.Workspace), "kind": outbox.ConfigMoved, "entry": "e",
	}}
}

// graph reads the stored graph. It fails the test if a page is missing or expires.
func (f *fixture) graph(t *testing.T) (g slx.Graph) {
	t.Helper()
	ref := records.ConfigGraphRef(f.db, f.ID, f.Workspace)
	var stored records.ConfigGraph
	read(t, ref, &stored)
	var err error
	if g.Directory, err = records.OpenConfig[slx.Directory](t.Context(), f.keys.Open, ref, stored.Directory); err != nil {
		t.Fatal(err)
	}
	for _, ref := range records.ConfigPageRefs(f.db, f.ID, f.Workspace, stored.Commit, stored.Pages) {
		var page records.ConfigPage
		read(t, ref, &page)
		slxs, err := records.OpenConfig[[]slx.SLX](t.Context(), f.keys.Open, ref, page.SLXs)
		if err != nil || !page.Expires.IsZero() {
			t.Fatalf("%s: %v; it expires at %v", ref.ID, err, page.Expires)
		}
		g.Pages = append(g.Pages, slxs)
	}
	return g
}

func read(t *testing.T, ref *firestore.DocumentRef, into any) {
	t.Helper()
	doc, err := ref.Get(t.Context())
	if err == nil {
		err = doc.DataTo(into)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// wantGraph fails the test unless the stored graph is that of a commit.
func (f *fixture) wantGraph(t *testing.T, commit string, elements []slx.Element) {
	t.Helper()
	if diff := cmp.Diff(slx.Build(commit, elements, 0), f.graph(t)); diff != "" {
		t.Errorf("expected (-) and stored (+) graphs differ:\n%s", diff)
	}
}
