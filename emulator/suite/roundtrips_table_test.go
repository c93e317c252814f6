package suite_test

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/shared/issue"
)

// operationCost is how many calls an operation may make, when its function is warm. It is
// the product's promise: infra/adr/0054-round-trips.md and 0065 say what each number buys.
type operationCost struct {
	function string
	depth    int   // calls that wait for each other
	reads    int64 // documents that Firestore bills
	writes   int64

	undelivered string                                     // function whose messages the operation itself is; empty: assistant-update
	setup       func(testing.TB, *cloudtest.Tenant)        // runs once; nil: nothing
	prepare     func(testing.TB, *cloudtest.Tenant) costed // runs before each attempt
}

// costed is one operation: a request of a persona, or a message of Pub/Sub.
type costed struct {
	persona, method, path string
	body                  any
	header                []string          // names and values
	attributes            map[string]string // of a message, whose data is body; nil: a request
}

// operationCosts are the operations that happen most. The comments have the depth that
// would be possible, where it is less.
var operationCosts = map[string]operationCost{
	// Runners.
	"start a run": {function: "runs", depth: 1, reads: 0, writes: 3, prepare: func(t testing.TB, tn *cloudtest.Tenant) costed {
		return costed{persona: "runner", method: http.MethodPut, path: tn.RunPath(cloudtest.NewRun(t)), body: startOf("dns-check")}
	}},
	"start a run after its first part": {function: "runs", depth: 3, reads: 2, writes: 2, prepare: func(t testing.TB, tn *cloudtest.Tenant) costed {
		id := cloudtest.NewRun(t)
		tn.Mint(t, id, cloudtest.PartOf("stdout.log", 1, []byte("a\n")))
		return costed{persona: "runner", method: http.MethodPut, path: tn.RunPath(id), body: startOf("dns-check")}
	}},
	"mint the URL of one part": {function: "uploads", depth: 2, reads: 1, writes: 2, prepare: func(t testing.TB, tn *cloudtest.Tenant) costed {
		return costed{persona: "runner", method: http.MethodPost, path: tn.RunPath(startedRun(t, tn)) + "/uploads", body: partsOf(1)}
	}},
	"mint the URLs of 100 parts": {function: "uploads", depth: 2, reads: 1, writes: 101, prepare: func(t testing.TB, tn *cloudtest.Tenant) costed {
		return costed{persona: "runner", method: http.MethodPost, path: tn.RunPath(startedRun(t, tn)) + "/uploads", body: partsOf(100)}
	}},
	"mint before the start": {function: "uploads", depth: 3, reads: 2, writes: 4, prepare: func(t testing.TB, tn *cloudtest.Tenant) costed {
		return costed{persona: "runner", method: http.MethodPost, path: tn.RunPath(cloudtest.NewRun(t)) + "/uploads", body: partsOf(1)}
	}},
	"report a run": {function: "runs", depth: 3, reads: 1, writes: 3, prepare: func(t testing.TB, tn *cloudtest.Tenant) costed {
		return costed{persona: "runner", method: http.MethodPost, path: tn.RunPath(startedRun(t, tn)) + "/report", body: reportOf(0)}
	}},
	"report 50 issues": {function: "runs", depth: 3, reads: 1, writes: 53, prepare: func(t testing.TB, tn *cloudtest.Tenant) costed {
		return costed{persona: "runner", method: http.MethodPost, path: tn.RunPath(startedRun(t, tn)) + "/report", body: reportOf(50)}
	}},
	"say that a run is alive": {function: "runs", depth: 2, reads: 1, writes: 1, prepare: func(t testing.TB, tn *cloudtest.Tenant) costed {
		return costed{persona: "runner", method: http.MethodPost, path: tn.RunPath(startedRun(t, tn)) + "/heartbeat"}
	}},

	// People.
	"show a run": {function: "runs", depth: 1, reads: 3, writes: 0, prepare: func(t testing.TB, tn *cloudtest.Tenant) costed {
		return costed{persona: "viewer", method: http.MethodGet, path: tn.RunPath(startedRun(t, tn))}
	}},
	"list runs": {function: "runs", depth: 1, reads: 53, writes: 0, setup: started(55), prepare: func(_ testing.TB, tn *cloudtest.Tenant) costed {
		return costed{persona: "viewer", method: http.MethodPost, path: workspaceOf(tn) + "/runs/search", body: map[string]any{}}
	}},
	"list the outputs of a run": {function: "outputs", depth: 1, reads: 4, writes: 0, prepare: func(t testing.TB, tn *cloudtest.Tenant) costed {
		id := startedRun(t, tn)
		tn.Mint(t, id, cloudtest.PartOf("stdout.log", 1, []byte("a\n")))
		return costed{persona: "viewer", method: http.MethodGet, path: tn.RunPath(id) + "/outputs"}
	}},
	"view an output":                             {function: "outputs", depth: 3, reads: 4, writes: 2, prepare: viewed(1, "")},
	"view 2 bytes of the 50th part":              {function: "outputs", depth: 4, reads: 103, writes: 2, prepare: viewed(100, "bytes=98-99")},
	"view a line of the 50th part":               {function: "outputs", depth: 13, reads: 103, writes: 52, prepare: viewed(100, "lines=50-50")},
	"view 100 parts":                             {function: "outputs", depth: 6, reads: 103, writes: 2, prepare: viewed(100, "")},
	"view 1,000 parts":                           {function: "outputs", depth: 20, reads: 1003, writes: 2, prepare: once(viewed(1000, ""))},
	"list a page of issues":                      {function: "assistants", depth: 2, reads: 62, writes: 1, undelivered: "none", setup: withIssues(55), prepare: searchedIssues},
	"list no issues":                             {function: "assistants", depth: 2, reads: 13, writes: 1, prepare: searchedIssues},
	"ask an assistant about issues":              {function: "assistants", depth: 3, reads: 31, writes: 1, undelivered: "none", setup: both(withAssistant, withIssues(55)), prepare: askedEdgar},
	"ask an assistant about a healthy workspace": {function: "assistants", depth: 3, reads: 19, writes: 1, setup: withAssistant, prepare: askedEdgar},

	// Events and schedules.
	"take an object into custody":              {function: "custody", depth: 2, reads: 1, writes: 1, undelivered: "custody", prepare: uploaded},
	"update the check of a run without issues": {function: "assistant-update", depth: 3, reads: 4, writes: 3, prepare: reported(0)},
	"update the issues of a run with 50":       {function: "assistant-update", depth: 4, reads: 56, writes: 53, prepare: reported(50)},
	"sweep without work": {function: "sweep", depth: 2, reads: 8, writes: 0, prepare: func(testing.TB, *cloudtest.Tenant) costed {
		return costed{method: http.MethodPost, path: "/"}
	}},
	"sweep 20 ended runs": {function: "sweep", depth: 5, reads: 70, writes: 40, prepare: func(t testing.TB, tn *cloudtest.Tenant) costed {
		for range 20 {
			tn.Store(t, startedRun(t, tn), "stdout.log", []byte("a\n"))
		}
		return costed{method: http.MethodPost, path: "/"}
	}},
}

