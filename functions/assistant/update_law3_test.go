package assistant_test

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

// canaries has one in every text that a line may have, and under a key that
// nobody knows.
const canaries = `"title":"T canary-5f2c","expected":"E canary-5f2c","actual":"A canary-5f2c","reproduceHint":"R canary-5f2c",` +
	`"nextSteps":"N canary-5f2c","details":"D canary-5f2c","taskName":"K canary-5f2c","taskDoc":"O canary-5f2c","taskStatus":"S canary-5f2c",` +
	`"taskMessage":"M canary-5f2c","observedAt":"V canary-5f2c","metadata":{"summary":"Y canary-5f2c","owner":"W canary-5f2c"},"resource":"Q canary-5f2c","slx":"X canary-5f2c","canary-5f2c":["canary-5f2c"]`

// Law 3: free text rests under its tenant's key and nowhere else, whatever is
// folded, asked and said: not in a document, a message or a log line.
func TestLaw3NoTextIsInTheClear(t *testing.T) {
	t.Parallel()
	c := ownCloud(t)
	if c.Firestore == nil {
		t.Skip("the stored documents of Google's emulator cannot be walked")
	}
	watch := c.Watch(canary)
	w := newWorldOf(t, c.Tenant(t), c.As(suite.OperatorAccount))
	r := at(0, run.Failure, canary)
	r.found[0].line = canaries
	w.reportAndDeliver(t, r)
	again := at(1, run.Failure, canary)
	again.found[0].line = canaries
	w.reportAndDeliver(t, again)
	problems := w.askForCanaries(t)
	w.reportAndDeliver(t, at(2, run.Success))

	if text := w.text(t, canary); text.Title != "T "+canary || !strings.Contains(string(text.Line), canaries) {
		t.Fatalf("the issue's text is %q %q", text.Title, text.Line)
	}
	if seen := watch.Search(t, append(problems, w.log.String())...); seen < 15 {
		t.Errorf("only %d documents were looked into", seen)
	}
}

// askForCanaries has people read and act upon what has canaries in it, name an
// assistant so, and search for one. It gives the refusals.
func (w *world) askForCanaries(t *testing.T) (problems []string) {
	t.Helper()
	at := "/v1/workspaces/" + string(w.Workspace)
	one := at + "/issues/" + string(w.issueID(canary))
	named := map[string]any{"name": canary}
	for _, ask := range []struct {
		persona, method, path string
		body                  any
		shows                 bool
	}{
		{"admin", http.MethodPut, at + "/assistants/edgar", named, true},
		{"viewer", http.MethodGet, at + "/assistants/edgar", nil, true},
		{"viewer", http.MethodGet, at + "/issues", nil, true},
		{"viewer", http.MethodGet, one, nil, true},
		{"viewer", http.MethodPost, one + "/investigate", nil, false},
		{"viewer", http.MethodPost, one + "/ignore", until(w.Cloud.Clock.Now().Add(time.Hour)), false},
		{"viewer", http.MethodGet, at + "/graph", nil, false},
		{"viewer", http.MethodGet, "/v1/catalog/tasks?query=" + canary, nil, false},
	} {
		got := w.Do(t, ask.persona, ask.method, ask.path, ask.body).Want(t, http.StatusOK)
		if strings.Contains(string(got.Body), canary) != ask.shows {
			t.Errorf("%s %s shows %s", ask.method, ask.path, got.Body)
		}
	}
	for _, refused := range []cloudtest.Response{
		w.Do(t, "viewer", http.MethodPut, at+"/assistants/edgar", named).Want(t, http.StatusForbidden),
		w.Do(t, "admin", http.MethodPut, at+"/assistants/edgar", map[string]any{"name": canary, "relevance": canary}).Want(t, http.StatusUnprocessableEntity),
		w.Do(t, "viewer", http.MethodGet, at+"/issues?state="+canary, nil).Want(t, http.StatusUnprocessableEntity),
	} {
		problems = append(problems, string(refused.Body))
	}
	return problems
}

func TestLaw3ADisabledKeyDelaysButLosesNothing(t *testing.T) {
	t.Parallel()
	c := cloudtest.Shared(t)
	w := newWorldOf(t, c.Tenant(t), c.As(suite.OperatorAccount))
	r, other := at(0, run.Failure, "a"), at(1, run.Success)
	w.report(t, r, other)
	c.SwitchKey(t, w.KeyName, kmspb.CryptoKeyVersion_DISABLED)
	err := w.updater.Handle(t.Context(), w.message(r.id))
	if err == nil || event.IsPermanent(err) || !strings.Contains(err.Error(), "key is not available") {
		t.Fatalf("got %v, want a fault that may pass and names the key", err)
	}
	if i := w.issue(t, "a"); i.Runs != 0 || w.check(t).Runs != 0 || w.pending(t.Context(), t) != 2 {
		t.Fatalf("something was written without a key: %+v", i)
	}
	c.SwitchKey(t, w.KeyName, kmspb.CryptoKeyVersion_ENABLED)
	if err := w.updater.FoldCheck(t.Context(), w.ID, w.Workspace, issue.NewCheckID("dns-check", resource)); err != nil {
		t.Fatal(err)
	}
	if i := w.issue(t, "a"); i.StoredState != issue.Resolved || w.pending(t.Context(), t) != 0 || w.text(t, "a").Title != "Title of a" {
		t.Errorf("after the key is back it is %+v", i)
	}
}
