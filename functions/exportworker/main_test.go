package exportworker_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/suite"
	"github.com/strongroom-dev/strongroom/shared/bucket"
	"github.com/strongroom-dev/strongroom/shared/grant"
	"github.com/strongroom-dev/strongroom/shared/manifest"
	"github.com/strongroom-dev/strongroom/shared/run"
)

func TestMain(m *testing.M) { cloudtest.Main(m) }

var everything = map[string]any{"kinds": []string{"audit", "metadata", "inventory", "outputs"}}

// seed reports a run with a sighting, samples and an output.
func seed(t *testing.T, tn *cloudtest.Tenant) (run string) {
	t.Helper()
	run = cloudtest.NewRun(t)
	tn.Do(t, "runner", http.MethodPut, tn.RunPath(run), map[string]any{"task": "dns-check", "start": tn.Cloud.Clock.Now()}).Want(t, http.StatusOK)
	part := []byte("hello\n")
	tn.Mint(t, run, cloudtest.PartOf("stdout.log", 1, part))[0].Put(t, part).Want(t, http.StatusOK)
	tn.Do(t, "runner", http.MethodPost, tn.RunPath(run)+"/report", map[string]any{
		"end": tn.Cloud.Clock.Now(), "outcome": "failure", "exitCode": 1,
		"outputs": []map[string]any{{"name": "stdout.log", "parts": 1}},
		"issues":  []map[string]any{{"line": `{"severity":2,"title":"DNS is slow"}`}},
		"samples": []map[string]any{{"sli": "latency", "time": tn.Cloud.Clock.Now(), "value": 1.5}},
	}).Want(t, http.StatusOK)
	tn.Cloud.Drain(t)
	return run
}

func runID(id string) run.ID { return run.ID(id) }

// deleteObject deletes an object of the tenant's outputs, as the end of its retention does.
func deleteObject(t *testing.T, tn *cloudtest.Tenant, o grant.Object) {
	t.Helper()
	client, err := bucket.NewClient(t.Context(), tn.Cloud.As(suite.OperatorAccount))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if err := client.Bucket(tn.OutputsBucket).Object(o.Name()).Delete(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func unzip(t *testing.T, data []byte) io.Reader {
	t.Helper()
	unzipped, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	return unzipped
}

// rowsOf returns the rows of a table of a pulled export.
func rowsOf(t *testing.T, pulled fstest.MapFS, table string) (rows []map[string]any) {
	t.Helper()
	for name, f := range pulled {
		if !strings.HasPrefix(name, table+"/") {
			continue
		}
		lines := bufio.NewScanner(unzip(t, f.Data))
		lines.Buffer(nil, 4<<20)
		for lines.Scan() {
			var row map[string]any
			if err := json.Unmarshal(lines.Bytes(), &row); err != nil {
				t.Fatal(err)
			}
			rows = append(rows, row)
		}
	}
	return rows
}

func TestAnExportHasEveryTableAndVerifiesOffline(t *testing.T) {
	t.Parallel()
	c := cloudtest.New(t, suite.Options{})
	tn := c.Tenant(t)
	run := seed(t, tn)
	tn.Do(t, "admin", http.MethodPut, "/v1/workspaces/prod/assistants/edgar", map[string]any{"name": "Edgar"}).Want(t, http.StatusOK)
	var found struct{ Issues []struct{ ID string } }
	tn.Search(t, "viewer", "/v1/workspaces/prod/issues", "").Want(t, http.StatusOK).JSON(t, &found)
	tn.Do(t, "viewer", http.MethodPost, "/v1/workspaces/prod/issues/"+found.Issues[0].ID+"/ignore",
		map[string]any{"until": c.Clock.Now().Add(24 * time.Hour), "reason": "waits for the new disk"}).Want(t, http.StatusOK)
	e := tn.CreateExport(t, everything)
	c.FinishExports(t)
	if e = tn.Export(t, e.ID); e.State != "done" || e.PartsDone != e.Parts {
		t.Fatalf("the export is %+v\n%s", e, c.Log)
	}
	pulled := tn.PullExport(t, e.ID)
	report, err := manifest.Verify(pulled, tn.ExportKeys(t))
	if err != nil || len(report.Problems) > 0 {
		t.Fatalf("verified with %v, %+v", err, report.Problems)
	}
	for table, want := range map[string]map[string]any{
		"runs":       {"run": run, "task": "dns-check", "outcome": "failure"},
		"sightings":  {"run": run, "line": `{"severity":2,"title":"DNS is slow"}`},
		"samples":    {"run": run, "sli": "latency"},
		"issues":     {"title": "DNS is slow", "line": `{"severity":2,"title":"DNS is slow"}`, "lastRun": run},
		"slis":       {"name": "latency"},
		"assistants": {"assistant": "edgar", "name": "Edgar"},
		"grants":     {"run": run, "state": "stored", "size": 6.0, "subject": "runner@" + string(tn.ID) + ".example"},
	} {
		rows := rowsOf(t, pulled, table)
		if len(rows) != 1 {
			t.Errorf("%s has %d rows, want 1", table, len(rows))
			continue
		}
		for name, value := range want {
			if rows[0][name] != value {
				t.Errorf("%s of %s is %v, want %v", name, table, rows[0][name], value)
			}
		}
	}
	if ignored := rowsOf(t, pulled, "issues")[0]["ignored"].(map[string]any); ignored["reason"] != "waits for the new disk" {
		t.Errorf("the issue is ignored with %v", ignored)
	}
	if rows := rowsOf(t, pulled, "audit"); int64(len(rows)) != report.Manifest.Log.End || len(rows) < 4 {
		t.Errorf("%d audit entries, the manifest says %d", len(rows), report.Manifest.Log.End)
	}
}

func TestAnExportHasWhatWasThereAtItsReadTime(t *testing.T) {
	t.Parallel()
	c := cloudtest.New(t, suite.Options{})
	tn := c.Tenant(t)
	before := seed(t, tn)
	e := tn.CreateExport(t, map[string]any{"kinds": []string{"metadata"}})
	c.RunScheduled(t, "audit-integrator")
	c.Clock.Advance(time.Until(e.ReadTime) + time.Second)
	seed(t, tn) // after the read time
	c.Drain(t)
	pulled := tn.PullExport(t, e.ID)
	if rows := rowsOf(t, pulled, "runs"); len(rows) != 1 || rows[0]["run"] != before {
		t.Errorf("the export has the runs %v, want %s only", rows, before)
	}
}
