package main

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"testing"
	"time"

	"cloud.google.com/go/firestore"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/iam"
	"github.com/strongroom-dev/strongroom/emulator/pubsub"
	"github.com/strongroom-dev/strongroom/emulator/suite"
	"github.com/strongroom-dev/strongroom/shared/grant"
	"github.com/strongroom-dev/strongroom/shared/records"
	runs "github.com/strongroom-dev/strongroom/shared/run"
)

func TestWhatIsPackedAnswersRightly(t *testing.T) {
	t.Parallel()
	eachProgram(t, func(t *testing.T, name string, built program) {
		runnable(t)
		c := cloudtest.New(t, suite.Options{})
		tn := c.Tenant(t)
		p := start(t, built.path, c.FunctionEnviron(name))
		listens := time.Since(p.began)
		answers := p.first(t, name, tn)
		t.Logf("%s: zip %.2f MB, program %.1f MB, listens after %d ms, first answer after %d ms",
			name, float64(built.archive.Bytes)/1e6, float64(built.bytes)/1e6, listens.Milliseconds(), answers.Milliseconds())
		if answer := rightAnswers[name]; answer != nil {
			answer(t, p, c, tn)
		}
	})
}

// rightAnswers try the main purpose of a function. A function without an entry is
// right if its first response is: its own tests cover the code, and this test only
// covers the package.
var rightAnswers = map[string]func(*testing.T, *process, *cloudtest.Cloud, *cloudtest.Tenant){
	"uploads": uploadsMints, "runs": runsRecords, "outputs": outputsStreams, "custody": custodyKeeps, "sweep": sweepExpires,
	"assistant-update": assistantUpdateFolds, "assistants": assistantsList, "reseal": resealAnswers,
	"replay": replaySends, "catalog": catalogStores,
}

// uploadsMints has the bucket take what a minted URL permits.
func uploadsMints(t *testing.T, p *process, _ *cloudtest.Cloud, tn *cloudtest.Tenant) {
	data := []byte("one line\n")
	var minted struct{ Parts []cloudtest.Upload }
	p.do(t, tn.Token(t, "runner"), http.MethodPost, tn.RunPath(cloudtest.NewRun(t))+"/uploads", oneUpload(data)).
		Want(t, http.StatusOK).JSON(t, &minted)
	if len(minted.Parts) != 1 {
		t.Fatalf("minted %+v", minted)
	}
	minted.Parts[0].Put(t, []byte("other data"), "Content-Type", "text/html").Want(t, http.StatusForbidden)
	minted.Parts[0].Put(t, data).Want(t, http.StatusOK)
}

// runsRecords has a run's start given back.
func runsRecords(t *testing.T, p *process, _ *cloudtest.Cloud, tn *cloudtest.Tenant) {
	id := cloudtest.NewRun(t)
	p.do(t, tn.Token(t, "runner"), http.MethodPut, tn.RunPath(id), aStart()).Want(t, http.StatusOK)
	var got struct{ ID, Task, State string }
	p.do(t, tn.Token(t, "viewer"), http.MethodGet, tn.RunPath(id), nil).Want(t, http.StatusOK).JSON(t, &got)
	if got.ID != id || got.Task != "dns-check" || got.State != "running" {
		t.Errorf("the run is %+v", got)
	}
	p.do(t, tn.Token(t, "runner"), http.MethodGet, tn.RunPath(id), nil).Want(t, http.StatusForbidden)
}

// outputsStreams has a range of a stored output that goes over two parts.
func outputsStreams(t *testing.T, p *process, _ *cloudtest.Cloud, tn *cloudtest.Tenant) {
	id := cloudtest.NewRun(t)
	tn.Store(t, id, "stdout.log", bytes.Repeat([]byte("first\n"), 100), bytes.Repeat([]byte("second\n"), 100))
	got := p.do(t, tn.Token(t, "viewer"), http.MethodGet, tn.RunPath(id)+"/outputs/stdout.log", nil, "Range", "bytes=588-613").
		Want(t, http.StatusPartialContent)
	if want := "first\nfirst\nsecond\nsecond\n"; string(got.Body) != want || got.Header.Get("Content-Range") != "bytes 588-613/1300" {
		t.Errorf("got %q of %q, want %q", got.Body, got.Header.Get("Content-Range"), want)
	}
}

