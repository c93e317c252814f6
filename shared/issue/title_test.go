package issue_test

import (
	"strings"
	"testing"

	"github.com/strongroom-dev/strongroom/shared/issue"
)

func TestTitlesOfOneIssue(t *testing.T) {
	t.Parallel()
	for name, titles := range map[string][]string{
		"an amount differs":                      {"3 pods are not ready in namespace `shop`", "17 pods are not ready in namespace `shop`"},
		"one is singular":                        {"Deployment `cart` has 1 restart", "Deployment `cart` has 12 restarts", "Deployment `cart` has 2 restart(s)"},
		"a ratio differs":                        {"Deployment `cart` has 1/3 ready replicas", "Deployment `cart` has 2/3 ready replicas"},
		"a percentage differs":                   {"Disk /var/lib is 91% full", "Disk /var/lib is 97.5% full"},
		"a duration differs in its unit":         {"p99 latency of checkout is 950ms", "p99 latency of checkout is 1.3s", "p99 latency of checkout is 2 s"},
		"a size differs":                         {"Memory of `cart` is at 512Mi", "Memory of `cart` is at 1.5Gi"},
		"a thousands separator":                  {"Queue orders holds 1,204 messages", "Queue orders holds 998 messages"},
		"a number of days":                       {"Certificate for shop.example.com expires in 12 days", "Certificate for shop.example.com expires in 1 day"},
		"the pod was replaced":                   {"Pod cart-7d4b9c6f5d-x2x9k is in CrashLoopBackOff", "Pod cart-5b8fd7c4b6-qqkzt is in CrashLoopBackOff"},
		"the replica set's hash is all letters":  {"Pod `cart-7d4b9c6f5d-x2x9k` was evicted", "Pod `cart-bcdfghjklm-zzvvw` was evicted"},
		"the daemon's pod was replaced":          {"Pod node-exporter-x7k2p is pending", "Pod node-exporter-4hj9v is pending"},
		"the cron job ran again":                 {"Job backup-28391040 failed", "Job backup-28391101 failed"},
		"the cron job's pod":                     {"Pod backup-28391040-h4x2z failed", "Pod backup-28392480-9bk2d failed"},
		"a GKE node was replaced":                {"Node gke-prod-pool-3f2a9c1b-x7k2 is NotReady", "Node gke-prod-pool-a94cc01e-0qlp is NotReady"},
		"an AKS node was replaced":               {"Node aks-apps-38127711-vmss000003 is NotReady", "Node aks-apps-38127711-vmss00001a is NotReady"},
		"an EC2 node was replaced":               {"Node ip-10-0-3-17.ec2.internal is NotReady", "Node ip-10-0-4-250.ec2.internal is NotReady"},
		"an instance id":                         {"Instance i-0abc123def4567890 is unreachable", "Instance i-0ff09871bcaa65432 is unreachable"},
		"a UUID":                                 {"Subscription 0198c2b4-5d1e-7c3a-9f00-2a6b1c4d8e10 is over quota", "Subscription 6FA459EA-EE8A-3CA4-894E-DB77E160355E is over quota"},
		"a commit":                               {"Build of a1b2c3d failed", "Build of 9f8e7d6c5b4a failed"},
		"an image digest":                        {"Cannot pull cart@sha256:9f86d081884c7d659a2feaa0c55ad015", "Cannot pull cart@sha256:2c26b46b68ffc68ff99b453c1d304134"},
		"an address":                             {"Connection to 10.0.3.17:5432 refused", "Connection to 10.0.3.99:5432 refused"},
		"an IPv6 address":                        {"No route to 2001:db8::8a2e:370:7334", "No route to 2001:db8::1"},
		"a pointer":                              {"Segfault at 0x7ffd3c in worker", "Segfault at 0x55aa01ff in worker"},
		"a time stamp":                           {"Last backup at 2026-11-22T03:04:05Z is too old", "Last backup at 2026-11-21 03:04:07.123+01:00 is too old"},
		"a date":                                 {"No backup since 2026-11-20", "No backup since 2026-10-02"},
		"a clock time":                           {"Cron at 03:15 was missed", "Cron at 15:30:22 was missed"},
		"the form of Unicode":                    {"Caf\u00e9 \u00c5 is closed", "Cafe\u0301 A\u030a is closed", "Caf\u00e9 \u212b is closed"},
		"invisible characters":                   {"Deployment cart is down", "Deploy\u200bment\u2060 cart is\u00ad down\ufeff", "Deployment cart\u034f is down\U000e0041"},
		"letter case":                            {"Deployment cart is DOWN", "deployment Cart is down"},
		"white space":                            {"Deployment  cart is\tdown ", "Deployment cart is down"},
		"a random token":                         {"Session Zm9vYmFyMTIzNDU2Nzg5MA9 leaked", "Session QWxhZGRpbjpvcGVu0987U2VzYW1l leaked"},
		"the amount next to a code that is kept": {"HTTP 503 from checkout 5 times", "HTTP 503 from checkout 71 times"},
		"an account number":                      {"Role in account 123456789012 is unused", "Role in account 210987654321 is unused"},
		"a replica of a set":                     {"Pod redis-0 is not ready", "Pod redis-2 is not ready"},
		"a multiple":                             {"Error rate is 3x the baseline", "Error rate is 12.5x the baseline"},
		"a rate":                                 {"Ingress at 120MB/s", "Ingress at 95 MB/s"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want := issue.Normalize(titles[0])
			for _, title := range titles[1:] {
				if got := issue.Normalize(title); got != want {
					t.Errorf("%q is\n%q, and %q is\n%q", title, got, titles[0], want)
				}
			}
		})
	}
}