func workspaceOf(tn *cloudtest.Tenant) string { return "/v1/workspaces/" + string(tn.Workspace) }

// started starts n runs.
func started(n int) func(testing.TB, *cloudtest.Tenant) {
	return func(t testing.TB, tn *cloudtest.Tenant) {
		for range n {
			startedRun(t, tn)
		}
	}
}

// withIssues stores n issues.
func withIssues(n int) func(testing.TB, *cloudtest.Tenant) {
	return func(t testing.TB, tn *cloudtest.Tenant) {
		tn.Do(t, "runner", http.MethodPost, tn.RunPath(startedRun(t, tn))+"/report", reportOf(n)).Want(t, http.StatusOK)
		tn.Cloud.Drain(t)
	}
}

func withAssistant(t testing.TB, tn *cloudtest.Tenant) {
	tn.Do(t, "admin", http.MethodPut, workspaceOf(tn)+"/assistants/edgar", anAssistant).Want(t, http.StatusOK)
}

func both(first, second func(testing.TB, *cloudtest.Tenant)) func(testing.TB, *cloudtest.Tenant) {
	return func(t testing.TB, tn *cloudtest.Tenant) {
		first(t, tn)
		second(t, tn)
	}
}

func searchedIssues(_ testing.TB, tn *cloudtest.Tenant) costed {
	return costed{persona: "viewer", method: http.MethodPost, path: workspaceOf(tn) + "/issues/search", body: map[string]any{}}
}

func askedEdgar(_ testing.TB, tn *cloudtest.Tenant) costed {
	return costed{persona: "viewer", method: http.MethodGet, path: workspaceOf(tn) + "/assistants/edgar"}
}

