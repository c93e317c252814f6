package suite_test

import (
	"bufio"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// deletingCalls has each place in the functions that deletes something, or sets the time after
// which Firestore deletes it, and why a legal hold holds there. A row "tried" names the
// row of heldRequests that tries it.
var deletingCalls = map[string]string{
	"functions/catalog/prune.go: tx.Delete":                         "the catalog is the platform's, and has nothing of a tenant",
	"functions/configs/decide.go: held.Key, held.State":             "tried: reject a push that waits; an approval makes the pack take effect first, so nothing is lost",
	"functions/configs/elements.go: \"expires\"":                    "parts of the graph that another commit replaced: they follow from the configuration, whose packs are held",
	"functions/configgraph/build.go: \"expires\"":                   "parts of the graph that another commit replaced: they follow from the configuration, whose packs are held",
	"functions/tenants/key_destroy.go: DestroyCryptoKeyVersion":     "tried: destroy the key",
	"functions/offboarding/steps.go: DestroyCryptoKeyVersion":       "TestAHoldStopsAnOffboarding in package offboarding",
	"functions/offboarding/stores.go: .Delete(deleting)":            "TestAHoldStopsAnOffboarding in package offboarding",
	"functions/offboarding/stores.go: tx.Delete":                    "TestAHoldStopsAnOffboarding in package offboarding",
	"functions/legalholds/retention_page.go: firestore.Delete":      "a time of deletion that is taken back",
	"functions/legalholds/retention_page.go: Value: at":             "TestLaw13NothingExpiresUnderAHold in package legalholds",
	"functions/outputs/packed.go: ExpireTime = ":                    "the index of an output of a run that is due: it is built again from the grants",
	"shared/retention/retention.go: firestore.Delete":               "a time of deletion that is taken back",
	"functions/sweep/configs.go: firestore.Delete":                  "the time at which an event is published again; the repository stays",
	"functions/tenants/holds_lift.go: tx.Delete":                    "the hold itself, when two persons have lifted it; the audit log has it",
	"functions/tenants/members.go: tx.Delete":                       "who may read a workspace: what the person could read stays, and the audit log has the membership",
	"shared/exportjob/schedule.go: tx.Delete":                       "tried: delete a schedule of exports",
	"shared/legalhold/expiry.go: firestore.Delete":                  "moves the time between two fields; TestDocumentsThatAreNowhereElseDoNotExpireUnderAHold in package legalholds",
	"shared/quota/lease.go: \"expires\"":                            "counts of a day, 400 days after it; TestDocumentsThatAreNowhereElseDoNotExpireUnderAHold in package legalholds",
	"shared/outbox/entry.go: firestore.Delete":                      "a field that says that the message is not published yet",
	"shared/outbox/entry.go: \"expires\"":                           "references to documents, after they were published; the documents stay",
	"shared/quarantine/quarantine.go: firestore.Delete":             "a field that says that the message was not replayed yet",
	"shared/quarantine/quarantine.go: \"expires\"":                  "references to documents, after they were replayed; the documents stay",
	"functions/configgraph/build.go: firestore.Delete":              "a time of deletion that is taken back",
	"functions/configs/elements.go: firestore.Delete":               "a time of deletion that is taken back",
	"functions/assistants/issues_act.go: firestore.Delete":          "the end of an ignoring: the entries of the audit log keep who ignored what, and the sightings stay",
	"functions/configs/reset.go: Reset: true":                       "tried: reset the history of a configuration",
	"functions/tenants/key_kms.go: policy.Bindings = slices.Delete": "roles on the key, which enable grants again; nothing is erased",
}

// deleting finds calls that delete. Slices and maps are memory.
var deleting = regexp.MustCompile(`\b(tx|ref|object|o|client|kms|batch|writer|bulk|Ref)\.Delete\(|\)\.Delete\(|\.DestroyCryptoKeyVersion\(|firestore\.Delete\b|Path: "expires", Value|Path: retention\.Field, Value|ExpireTime = |"expires": |held\.Key, held\.State|Reset: true|policy\.Bindings = slices\.Delete|DeleteAll|\.DeleteBucket\(`)

// TestLaw13EveryDeletingCallHasARow fails if a function deletes something and no row says why
// a legal hold holds there.
func TestLaw13EveryDeletingCallHasARow(t *testing.T) {
	t.Parallel()
	found := map[string]bool{}
	for _, tree := range []string{"functions", "shared"} {
		err := filepath.WalkDir("../../"+tree, func(path string, entry os.DirEntry, err error) error {
			if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") || entry.Name() == "doc.go" {
				return err
			}
			return findDeletingCalls(path, found)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for call := range found {
		if !slices.ContainsFunc(rowsOf(call), func(row string) bool { return deletingCalls[row] != "" }) {
			t.Errorf("%s deletes something: check package legalhold before it, and add a row to deletingCalls", call)
		}
	}
	for row := range deletingCalls {
		if !slices.ContainsFunc(slices.Collect(keysOf(found)), func(call string) bool { return slices.Contains(rowsOf(call), row) }) {
			t.Errorf("the row %q has no call any more", row)
		}
	}
}

// rowsOf returns the rows that are about a call: a file with a part of the line.
func rowsOf(call string) (all []string) {
	file, line, _ := strings.Cut(call, ": ")
	for row := range deletingCalls {
		rowFile, part, _ := strings.Cut(row, ": ")
		if rowFile == file && strings.Contains(line, part) {
			all = append(all, row)
		}
	}
	return all
}

func keysOf(m map[string]bool) func(func(string) bool) {
	return func(yield func(string) bool) {
		for key := range m {
			if !yield(key) {
				return
			}
		}
	}
}

func findDeletingCalls(path string, found map[string]bool) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		line := strings.TrimSpace(lines.Text())
		if deleting.MatchString(line) && !strings.HasPrefix(line, "//") {
			found[strings.TrimPrefix(filepath.ToSlash(path), "../../")+": "+line] = true
		}
	}
	return lines.Err()
}

// heldRequests are the requests that erase something of the tenant. Each prepares what it
// erases, before the hold is placed.
var heldRequests = map[string]func(t *testing.T, tn *cloudtest.Tenant) (method, path string, body any){
	"destroy the key": func(t *testing.T, tn *cloudtest.Tenant) (string, string, any) {
		t.Helper()
		changeKey(t, tn, "disable")
		return http.MethodPost, "/v1/tenant/key/destroy", map[string]any{"tenant": tn.ID}
	},
	"delete a schedule of exports": func(t *testing.T, tn *cloudtest.Tenant) (string, string, any) {
		t.Helper()
		tn.Do(t, "admin", http.MethodPut, "/v1/export-schedules/nightly", aSchedule).Want(t, http.StatusOK)
		return http.MethodDelete, "/v1/export-schedules/nightly", nil
	},
	"reset the history of a configuration": func(t *testing.T, tn *cloudtest.Tenant) (string, string, any) {
		t.Helper()
		tn.PushConfig(t, tn.Workspace, cloudtest.SLX("before the hold"))
		return http.MethodPost, "/v1/workspaces/" + string(tn.Workspace) + "/config/reset", map[string]any{"commit": tn.MainOf(t, tn.Workspace)}
	},
	"reject a push that waits": func(t *testing.T, tn *cloudtest.Tenant) (string, string, any) {
		t.Helper()
		digest := tn.HoldConfig(t, tn.Workspace, cloudtest.SLX("waits"))
		return http.MethodPost, "/v1/workspaces/" + string(tn.Workspace) + "/config/reviews/" + digest + "/reject", nil
	},
}

// TestLaw13HoldsHold: under a legal hold on the tenant, on the workspace, or on a run of it, no
// request erases anything; without the hold, each of them succeeds. What Google deletes by
// itself is tried by the tests of package legalholds.
func TestLaw13HoldsHold(t *testing.T) {
	t.Parallel()
	var tried []string
	for _, why := range deletingCalls {
		if name, ok := strings.CutPrefix(why, "tried: "); ok {
			name, _, _ = strings.Cut(name, ";")
			tried = append(tried, name)
		}
	}
	slices.Sort(tried)
	if diff := cmp.Diff(tried, slices.Sorted(func(yield func(string) bool) {
		for name := range heldRequests {
			if !yield(name) {
				return
			}
		}
	})); diff != "" {
		t.Fatalf("the rows and the requests differ: %s", diff)
	}
	for name, prepare := range heldRequests {
		for _, on := range []string{"the tenant", "the workspace", "a run"} {
			t.Run(name+" with a hold on "+on, func(t *testing.T) {
				t.Parallel()
				c := cloudtest.Shared(t)
				tn := c.Tenant(t, tenant.WorkspaceID("law13-"+cloudtest.NewRun(t)[:8]))
				run := cloudtest.NewRun(t)
				tn.Do(t, "runner", http.MethodPut, tn.RunPath(run), map[string]any{"task": "dns", "start": time.Now().UTC()}).Want(t, http.StatusOK)
				method, path, body := prepare(t, tn)
				hold := map[string]map[string]any{
					"the tenant": {}, "the workspace": {"workspace": tn.Workspace}, "a run": {"workspace": tn.Workspace, "run": run},
				}[on]
				tn.Do(t, "admin", http.MethodPut, "/v1/tenant/holds/case", hold).Want(t, http.StatusOK)
				if p := wantProblem(t, tn.Do(t, "admin", method, path, body), http.StatusConflict); p.Code != "held" {
					t.Errorf("under the hold: %+v", p)
				}
				liftHold(t, tn)
				tn.Do(t, "admin", method, path, body).Want(t, http.StatusOK)
			})
		}
	}
}

func liftHold(t *testing.T, tn *cloudtest.Tenant) {
	t.Helper()
	var asked struct{ Lifting struct{ ID string } }
	tn.Do(t, "admin", http.MethodPost, "/v1/tenant/holds/case/lift", nil).Want(t, http.StatusOK).JSON(t, &asked)
	tn.Do(t, "platform", http.MethodPost, "/v1/tenants/"+string(tn.ID)+"/holds/case/lift", map[string]any{"lifting": asked.Lifting.ID}).Want(t, http.StatusOK)
}