// custodyKeeps has a bucket's notification make a grant stored.
func custodyKeeps(t *testing.T, p *process, c *cloudtest.Cloud, tn *cloudtest.Tenant) {
	answers := takeOver(t, p, c, "custody")
	id, data := cloudtest.NewRun(t), []byte("kept\n")
	tn.Mint(t, id, cloudtest.PartOf("stdout.log", 1, data))[0].Put(t, data).Want(t, http.StatusOK)
	if status := <-answers; status/100 != 2 {
		t.Errorf("the process answered the push by %d", status)
	}
	if got := readGrant(t, c, tn, id); got.State != grant.Stored || got.Stored == nil || got.Stored.Size != int64(len(data)) {
		t.Errorf("the grant is %+v", got)
	}
}

// takeOver makes Pub/Sub push the function's messages to the process instead of
// the embedded function. It returns the statuses of the process's responses.
func takeOver(t *testing.T, p *process, c *cloudtest.Cloud, function string) <-chan int {
	t.Helper()
	err := c.IAM.Unbind(iam.Binding{Member: suite.Account("pubsub-push"), Role: "roles/run.invoker", Resource: "functions/" + function})
	if err != nil {
		t.Fatal(err)
	}
	endpoint, answers := watched(t, p)
	if err := c.PubSub.Push(t.Context(), pubsub.Subscription{
		ID: "packed-" + function, Topic: c.Suite.Functions[function].Topic, Endpoint: endpoint,
	}); err != nil {
		t.Fatal(err)
	}
	return answers
}

// assistantUpdateFolds has a run's report become an issue.
func assistantUpdateFolds(t *testing.T, p *process, c *cloudtest.Cloud, tn *cloudtest.Tenant) {
	answers := takeOver(t, p, c, "assistant-update")
	reportIssue(t, tn)
	if status := <-answers; status/100 != 2 {
		t.Errorf("the process answered the push by %d", status)
	}
	wantIssue(t, tn.Search(t, "viewer", "/v1/workspaces/"+string(tn.Workspace)+"/issues", ""))
}

// assistantsList has the issue of a run's report listed.
func assistantsList(t *testing.T, p *process, c *cloudtest.Cloud, tn *cloudtest.Tenant) {
	reportIssue(t, tn)
	c.Drain(t)
	wantIssue(t, p.do(t, tn.Token(t, "viewer"), http.MethodPost, "/v1/workspaces/"+string(tn.Workspace)+"/issues/search", map[string]any{}))
}

// catalogStores has a task of the public catalog stored. It is not searched for:
// for a minute, the process uses the empty catalog that it read first.
func catalogStores(t *testing.T, p *process, _ *cloudtest.Cloud, tn *cloudtest.Tenant) {
	task := map[string]any{"name": "Check DNS Resolution", "suite": "dns", "source": "https://example.com/dns.robot"}
	var put struct{ Written int }
	p.do(t, tn.Token(t, "platform"), http.MethodPut, "/v1/catalog/tasks", map[string]any{"tasks": []any{task}}).Want(t, http.StatusOK).JSON(t, &put)
	if put.Written != 1 {
		t.Errorf("written: %d", put.Written)
	}
	p.do(t, tn.Token(t, "viewer"), http.MethodPut, "/v1/catalog/tasks", map[string]any{"tasks": []any{task}}).Want(t, http.StatusForbidden)
}

// reportIssue has a run end that found one thing wrong.
func reportIssue(t *testing.T, tn *cloudtest.Tenant) {
	t.Helper()
	id := cloudtest.NewRun(t)
	tn.Do(t, "runner", http.MethodPut, tn.RunPath(id), aStart()).Want(t, http.StatusOK)
	tn.Do(t, "runner", http.MethodPost, tn.RunPath(id)+"/report", map[string]any{
		"end": time.Now().UTC(), "outcome": "failure", "exitCode": 1,
		"issues": []map[string]string{{"line": `{"severity":2,"title":"The disk is full"}`}},
	}).Want(t, http.StatusOK)
}

func wantIssue(t *testing.T, answer cloudtest.Response) {
	t.Helper()
	var got struct{ Issues []struct{ Title string } }
	answer.Want(t, http.StatusOK).JSON(t, &got)
	if len(got.Issues) != 1 || got.Issues[0].Title != "The disk is full" {
		t.Errorf("the issues are %s", answer.Body)
	}
}