// viewed stores an output of n parts, and reads it, or a range of it.
func viewed(n int, selection string) func(testing.TB, *cloudtest.Tenant) costed {
	return func(t testing.TB, tn *cloudtest.Tenant) costed {
		id, data := startedRun(t, tn), []byte("a\n")
		for first := 1; first <= n; first += 100 { // of one mint
			var parts []cloudtest.Part
			for part := first; part <= min(n, first+99); part++ {
				parts = append(parts, cloudtest.PartOf("stdout.log", part, data))
			}
			for _, u := range tn.Mint(t, id, parts...) {
				u.Put(t, data).Want(t, http.StatusOK)
			}
		}
		a := costed{persona: "viewer", method: http.MethodGet, path: tn.RunPath(id) + "/outputs/stdout.log"}
		if strings.HasPrefix(selection, "bytes=") {
			a.header = []string{"Range", selection}
		} else if selection != "" {
			a.path += "?" + selection
		}
		return a
	}
}

// once prepares an operation for the first attempt only.
func once(prepare func(testing.TB, *cloudtest.Tenant) costed) func(testing.TB, *cloudtest.Tenant) costed {
	prepared := map[*cloudtest.Tenant]costed{}
	return func(t testing.TB, tn *cloudtest.Tenant) costed {
		if _, ok := prepared[tn]; !ok {
			prepared[tn] = prepare(t, tn)
		}
		return prepared[tn]
	}
}

// uploaded is the notification of a bucket that the object of a part is complete.
func uploaded(t testing.TB, tn *cloudtest.Tenant) costed {
	id, data := startedRun(t, tn), []byte("a\n")
	tn.Mint(t, id, cloudtest.PartOf("stdout.log", 1, data))
	name := fmt.Sprintf("%s/%s/stdout.log/00001", tn.Workspace, id)
	return costed{
		attributes: map[string]string{"eventType": "OBJECT_FINALIZE", "bucketId": tn.OutputsBucket, "objectId": name},
		body: map[string]any{
			"bucket": tn.OutputsBucket, "name": name, "generation": "1", "size": fmt.Sprint(len(data)),
			"crc32c": cloudtest.CRC32C(data), "contentType": "text/plain", "timeCreated": time.Now().UTC(),
		},
	}
}

// reported is the event that a run with n issues has ended. Each run is of another check.
func reported(n int) func(testing.TB, *cloudtest.Tenant) costed {
	return func(t testing.TB, tn *cloudtest.Tenant) costed {
		id, task := cloudtest.NewRun(t), rand.Text()
		tn.Do(t, "runner", http.MethodPut, tn.RunPath(id), startOf(task)).Want(t, http.StatusOK)
		tn.Do(t, "runner", http.MethodPost, tn.RunPath(id)+"/report", reportOf(n)).Want(t, http.StatusOK)
		return costed{attributes: map[string]string{
			"tenant": string(tn.ID), "workspace": string(tn.Workspace), "run": id, "kind": "run.ended", "entry": "run.ended-" + id,
			"check": string(issue.NewCheckID(task, "")),
		}}
	}
}

func startOf(task string) map[string]any {
	return map[string]any{"task": task, "start": time.Now().UTC()}
}

// startedRun returns a run that has started.
func startedRun(t testing.TB, tn *cloudtest.Tenant) string {
	t.Helper()
	id := cloudtest.NewRun(t)
	tn.Do(t, "runner", http.MethodPut, tn.RunPath(id), startOf("dns-check")).Want(t, http.StatusOK)
	return id
}

// reportOf returns a report with n issues.
func reportOf(n int) map[string]any {
	issues := make([]map[string]any, n)
	for i := range issues {
		issues[i] = map[string]any{"line": fmt.Sprintf(`{"severity":2,"title":"disk %c%c of the server is full"}`, 'a'+i/26, 'a'+i%26)}
	}
	return map[string]any{"end": time.Now().UTC(), "outcome": "failure", "exitCode": 1, "issues": issues}
}

func partsOf(n int) map[string]any {
	parts := make([]cloudtest.Part, n)
	for i := range parts {
		parts[i] = cloudtest.PartOf("stdout.log", i+1, []byte("a\n"))
	}
	return map[string]any{"parts": parts}
}

// message returns the push of a message.
func (a costed) message(t testing.TB) map[string]any {
	t.Helper()
	data, err := json.Marshal(a.body)
	if err != nil {
		t.Fatal(err)
	}
	return map[string]any{"subscription": "s", "message": map[string]any{
		"messageId": rand.Text(), "publishTime": time.Now().UTC(), "attributes": a.attributes, "data": base64.StdEncoding.EncodeToString(data),
	}}
}
