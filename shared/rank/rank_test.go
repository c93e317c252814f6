package rank_test

import (
	"math"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/strongroom-dev/strongroom/shared/rank"
)

// tasks are like those of a public catalog.
var tasks = documents(
	"Fetch Deployment Logs|Fetches the last lines of logs of the pods of a deployment and looks for errors.|logs,deployment,kubernetes",
	"Inspect Deployment Warning Events|Lists warning events of a deployment and its pods.|events,deployment,kubernetes",
	"Check Deployment Replica Status|Compares ready replicas of a deployment with those desired.|deployment,replicas,kubernetes",
	"Restart Deployment|Rolls out all pods of a deployment again.|remediation,deployment,kubernetes",
	"Scale Up Deployment|Raises the number of replicas of a deployment.|remediation,scale,kubernetes",
	"Check Readiness Probe Configuration|Reads probes of a deployment and tests their ports and paths.|probe,kubernetes",
	"Inspect Pods in ImagePullBackOff|Finds pods that cannot pull their image, and the registry's answer.|image,registry,kubernetes",
	"Check Persistent Volume Utilization|Measures the disk use of volumes that are mounted in pods.|storage,volume,kubernetes",
	"Expand Persistent Volume Claim|Grows a claim to the next size.|remediation,storage,kubernetes",
	"Check DNS Resolution|Resolves a name by each resolver and measures the latency.|dns,network",
	"Verify TLS Certificate Expiry|Reads the certificate of an endpoint and tells the days that are left.|tls,certificate,security",
	"Renew TLS Certificate|Asks the issuer for a new certificate.|remediation,tls,certificate",
	"Check HTTP Endpoint Health|Sends a request and compares status code and latency.|http,endpoint",
	"Trace Ingress Object|Follows an ingress to its service and pods.|ingress,network,kubernetes",
	"List Node Conditions|Lists nodes under memory, disk or pid pressure.|node,kubernetes",
	"Drain Node|Moves pods from a node.|remediation,node,kubernetes",
	"Fetch Postgres Slow Queries|Lists the slowest statements of a database.|postgres,database",
	"Check Postgres Replication Lag|Measures how far replicas are behind.|postgres,database,replication",
	"Count Kafka Consumer Lag|Tells how far consumer groups are behind.|kafka,queue",
	"Purge Dead Letter Queue|Removes messages that could not be delivered.|queue,remediation",
	"Check CPU Utilization of VMs|Lists virtual machines with a high load.|vm,cpu",
	"Check Resource Quota Utilization in Namespace|Compares use and quota of a namespace.|quota,namespace,kubernetes",
	"Inspect Job Failures|Lists failed jobs and the logs of their last pod.|job,cronjob,kubernetes",
	"Find Unbound Service Accounts|Lists accounts without a role.|iam,security",
)

func documents(lines ...string) (documents []rank.Document) {
	for _, line := range lines {
		fields := strings.Split(line, "|")
		documents = append(documents, rank.Document{ID: fields[0], Name: fields[0], Documentation: fields[1], Tags: strings.Split(fields[2], ",")})
	}
	return documents
}

func TestNextStepsFindTheirTask(t *testing.T) {
	t.Parallel()
	index := rank.New(tasks)
	for step, want := range map[string]string{
		"Check the logs of deployment `cart` in namespace `shop`":   "Fetch Deployment Logs",
		"Fetch logs for deployment checkout":                        "Fetch Deployment Logs",
		"Look at warning events of the deployment":                  "Inspect Deployment Warning Events",
		"Try restarting the deployment \"cart\"":                    "Restart Deployment",
		"Scale the deployment up to more replicas":                  "Scale Up Deployment",
		"Verify that the readiness probes are configured correctly": "Check Readiness Probe Configuration",
		"Pods are in ImagePullBackOff: inspect them":                "Inspect Pods in ImagePullBackOff",
		"imagepullbackoff": "Inspect Pods in ImagePullBackOff",
		"Check utilization of persistent volumes in namespace `shop`": "Check Persistent Volume Utilization",
		"Expand the persistent volume claim 'data-cart-0'":            "Expand Persistent Volume Claim",
		"Check DNS resolution of shop.example.com":                    "Check DNS Resolution",
		"Renew the certificate, it is about to expire":                "Renew TLS Certificate",
		"How many days are left on the TLS certificate?":              "Verify TLS Certificate Expiry",
		"Test health of the HTTP endpoint `https://shop.example.com`": "Check HTTP Endpoint Health",
		"drain_node":                                                    "Drain Node",
		"traceIngressObject":                                            "Trace Ingress Object",
		"Review slow queries in Postgres":                               "Fetch Postgres Slow Queries",
		"Check the lag of the Kafka consumers":                          "Count Kafka Consumer Lag",
		"Check replication lag of the database":                         "Check Postgres Replication Lag",
		"Which jobs have been failing?":                                 "Inspect Job Failures",
		"Increase the quota of the namespace if its resources are used": "Check Resource Quota Utilization in Namespace",
	} {
		t.Run(step, func(t *testing.T) {
			t.Parallel()
			matches := index.Search(step, 3, nil)
			if len(matches) == 0 || matches[0].ID != want {
				t.Fatalf("got %+v, want %s first", matches, want)
			}
			t.Logf("%.2f of %+v", matches[0].Score, matches[0].Evidence)
		})
	}
}