// watched starts a proxy for the process. It returns the address of the proxy
// and the statuses of the responses.
func watched(t *testing.T, p *process) (endpoint string, answers <-chan int) {
	t.Helper()
	to, err := url.Parse(p.url)
	if err != nil {
		t.Fatal(err)
	}
	told := make(chan int, 100)
	proxy := httputil.NewSingleHostReverseProxy(to)
	proxy.ModifyResponse = func(answer *http.Response) error {
		told <- answer.StatusCode
		return nil
	}
	server := httptest.NewServer(proxy)
	t.Cleanup(server.Close)
	return server.URL, told
}

// sweepExpires has an overdue grant expired.
func sweepExpires(t *testing.T, p *process, c *cloudtest.Cloud, tn *cloudtest.Tenant) {
	id := cloudtest.NewRun(t)
	tn.Mint(t, id, cloudtest.PartOf("stdout.log", 1, nil))
	past := []firestore.Update{{Path: "expires", Value: time.Now().Add(-time.Minute)}}
	if _, err := grantOf(t, c, tn, id).Update(t.Context(), past); err != nil {
		t.Fatal(err)
	}
	var swept struct{ Expired int }
	p.do(t, "", http.MethodPost, "/", nil).Want(t, http.StatusOK).JSON(t, &swept)
	if got := readGrant(t, c, tn, id); got.State != grant.Expired || swept.Expired != 1 {
		t.Errorf("swept %+v; the grant is %+v", swept, got)
	}
}

// resealAnswers has a tenant's texts found to be under its newest data key: no
// older one can be, while the process lives by the machine's own clock.
func resealAnswers(t *testing.T, p *process, _ *cloudtest.Cloud, tn *cloudtest.Tenant) {
	reportIssue(t, tn)
	var got struct{ Resealed, Done, Locked int }
	p.do(t, "", http.MethodPost, "/", nil).Want(t, http.StatusOK).JSON(t, &got)
	if got.Resealed != 0 || got.Done != 1 || got.Locked != 0 {
		t.Errorf("it answers %+v", got)
	}
}

// grantOf is the document of the grant of the first part of a run's stdout.log.
func grantOf(t *testing.T, c *cloudtest.Cloud, tn *cloudtest.Tenant, id string) *firestore.DocumentRef {
	t.Helper()
	db, err := c.Operator.Default(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return records.GrantRef(db, tn.ID, grant.Object{Workspace: tn.Workspace, Run: runs.ID(id), Output: "stdout.log", Part: 1})
}

func readGrant(t *testing.T, c *cloudtest.Cloud, tn *cloudtest.Tenant, id string) grant.Grant {
	t.Helper()
	doc, err := grantOf(t, c, tn, id).Get(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	g, err := records.Decode[grant.Grant](doc)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// BenchmarkColdStart measures a process from its start to its first right
// answer, the embedded cloud's part of it included.
func BenchmarkColdStart(b *testing.B) {
	runnable(b)
	for name := range programs {
		b.Run(name, func(b *testing.B) {
			built := built(b, name)
			c := cloudtest.New(b, suite.Options{})
			tn := c.Tenant(b)
			var listens, answers time.Duration
			for b.Loop() {
				p := start(b, built.path, c.FunctionEnviron(name))
				listens += time.Since(p.began)
				answers += p.first(b, name, tn)
				p.stop()
			}
			b.ReportMetric(float64(listens.Milliseconds())/float64(b.N), "ms-to-listen/op")
			b.ReportMetric(float64(answers.Milliseconds())/float64(b.N), "ms-to-answer/op")
			b.ReportMetric(float64(built.bytes), "program-B")
			b.ReportMetric(float64(built.archive.Bytes), "zip-B")
		})
	}
}

// replaySends has a dead letter sent again.
func replaySends(t *testing.T, p *process, c *cloudtest.Cloud, tn *cloudtest.Tenant) {
	sent := make(chan string, 10)
	if err := c.PubSub.Publish(t.Context(), "run-events-dead", nil, map[string]string{"kind": "a letter"}); err != nil {
		t.Fatal(err)
	}
	c.PubSub.OnPublish(func(_ string, _ []byte, attributes map[string]string) { sent <- attributes["kind"] })
	p.do(t, tn.Token(t, "platform"), http.MethodPost, "/v1/dead-letters/replay", map[string]any{"topic": "run-events"}).Want(t, http.StatusOK)
	if got := <-sent; got != "a letter" {
		t.Errorf("it sent %q", got)
	}
}
