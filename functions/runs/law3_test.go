package runs_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"testing"

	"cloud.google.com/go/firestore/apiv1/firestorepb"
	"google.golang.org/protobuf/encoding/protojson"

	"github.com/strongroom-dev/strongroom/emulator/cloud"
	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/shared/issue"
)

const canary = "canary-7f3a"

// textFields are all the keys that a line may have a free text under, and one
// that nobody knows.
var textFields = []string{
	"title", "expected", "actual", "reproduceHint", "reproduce_hint", "nextSteps", "next_steps", "nextStep", "next_step",
	"details", "description", "taskName", "taskDoc", "taskStatus", "taskMessage", "resource", "slx", "fingerprint", "unknownKey",
}

// canaries is a line with a canary in every text, and in a key.
func canaries(t *testing.T) string {
	t.Helper()
	line := fields{"severity": 1, "metadata": fields{"summary": canary + "-summary"}, "kwargs": fields{"more": canary + "-kwargs"}, canary + "-key": 1}
	for _, name := range textFields {
		line[name] = canary + "-" + name
	}
	text, err := json.Marshal(line)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// shapes are the canary as it could be hidden.
func shapes() [][]byte {
	raw := []byte(canary)
	all := [][]byte{raw, []byte(hex.EncodeToString(raw))}
	for cut := range 3 { // base64 of it, wherever it begins
		text := base64.StdEncoding.EncodeToString(raw[cut : len(raw)-(len(raw)-cut)%3])
		all = append(all, []byte(text))
	}
	return all
}

// Law 3: free text rests under its tenant's key, and nowhere else: not in a
// document, a message or a log line.
func TestLaw3FreeTextIsNowhereInTheClear(t *testing.T) {
	t.Parallel()
	c := cloudtest.New(t, cloud.Options{})
	var mu sync.Mutex
	var messages strings.Builder
	c.PubSub.Published(func(_ string, data []byte, attributes map[string]string) {
		mu.Lock()
		defer mu.Unlock()
		text, _ := json.Marshal(attributes)
		messages.Write(data)
		messages.Write(text)
	})
	tn := c.Tenant(t)
	line := canaries(t)
	body := with(aReport, oneLine(line))
	id := recorded(t, tn, aStart, body)
	late := cloudtest.NewRun(t)
	finish(t, tn, late, body).Want(t, http.StatusOK)
	begin(t, tn, late, aStart).Want(t, http.StatusOK)
	finish(t, tn, id, with(body, fields{"exitCode": 7})).Want(t, http.StatusConflict)
	refused := finish(t, tn, id, with(body, oneLine(`{"`+canary+`":`))).Want(t, http.StatusUnprocessableEntity)
	if bytes.Contains(refused.Body, []byte(canary)) {
		t.Errorf("a refusal repeats what was sent: %s", refused.Body)
	}
	for _, run := range []string{id, late} {
		if got := get(t, tn, "/runs/"+run+"/issues").Want(t, http.StatusOK); string(got.Body) != line+"\n" {
			t.Errorf("it came back as %q", got.Body)
		}
	}
	c.Drain(t)
	seen := 0
	c.Firestore.Walk(func(_, document string, values map[string]*firestorepb.Value) bool {
		seen++
		checkClear(t, "document "+document, plainly(t, values))
		return true
	})
	if seen < 8 {
		t.Errorf("only %d documents were looked into", seen)
	}
	checkClear(t, "the log", []byte(c.Log.String()))
	checkClear(t, "messages", []byte(messages.String()))
}

// plainly is a document's fields as text, and its bytes as they are.
func plainly(t *testing.T, values map[string]*firestorepb.Value) []byte {
	t.Helper()
	var all []byte
	for name, value := range values {
		text, err := protojson.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		all = append(append(append(all, name...), text...), value.GetBytesValue()...)
	}
	return all
}

func checkClear(t *testing.T, where string, text []byte) {
	t.Helper()
	for _, shape := range shapes() {
		if at := bytes.Index(text, shape); at >= 0 {
			t.Errorf("%s has the canary: %.200q", where, text[at:])
		}
	}
}

// Law 3: a sealed line that was put below another run, or another tenant's,
// does not open there.
func TestLaw3ALineThatWasMovedIsNotGivenOut(t *testing.T) {
	t.Parallel()
	c := cloudtest.New(t, cloud.Options{})
	acme, other := c.Tenant(t), c.Tenant(t)
	from := sightings(t, acme, recorded(t, acme, aStart, aReport))[0]
	for name, tn := range map[string]*cloudtest.Tenant{"another run": acme, "another tenant": other} {
		id := recorded(t, tn, aStart, with(aReport, oneLine(`{"title":"own"}`)))
		record, err := issue.Decode[issue.Record](from)
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