func TestTitlesOfDifferentIssues(t *testing.T) {
	t.Parallel()
	for name, titles := range map[string][]string{
		"a quoted name differs":             {"Deployment `cart` is not available", "Deployment `checkout` is not available"},
		"a name without quotes differs":     {"Deployment cart is not available", "Deployment shop is not available"},
		"a namespace differs":               {"3 pods are not ready in namespace `shop`", "3 pods are not ready in namespace `pay`"},
		"the status code differs":           {"HTTP 404 from checkout", "HTTP 503 from checkout"},
		"the status code after a version":   {"HTTP/1.1 404 from checkout", "HTTP/1.1 503 from checkout"},
		"the class of codes differs":        {"Many 4xx from checkout", "Many 5xx from checkout"},
		"the exit code differs":             {"Container ended with exit code 137", "Container ended with exit code 1"},
		"the port differs":                  {"Port 443 is closed", "Port 8080 is closed"},
		"the CVE differs":                   {"CVE-2026-1234 in image cart", "CVE-2026-9999 in image cart"},
		"the database's error differs":      {"ORA-00942 in nightly load", "ORA-01555 in nightly load"},
		"the region differs":                {"Quota reached in us-east-1", "Quota reached in us-east-2"},
		"the region has its digit attached": {"Quota reached in europe-west3", "Quota reached in europe-west4"},
		"the version differs":               {"API v1.29.3 is deprecated", "API v1.31.0 is deprecated"},
		"the protocol differs":              {"TLS 1.0 is offered", "TLS 1.1 is offered"},
		"the algorithm differs":             {"Signed with sha1", "Signed with sha256"},
		"words of a to f":                   {"The facade is effaced", "The facade is defaced"},
		"a word without vowels":             {"Pod cart-http2 is down", "Pod cart-html5 is down"},
		"a service named with no vowels":    {"Pod cart-mssql is down", "Pod cart-xhtml is down"},
		"a metric differs":                  {"kube_pod_container_status_restarts_total rises", "kube_pod_container_status_waiting_total rises"},
		"a host differs":                    {"db1.example.com is slow", "db2.example.com is slow"},
		"the quantile differs":              {"p99 of checkout is 900ms", "p50 of checkout is 900ms"},
		"the sense differs":                 {"Disk is 91% full", "Disk is 91% free"},
		"the alphabet differs":              {"Знак 5", "Звук 5"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			seen := map[string]string{}
			for _, title := range titles {
				got := issue.Normalize(title)
				if other, ok := seen[got]; ok {
					t.Errorf("%q and %q are both %q", title, other, got)
				}
				seen[got] = title
			}
		})
	}
}

func TestNormalizeShowsPlaceholders(t *testing.T) {
	t.Parallel()
	got := issue.Normalize("Pod cart-7d4b9c6f5d-x2x9k on 10.0.0.1 restarted 5 times since 2026-11-22T03:04:05Z")
	want := "pod cart-<id> on <ip> restarted <n> time since <time>"
	if got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func FuzzNormalize(f *testing.F) {
	f.Add("Pod cart-7d4b9c6f5d-x2x9k is at 93% since 2026-11-22")
	f.Add("::1 0x 1.2.3.4/ -<id>")
	f.Fuzz(func(t *testing.T, title string) {
		if got := issue.Normalize(" " + title + "\n"); got != issue.Normalize(title) {
			t.Errorf("white space around %q changes it to %q", title, got)
		}
	})
}

func BenchmarkNormalize(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		issue.Normalize("Pod `cart-7d4b9c6f5d-x2x9k` in namespace `shop` restarted 5 times since 2026-11-22T03:04:05Z")
	}
}

// The first KiB decides, however long the placeholders before it were.
func TestTheEndOfALongTitleHasNoMeaning(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("1 pod is not ready, ", 4_000)
	start := "Job 5 failed: "
	for _, other := range []string{start + long + "b", "Job 4711 failed: " + strings.ReplaceAll(long, "1 pod", "123456 pods")} {
		if issue.Normalize(start+long+"a") != issue.Normalize(other) {
			t.Errorf("%.60q differs", other)
		}
	}
	if size := len(issue.Normalize(long)); size != 1<<10 {
		t.Errorf("the result has %d bytes", size)
	}
	if issue.Normalize("a"+long) == issue.Normalize("b"+long) {
		t.Error("the start of a long title has no meaning")
	}
}
