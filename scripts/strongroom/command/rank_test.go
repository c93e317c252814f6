package command_test

import (
	"encoding/json"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/suite"
	"github.com/strongroom-dev/strongroom/emulator/vertex"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
)

// rankedNames returns the names of ranked tasks.
func rankedNames(r api.Ranking) (names []string) {
	for _, t := range r.Next.Tasks {
		names = append(names, t.Name)
	}
	return names
}

// reverse answers with the IDs of the tasks that a request has, the last one first.
func reverse(t *testing.T, r vertex.Request) vertex.Answer {
	var payload struct {
		Tasks []struct{ ID string }
	}
	if err := json.Unmarshal([]byte(r.Text), &payload); err != nil {
		t.Error(err)
	}
	var ids []string
	for _, task := range slices.Backward(payload.Tasks) {
		ids = append(ids, task.ID)
	}
	text, _ := json.Marshal(ids)
	return vertex.Answer{Text: string(text)}
}

// TestTheNextTasksAreOrderedByAModel has a cloud of its own, because all tenants share the
// catalog.
func TestTheNextTasksAreOrderedByAModel(t *testing.T) {
	t.Parallel()
	tenant := cloudtest.New(t, suite.Options{}).Tenant(t)
	p := modelProgramsOf(t, tenant)
	p.admin.run(t, "assistant", "set", "oncall", "--name", "Edgar", "--relevance", "0.5").want(t)
	rank := func(flags ...string) result {
		return p.viewer.run(t, append([]string{"assistant", "rank", "oncall"}, flags...)...).want(t)
	}
	wantText(t, rank(), "NEXT", "-- ordered by score: fewer than two of the tasks are in the catalog")
	wantText(t, rank("--preview"), "Nothing would be sent, because there is nothing to send.")
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "codebundles", "dns", "runbook.robot"), robot("Look At DNS Cache", "Look At The Cache", "Restart Pods"))
	staffOf(t, tenant).run(t, "catalog", "import", dir, "--source", source).want(t)
	tenant.Cloud.Clock.Advance(2 * time.Minute) // the catalog is in memory for a minute
	byScore := decode[api.Ranking](t, p.viewer, "assistant", "rank", "oncall", "--json")
	if byScore.OrderedBy != "score" || byScore.Sent != nil || byScore.Fallback == nil || byScore.Fallback.Code != "consent-missing" || len(byScore.Next.Tasks) < 2 {
		t.Fatalf("without consent: %+v", byScore)
	}
	wantText(t, rank(), "-- ordered by score: "+byScore.Fallback.Detail, byScore.Fallback.Errors[0].Message)
	wantText(t, rank("--preview"), "This would be refused.", "missing: the tenant's half", "tasks[].name", "Look At DNS Cache")
	tenant.Consent(t, "rank-next-tasks", "single-tenant")
	wantText(t, rank("--preview", "--destination", "single-tenant"), "This would be sent. Nothing was sent now.")
	if n := len(tenant.Cloud.Vertex.Requests(p.project)); n != 0 {
		t.Fatalf("%d requests were sent", n)
	}
	tenant.Cloud.Vertex.Respond(p.project, func(r vertex.Request) vertex.Answer { return reverse(t, r) })
	byModel, want := decode[api.Ranking](t, p.viewer, "assistant", "rank", "oncall", "--json"), rankedNames(byScore)
	slices.Reverse(want)
	if got := rankedNames(byModel); byModel.OrderedBy != "model" || byModel.Sent == nil || byModel.Fallback != nil || !slices.Equal(got, want) {
		t.Errorf("%+v, want %q", byModel, want)
	}
	shown := rank()
	wantText(t, shown, "By score: Run ", "gemini-3.5-pro (single-tenant) ordered the tasks of the catalog. Check the order. Audit entry ")
	if strings.Index(shown.stdout, want[0]+"\n") > strings.Index(shown.stdout, want[1]+"\n") || strings.Contains(shown.stdout, "ordered by score") {
		t.Errorf("%s, want the order %q", shown.stdout, want)
	}
	tenant.Cloud.Vertex.Respond(p.project, func(vertex.Request) vertex.Answer { return vertex.Answer{Text: "I would restart it."} })
	wantText(t, rank(), "-- ordered by score: ", "gemini-3.5-pro (single-tenant) was asked. Audit entry ")
}