func TestScoresTellRelevantFromNot(t *testing.T) {
	t.Parallel()
	index := rank.New(tasks)
	const threshold = 0.85
	for step, want := range map[string]bool{
		"Fetch Deployment Logs":                                   true,
		"Check the logs of deployment `cart` in namespace `shop`": true,
		"Restart the deployment `cart`":                           true,
		"Check DNS resolution for `example.com`":                  true,
		"Call the vendor about the flux capacitor":                false,
		"Escalate to the service owner":                           false,
		"Check with the finance team":                             false,
		"Order new hardware for the node":                         false,
	} {
		matches := index.Search(step, 1, nil)
		if got := len(matches) > 0 && matches[0].Score >= threshold; got != want {
			t.Errorf("%q: %+v, relevant should be %v", step, matches, want)
		}
	}
}

func TestEvidenceAddsUp(t *testing.T) {
	t.Parallel()
	got := rank.New(tasks).Search("Check the logs of deployment `cart`", 1, nil)[0]
	var words []string
	total := 0.0
	for _, e := range got.Evidence {
		words = append(words, e.Word)
		total += e.Share
	}
	if diff := cmp.Diff([]string{"logs", "deployment"}, words); diff != "" || math.Abs(total-1) > 1e-9 {
		t.Errorf("%+v: %s", got, diff)
	}
}

func TestSearchOfNothing(t *testing.T) {
	t.Parallel()
	full := rank.New(tasks)
	for name, matches := range map[string][]rank.Match{
		"no documents": rank.New(nil).Search("logs", 3, nil), "an empty document": rank.New([]rank.Document{{}}).Search("logs", 3, nil),
		"no words": full.Search("", 3, nil), "only stop words": full.Search("of the", 3, nil), "unknown words": full.Search("xyzzy", 3, nil),
		"no limit": full.Search("logs", 0, nil), "a limit below": full.Search("logs", -1, nil),
	} {
		if len(matches) != 0 {
			t.Errorf("%s: %+v", name, matches)
		}
	}
}

func TestIndexIsSafeForConcurrentUse(t *testing.T) {
	t.Parallel()
	index := rank.New(tasks)
	want := index.Search("check deployment logs", 10, nil)
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			if diff := cmp.Diff(want, index.Search("check deployment logs", 10, nil)); diff != "" {
				t.Error(diff)
			}
		})
	}
	group.Wait()
}

func FuzzSearch(f *testing.F) {
	index := rank.New(tasks)
	f.Add("Check the logs of `cart` \"x' ${Y} fooBar's HTTPServer ÄÖ")
	f.Fuzz(func(t *testing.T, query string) {
		alone := rank.New([]rank.Document{{ID: "x", Name: query, Tags: []string{query}}})
		for _, m := range slices.Concat(index.Search(query, 5, nil), alone.Search(query, 1, nil), alone.With(tasks).Search(query, 5, nil)) {
			if !(m.Score > 0 && m.Score <= 1) || len(m.Evidence) == 0 {
				t.Errorf("%q: %+v", query, m)
			}
		}
	})
}

