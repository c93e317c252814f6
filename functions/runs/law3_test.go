package runs_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"testing"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/suite"
	"github.com/strongroom-dev/strongroom/shared/issue"
	"github.com/strongroom-dev/strongroom/shared/records"
)

const canary = "canary-7f3a"

// textFields are all keys of free texts in a line, and an unknown key.
var textFields = []string{
	"title", "expected", "actual", "reproduceHint", "reproduce_hint", "nextSteps", "next_steps", "nextStep", "next_step",
	"details", "description", "taskName", "taskDoc", "taskStatus", "taskMessage", "task_name", "task_doc", "task_status", "task_message",
	"resource", "slx", "fingerprint", "unknownKey", "severity", "observedAt", "observed_at",
}

// canaries returns a line with a canary in every text and in a key. With kwargs,
// every text of kwargs, which override the line's own, has a canary too.
func canaries(t *testing.T, kwargs bool) string {
	t.Helper()
	line := fields{"metadata": fields{"summary": canary + "-summary", "owner": canary + "-owner", canary: []string{canary}}, canary + "-key": 1}
	over := fields{"more": canary + "-kwargs"}
	for _, name := range textFields {
		line[name], over[name] = canary+"-"+name, canary+"-kwargs-"+name
	}
	if kwargs {
		line["kwargs"] = over
	}
	text, err := json.Marshal(line)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// Law 3: free text is stored only under its tenant's key. It is not in a document,
// a message or a log line.
func TestLaw3FreeTextIsNowhereInTheClear(t *testing.T) {
	t.Parallel()
	c := cloudtest.New(t, suite.Options{})
	watch := c.Watch(canary)
	tn := c.Tenant(t)
	lines := []string{canaries(t, false), canaries(t, true)}
	body := with(aReport, fields{"issues": []fields{{"line": lines[0]}, {"line": lines[1]}}})
	id := recorded(t, tn, aStart, body)
	early := cloudtest.NewRun(t)
	finish(t, tn, early, body).Want(t, http.StatusOK)
	begin(t, tn, early, aStart).Want(t, http.StatusOK)
	finish(t, tn, id, with(body, fields{"exitCode": 7})).Want(t, http.StatusConflict)
	refused := finish(t, tn, cloudtest.NewRun(t), with(body, oneLine(`{"`+canary+`":`))).Want(t, http.StatusOK)
	for _, run := range []string{id, early} {
		if got := get(t, tn, "/runs/"+run+"/issues").Want(t, http.StatusOK); string(got.Body) != lines[0]+"\n"+lines[1]+"\n" {
			t.Errorf("the lines are %q", got.Body)
		}
	}
	c.Drain(t)
	if seen := watch.Search(t, string(refused.Body)); seen < 8 {
		t.Errorf("only %d documents were searched", seen)
	}
}

// Law 3: a sealed line that was copied to another run, or to another tenant, cannot
// be decrypted there.
func TestLaw3ACopiedLineIsNotReturned(t *testing.T) {
	t.Parallel()
	c := cloudtest.New(t, suite.Options{})
	acme, other := c.Tenant(t), c.Tenant(t)
	from := sightings(t, acme, recorded(t, acme, aStart, aReport))[0]
	for name, tn := range map[string]*cloudtest.Tenant{"another run": acme, "another tenant": other} {
		id := recorded(t, tn, aStart, with(aReport, oneLine(`{"title":"own"}`)))
		record, err := records.Decode[issue.Record](from)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := sightings(t, tn, id)[0].Ref.Set(t.Context(), record); err != nil {
			t.Fatal(err)
		}
		if got := get(t, tn, "/runs/"+id+"/issues"); got.Status != http.StatusInternalServerError || bytes.Contains(got.Body, []byte("DNS")) {
			t.Errorf("%s returned it: %d %s", name, got.Status, got.Body)
		}
	}
}
