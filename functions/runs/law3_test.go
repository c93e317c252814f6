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

// textFields are all the keys that a line may have a free text under, and one
// that nobody knows.
var textFields = []string{
	"title", "expected", "actual", "reproduceHint", "reproduce_hint", "nextSteps", "next_steps", "nextStep", "next_step",
	"details", "description", "taskName", "taskDoc", "taskStatus", "taskMessage", "task_name", "task_doc", "task_status", "task_message",
	"resource", "slx", "fingerprint", "unknownKey", "severity", "observedAt", "observed_at",
}

// canaries is a line with a canary in every text, and in a key; with kwargs it
// also has one in every text of them, which go before the line's own.
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

// Law 3: free text rests under its tenant's key, and nowhere else: not in a
// document, a message or a log line.
func TestLaw3FreeTextIsNowhereInTheClear(t *testing.T) {
	t.Parallel()
	c := cloudtest.New(t, suite.Options{})
	watch := c.Watch(canary)
	tn := c.Tenant(t)
	lines := []string{canaries(t, false), canaries(t, true)}
	body := with(aReport, fields{"issues": []fields{{"line": lines[0]}, {"line": lines[1]}}})
	id := recorded(t, tn, aStart, body)
	late := cloudtest.NewRun(t)
	finish(t, tn, late, body).Want(t, http.StatusOK)
	begin(t, tn, late, aStart).Want(t, http.StatusOK)
	finish(t, tn, id, with(body, fields{"exitCode": 7})).Want(t, http.StatusConflict)
	refused := finish(t, tn, id, with(body, oneLine(`{"`+canary+`":`))).Want(t, http.StatusUnprocessableEntity)
	for _, run := range []string{id, late} {
		if got := get(t, tn, "/runs/"+run+"/issues").Want(t, http.StatusOK); string(got.Body) != lines[0]+"\n"+lines[1]+"\n" {
			t.Errorf("it came back as %q", got.Body)
		}
	}
	c.Drain(t)
	if seen := watch.Search(t, string(refused.Body)); seen < 8 {
		t.Errorf("only %d documents were looked into", seen)
	}
}

// Law 3: a sealed line that was put below another run, or another tenant's,
// does not open there.
func TestLaw3ALineThatWasMovedIsNotGivenOut(t *testing.T) {
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
			t.Errorf("below %s it was given out: %d %s", name, got.Status, got.Body)
		}
	}
}