func TestAddedDocumentsScoreAsInTheIndex(t *testing.T) {
	t.Parallel()
	const step = "Check replication lag of the database"
	x := rank.New(tasks)
	other := rank.Document{ID: "own", Name: "Check Postgres Replication Lag", Documentation: "Measures how far replicas are behind.", Tags: []string{"postgres", "database", "replication"}}
	before, after := x.Search(step, 3, nil), x.With([]rank.Document{other}).Search(step, 4, nil)
	if diff := cmp.Diff(before[0].Score, after[0].Score); diff != "" || after[0].ID != before[0].ID || after[1].ID != "own" || after[1].Score != after[0].Score {
		t.Errorf("before: %+v, after: %+v", before, after)
	}
	if got := x.Search(step, 3, nil); !cmp.Equal(before, got) {
		t.Errorf("the index changed: %+v", got)
	}
	if got := rank.New(nil).With(tasks).Search(step, 3, nil); !cmp.Equal(before, got) {
		t.Errorf("added to an empty index: %+v", got)
	}
}

func TestAnExcludedDocumentDoesNotAffectOthers(t *testing.T) {
	t.Parallel()
	const step = "Restart Deployment"
	x := rank.New(tasks)
	got := x.Search(step, 30, func(id string) bool { return id == "Restart Deployment" })
	if len(got) == 0 || got[0].ID == "Restart Deployment" || got[0].Score <= x.Search(step, 2, nil)[1].Score {
		t.Errorf("got %+v", got)
	}
}

func TestNamesOfThingsAskForNothing(t *testing.T) {
	t.Parallel()
	x := rank.New(tasks)
	want := x.Search("Drain node", 3, nil)
	for _, step := range []string{
		"Drain node `n-17`", "Drain node \"zeus\"", "Drain node 'zeus'", "Drain node ${NODE}", "Drain node 17", "Drain node ip10x",
		"Drain node `zeus` in the cluster `olympus`", "Drain node of context 'olympus'", "Drain node: https://example.com/drain/how",
	} {
		if diff := cmp.Diff(want, x.Search(step, 3, nil)); diff != "" {
			t.Errorf("%s: %s", step, diff)
		}
	}
	if got := x.Search("Drain node: zeus", 1, nil); got[0].Score >= want[0].Score {
		t.Errorf("a word that nobody knows changes nothing: %+v", got)
	}
}

func TestWhereAWordStandsCounts(t *testing.T) {
	t.Parallel()
	with := func(id string) rank.Document {
		return rank.Document{ID: id, Name: "Check Broker Health", Documentation: "Asks.", Tags: []string{"queue"}, Context: "Looks."}
	}
	name, tag, documentation, context, nowhere := with("name"), with("tag"), with("documentation"), with("context"), with("nowhere")
	name.Name += " Redpanda"
	tag.Tags, documentation.Documentation, context.Context = append(tag.Tags, "redpanda"), "Asks Redpanda.", "Looks at Redpanda."
	var got []string
	last := 2.0
	for _, m := range rank.New([]rank.Document{nowhere, context, documentation, tag, name}).Search("check the health of the redpanda broker", 5, nil) {
		if m.Score >= last {
			t.Errorf("%s scores %v, what came before %v", m.ID, m.Score, last)
		}
		got, last = append(got, m.ID), m.Score
	}
	if diff := cmp.Diff([]string{"name", "tag", "documentation", "context", "nowhere"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestWordsAreFoundHoweverTheyAreWritten(t *testing.T) {
	t.Parallel()
	x := rank.New(documents(
		"Roll Back Release|Undoes it.|helm", "Analyze Stacktraces|Groups them.|logs", "List PersistentVolumeClaims|Lists claims.|storage",
		"Rotate Credentials|Makes new ones.|secrets", "Open Caf\u00e9|Reads the menu.|food", "Check Configuration Drift|Compares.|config",
	))
	for step, want := range map[string]string{
		"rollback the release": "Roll Back Release", "Analyze the stack traces": "Analyze Stacktraces", "analyse stack-traces": "Analyze Stacktraces",
		"list persistent volume claims": "List PersistentVolumeClaims", "list persistentvolumeclaims": "List PersistentVolumeClaims",
		"open cafe\u0301": "Open Caf\u00e9", "open ca\u200bf\u00e9": "Open Caf\u00e9",
		"rotation of credentials": "Rotate Credentials", "See whether the config drifted": "Check Configuration Drift", "configured drift": "Check Configuration Drift",
	} {
		if got := x.Search(step, 1, nil); len(got) != 1 || got[0].ID != want || got[0].Score < threshold {
			t.Errorf("%q finds %+v", step, got)
		}
	}
}
