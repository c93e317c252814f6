package assistantupdate_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"cloud.google.com/go/kms/apiv1/kmspb"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/suite"
	"github.com/strongroom-dev/strongroom/shared/event"
	"github.com/strongroom-dev/strongroom/shared/issue"
	"github.com/strongroom-dev/strongroom/shared/run"
)

const canary = "canary-5f2c"

// canaries are the fields of a line, with the canary in every text, and in a field
// that is not known.
const canaries = `"title":"T canary-5f2c","expected":"E canary-5f2c","actual":"A canary-5f2c","reproduceHint":"R canary-5f2c",` +
	`"nextSteps":"N canary-5f2c","details":"D canary-5f2c","taskName":"K canary-5f2c","taskDoc":"O canary-5f2c","taskStatus":"S canary-5f2c",` +
	`"taskMessage":"M canary-5f2c","observedAt":"V canary-5f2c","metadata":{"summary":"Y canary-5f2c","owner":"W canary-5f2c"},"resource":"Q canary-5f2c","slx":"X canary-5f2c","canary-5f2c":["canary-5f2c"]`

// Law 3: free text is stored only under its tenant's key. Whatever is folded, read and
// set, no document, message or log line has it in plain.
func TestLaw3NoTextIsStoredInPlain(t *testing.T) {
	t.Parallel()
	c := ownCloud(t)
	if c.Firestore == nil {
		t.Skip("the stored documents of Google's emulator cannot be walked")
	}
	watch := c.Watch(canary)
	w := newFixtureFor(t, c.Tenant(t), c.As(suite.OperatorAccount))
	r := runAt(0, run.Failure, canary)
	r.findings[0].line = canaries
	w.storeAndDeliver(t, r)
	again := runAt(1, run.Failure, canary)
	again.findings[0].line = canaries
	w.storeAndDeliver(t, again)
	problems := w.sendCanaries(t)
	w.storeAndDeliver(t, runAt(2, run.Success))

	if text := w.text(t, canary); text.Title != "T "+canary || !strings.Contains(string(text.Line), canaries) {
		t.Fatalf("the issue's text is %q %q", text.Title, text.Line)
	}
	if seen := watch.Search(t, append(problems, w.log.String())...); seen < 15 {
		t.Errorf("only %d documents were searched", seen)
	}
}

// sendCanaries sends requests with the canary in them, and requests about the issue
// that has it. It returns the bodies of the rejections.
func (w *fixture) sendCanaries(t *testing.T) (problems []string) {
	t.Helper()
	at := "/v1/workspaces/" + string(w.Workspace)
	one := at + "/issues/" + string(w.issueID(canary))
	named := map[string]any{"name": canary}
	for _, ask := range []struct {
		persona, method, path string
		body                  any
		shows                 bool
	}{
		{persona: "admin", method: http.MethodPut, path: at + "/assistants/edgar", body: named, shows: true},
		{persona: "viewer", method: http.MethodGet, path: at + "/assistants/edgar", body: nil, shows: true},
		{persona: "viewer", method: http.MethodPost, path: at + "/issues/search", body: map[string]any{}, shows: true},
		{persona: "viewer", method: http.MethodGet, path: one, body: nil, shows: true},
		{persona: "viewer", method: http.MethodPost, path: one + "/investigate", body: nil, shows: false},
		{persona: "viewer", method: http.MethodPost, path: one + "/ignore", body: map[string]any{"until": w.Cloud.Clock.Now().Add(time.Hour)}, shows: false},
		{persona: "viewer", method: http.MethodPost, path: at + "/graph/search", body: map[string]any{}, shows: false},
		{persona: "viewer", method: http.MethodPost, path: "/v1/catalog/tasks/search", body: map[string]any{"query": canary}, shows: false},
	} {
		got := w.Do(t, ask.persona, ask.method, ask.path, ask.body).Want(t, http.StatusOK)
		if strings.Contains(string(got.Body), canary) != ask.shows {
			t.Errorf("%s %s shows %s", ask.method, ask.path, got.Body)
		}
	}
	for _, refused := range []cloudtest.Response{
		w.Do(t, "viewer", http.MethodPut, at+"/assistants/edgar", named).Want(t, http.StatusForbidden),
		w.Do(t, "admin", http.MethodPut, at+"/assistants/edgar", map[string]any{"name": canary, "relevance": canary}).Want(t, http.StatusUnprocessableEntity),
		w.Search(t, "viewer", at+"/issues", "state="+canary).Want(t, http.StatusUnprocessableEntity),
	} {
		problems = append(problems, string(refused.Body))
	}
	return problems
}

func TestLaw3ADisabledKeyDelaysButLosesNothing(t *testing.T) {
	t.Parallel()
	c := cloudtest.Shared(t)
	w := newFixtureFor(t, c.Tenant(t), c.As(suite.OperatorAccount))
	r, other := runAt(0, run.Failure, "a"), runAt(1, run.Success)
	w.storeReports(t, r, other)
	c.SetKeyState(t, w.KeyName, kmspb.CryptoKeyVersion_DISABLED)
	err := w.updater.Handle(t.Context(), w.message(r.id))
	if err == nil || event.IsPermanent(err) || !strings.Contains(err.Error(), "key is not available") {
		t.Fatalf("got %v, want a transient error that names the key", err)
	}
	if i := w.issue(t, "a"); i.Runs != 0 || w.check(t).Runs != 0 || w.countPending(t.Context(), t) != 2 {
		t.Fatalf("something was written without a key: %+v", i)
	}
	c.SetKeyState(t, w.KeyName, kmspb.CryptoKeyVersion_ENABLED)
	if err := w.updater.FoldCheck(t.Context(), w.ID, w.Workspace, issue.NewCheckID("dns-check", resource)); err != nil {
		t.Fatal(err)
	}
	if i := w.issue(t, "a"); i.StoredState != issue.Resolved || w.countPending(t.Context(), t) != 0 || w.text(t, "a").Title != "Title of a" {
		t.Errorf("after the key is enabled again, the issue is %+v", i)
	}
}
