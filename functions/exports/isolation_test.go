package exports_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/uuid"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/suite"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

var kinds = []string{"audit", "configuration", "inventory", "metadata", "outputs"}

// neighbor is one of two tenants with the same workspace, run and exports. Its mark is in
// everything that it stores: it is the name of another workspace, and a text.
type neighbor struct {
	*cloudtest.Tenant
	mark  string
	files map[string][]cloudtest.ExportFile // by kind
	text  map[string]string                 // names and contents of the files, by kind
}

func newNeighbor(t *testing.T, c *cloudtest.Cloud, id tenant.ID, mark string) *neighbor {
	t.Helper()
	record, err := c.AddTenant(t.Context(), id, "prod", tenant.WorkspaceID(mark))
	if err != nil {
		t.Fatal(err)
	}
	return &neighbor{
		Tenant: &cloudtest.Tenant{Record: record, Cloud: c, Workspace: "prod"}, mark: mark,
		files: map[string][]cloudtest.ExportFile{}, text: map[string]string{},
	}
}

// store reports a run and pushes a configuration with the mark in each of the two
// workspaces.
func (n *neighbor) store(t *testing.T, runs [2]string) {
	t.Helper()
	now := n.Cloud.Clock.Now()
	for i, w := range []tenant.WorkspaceID{"prod", tenant.WorkspaceID(n.mark)} {
		run := runs[i]
		in := &cloudtest.Tenant{Record: n.Record, Cloud: n.Cloud, Workspace: w}
		in.Do(t, "runner", http.MethodPut, in.RunPath(run), map[string]any{"task": n.mark, "start": now}).Want(t, http.StatusOK)
		part := []byte("output of " + n.mark)
		in.Mint(t, run, cloudtest.PartOf("stdout.log", 1, part))[0].Put(t, part).Want(t, http.StatusOK)
		in.Do(t, "runner", http.MethodPost, in.RunPath(run)+"/report", map[string]any{
			"end": now, "outcome": "failure", "exitCode": 1, "outputs": []map[string]any{{"name": "stdout.log", "parts": 1}},
			"issues":  []map[string]any{{"line": `{"severity":2,"title":"` + n.mark + `"}`}},
			"samples": []map[string]any{{"sli": n.mark, "time": now, "value": 1}},
		}).Want(t, http.StatusOK)
		in.PushConfig(t, w, cloudtest.SLX(n.mark))
	}
}

// request requests an export of one kind.
func (n *neighbor) request(t *testing.T, id, kind string) {
	t.Helper()
	put(t, n.Tenant, id, map[string]any{"kinds": []string{kind}}).Want(t, http.StatusOK)
}

// read lists and pulls the export of a kind.
func (n *neighbor) read(t *testing.T, id, kind string) {
	t.Helper()
	if got := n.Export(t, id); got.State != "done" {
		t.Fatalf("the export of %s is %+v\n%s", kind, got, n.Cloud.Log)
	}
	n.files[kind], n.text[kind] = n.ExportFiles(t, id), textOf(t, n.PullExport(t, id))
	for _, f := range n.files[kind] {
		if parsed, err := url.Parse(f.URL); err != nil || parsed.Path != "/"+n.ExportsBucket+"/"+id+"/"+f.Name {
			t.Errorf("the URL of %s is %s, %v", f.Name, parsed.Path, err)
		}
	}
}

// textOf returns the names and the uncompressed contents of files.
func textOf(t *testing.T, pulled fstest.MapFS) string {
	t.Helper()
	var all strings.Builder
	for name, f := range pulled {
		all.WriteString(name + "\n")
		from := io.Reader(bytes.NewReader(f.Data))
		if strings.HasSuffix(name, ".gz") {
			var err error
			if from, err = gzip.NewReader(from); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := io.Copy(&all, from); err != nil {
			t.Fatal(err)
		}
	}
	return all.String()
}

// wantNothingOf fails the test if the export of a kind shows anything of another tenant,
// or if a URL of it opens a file of the other tenant's export of a kind.
func (n *neighbor) wantNothingOf(t *testing.T, other *neighbor, mine, theirs string) {
	t.Helper()
	text := n.text[mine]
	for _, f := range n.files[mine] {
		text += f.URL + "\n"
	}
	if !strings.Contains(text, n.mark) {
		t.Errorf("the export of %s does not have the mark of its own tenant", mine)
	}
	for _, foreign := range []string{other.mark, other.ExportsBucket, other.OutputsBucket, other.ConfigsBucket, "tenants/" + string(other.ID) + "/", other.KeyName} {
		if strings.Contains(text, foreign) {
			t.Errorf("the export of %s has %q of another tenant, which exported %s", mine, foreign, theirs)
		}
	}
	for _, f := range other.files[theirs] {
		changed, foreign := parse(t, n.files[mine][0].URL), parse(t, f.URL)
		changed.Path = foreign.Path
		if got := status(t, http.MethodGet, changed.String()); got != http.StatusForbidden {
			t.Errorf("a URL of the export of %s opens %s of another tenant: status %d", mine, f.Name, got)
		}
	}
}

func parse(t *testing.T, address string) *url.URL {
	t.Helper()
	parsed, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

func status(t *testing.T, method, address string) int {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	return cloudtest.Send(t, r).Status
}

// No row, object or URL of one tenant is in another tenant's export, whatever the two
// export at the same time. The tenants do everything to be mistaken for each other: the
// name of one begins with that of the other, and they choose the same IDs for workspaces,
// runs and exports.
func TestNoTenantsDataIsInTheExportOfAnother(t *testing.T) {
	t.Parallel()
	c := cloudtest.New(t, suite.Options{})
	id := "t-" + uuid.NewString()[:8]
	tenants := []*neighbor{newNeighbor(t, c, tenant.ID(id), "alder"), newNeighbor(t, c, tenant.ID(id+"-2"), "birch")}
	runs := [2]string{cloudtest.NewRun(t), cloudtest.NewRun(t)}
	for _, n := range tenants {
		n.store(t, runs)
	}
	c.Drain(t)
	var ids []string
	for i := range kinds {
		ids = append(ids, cloudtest.NewRun(t))
		for shift, n := range tenants {
			n.request(t, ids[i], kinds[(i+shift)%len(kinds)])
		}
	}
	c.FinishExports(t)
	for i := range kinds {
		for shift, n := range tenants {
			n.read(t, ids[i], kinds[(i+shift)%len(kinds)])
		}
	}
	for _, mine := range kinds {
		for _, theirs := range kinds {
			tenants[0].wantNothingOf(t, tenants[1], mine, theirs)
			tenants[1].wantNothingOf(t, tenants[0], mine, theirs)
		}
	}
	var page struct{ NextPageToken string }
	tenants[0].Do(t, "auditor", http.MethodGet, "/v1/exports/"+ids[0]+"/files?pageSize=1", nil).Want(t, http.StatusOK).JSON(t, &page)
	tenants[1].Do(t, "auditor", http.MethodGet, "/v1/exports/"+ids[0]+"/files?pageToken="+page.NextPageToken, nil).Want(t, http.StatusBadRequest)
}
