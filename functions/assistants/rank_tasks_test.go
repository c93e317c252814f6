package assistants_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/strongroom-dev/strongroom/emulator/vertex"
	"github.com/strongroom-dev/strongroom/shared/consent"
)

// ranked is the answer of rank.
type ranked struct {
	Next struct {
		Tasks []struct{ ID, Name string }
	}
	OrderedBy string
	Sent      *sent
	Fallback  *problem
}

func (r ranked) names() (names []string) {
	for _, t := range r.Next.Tasks {
		names = append(names, t.Name)
	}
	return names
}

// TestAPreviewOfNothingShowsNothing previews orders of no task and of one, which nobody
// would be asked for.
func TestAPreviewOfNothingShowsNothing(t *testing.T) {
	t.Parallel()
	c := ownCloud(t)
	f := newModelFixture(t, c, consent.RankNextTasks)
	path := f.base + "/assistants/edgar/rank/preview"
	for suggested, tasks := range [][]map[string]any{nil, community[:1]} {
		if len(tasks) > 0 {
			uploadTasks(t, c, tasks)
		}
		var p preview
		f.Do(t, "viewer", http.MethodGet, path, nil).Want(t, http.StatusOK).JSON(t, &p)
		if diff := cmp.Diff(preview{Destination: "single-tenant", Missing: p.Missing, Fields: p.Fields}, p); diff != "" || len(p.Missing)+len(p.Fields) > 0 {
			t.Errorf("%d suggested tasks:\n%s", suggested, diff)
		}
	}
}

func (f modelFixture) rank(t testing.TB) (r ranked) {
	t.Helper()
	f.Do(t, "viewer", http.MethodPost, f.base+"/assistants/edgar/rank", map[string]any{}).Want(t, http.StatusOK).JSON(t, &r)
	return r
}

// TestNextTasksAreRankedByTheirPublicNames uses a cloud of its own, because all tenants of
// a cloud share the catalog.
func TestNextTasksAreRankedByTheirPublicNames(t *testing.T) {
	t.Parallel()
	c := ownCloud(t)
	f := newModelFixture(t, c)
	uploadTasks(t, c, community)
	f.issue = cartIssue
	f.issue.steps += "\nCheck readiness probe configuration\ndns-check"
	f.storeIssues(t, f.issue)
	f.setEdgar(t, 0.5, "read-write")
	byScore := f.rank(t)
	if byScore.OrderedBy != "score" || byScore.Fallback == nil || byScore.Fallback.Code != string(consent.CodeNoConsent) || len(byScore.Next.Tasks) < 3 {
		t.Fatalf("without consent: %+v", byScore)
	}
	f.Consent(t, consent.RankNextTasks, consent.SingleTenant)
	for name, row := range map[string]struct {
		answer func(ids []string) string
		model  bool // the order is the model's
	}{
		"the reverse order": {func(ids []string) string { slices.Reverse(ids); return array(ids) }, true},
		"a code block with other IDs, twice": {func(ids []string) string {
			slices.Reverse(ids)
			return "```json\n" + array(append([]string{"rm -rf /", ids[0]}, ids...)) + "\n```"
		}, true},
		"no JSON":          {func([]string) string { return "I would restart it." }, false},
		"only other IDs":   {func([]string) string { return `["a","b"]` }, false},
		"another document": {func([]string) string { return `{"order":[]}` }, false},
	} {
		f.Cloud.Vertex.Respond(f.project, func(r vertex.Request) vertex.Answer {
			return vertex.Answer{Text: row.answer(sentIDs(t, r))}
		})
		got := f.rank(t)
		want := byScore.names()
		if row.model {
			want = reverseCatalogTasks(byScore)
		}
		if diff := cmp.Diff(want, got.names()); diff != "" || (got.OrderedBy == "model") != row.model || (got.Fallback == nil) != row.model || got.Sent == nil {
			t.Errorf("%s: %+v\n%s", name, got, diff)
		}
	}
	f.answer(vertex.Answer{Status: 500})
	if got := f.rank(t); got.OrderedBy != "score" || got.Fallback == nil || got.Fallback.Code != string(consent.CodeUnavailable) {
		t.Errorf("the model fails: %+v", got)
	}
	for _, r := range f.Cloud.Vertex.Requests(f.project) {
		for _, private := range []string{"cart", "shop", "dns-check", f.issue.id()} {
			if strings.Contains(r.Text, private) {
				t.Errorf("the model was sent %q: %s", private, r.Text)
			}
		}
	}
}

func array(ids []string) string {
	text, _ := json.Marshal(ids)
	return string(text)
}

// sentIDs returns the IDs in the payload of a request.
func sentIDs(t *testing.T, r vertex.Request) (ids []string) {
	var payload struct {
		Tasks []struct{ ID string }
	}
	if err := json.Unmarshal([]byte(r.Text), &payload); err != nil {
		t.Error(err)
	}
	for _, task := range payload.Tasks {
		ids = append(ids, task.ID)
	}
	return ids
}

// reverseCatalogTasks reverses the tasks of the catalog among their places.
func reverseCatalogTasks(r ranked) []string {
	names, public := r.names(), []string{}
	for _, t := range r.Next.Tasks {
		if t.ID != "" {
			public = append(public, t.Name)
		}
	}
	for i, t := range r.Next.Tasks {
		if t.ID != "" {
			names[i], public = public[len(public)-1], public[:len(public)-1]
		}
	}
	return names
}
