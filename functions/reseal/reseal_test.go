package reseal_test

import (
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"cloud.google.com/go/firestore"
	"cloud.google.com/go/kms/apiv1/kmspb"
	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	"github.com/strongroom-dev/strongroom/emulator/iam"
	"github.com/strongroom-dev/strongroom/emulator/kms"
	"github.com/strongroom-dev/strongroom/emulator/suite"
	"github.com/strongroom-dev/strongroom/functions/reseal"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// counts is the number of texts of each kind, all of one epoch.
func counts(epoch, sightings, issues, names int) map[string]map[int]int {
	return map[string]map[int]int{"sightings.line": {epoch: sightings}, "issues.text": {epoch: issues}, "assistants.name": {epoch: names}}
}

func wantEpochs(t *testing.T, texts map[string]text, want map[string]map[int]int) {
	t.Helper()
	if diff := cmp.Diff(want, epochs(texts)); diff != "" {
		t.Errorf("texts by data key (-want +got):\n%s", diff)
	}
}

func wantResult(t *testing.T, got, want reseal.Result) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("result (-want +got):\n%s", diff)
	}
}

// TestEveryTextIsResealedUnderTheNewestKey writes every kind of sealed text through the
// functions, and advances the clock until the data key is replaced.
func TestEveryTextIsResealedUnderTheNewestKey(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	acme, other := f.Tenant(t), f.Tenant(t)
	f.write(t, acme, 3)
	f.write(t, other, 1)
	h := f.handler(t)
	wantResult(t, f.reseal(t, h), reseal.Result{Done: 2})

	f.Clock.Advance(91 * day)
	before := f.texts(t, acme.Record)
	wantEpochs(t, before, counts(1, 6, 4, 1))
	wantResult(t, f.reseal(t, h), reseal.Result{More: true}) // it starts the next epoch and waits
	wantEpochs(t, f.texts(t, acme.Record), counts(1, 6, 4, 1))

	f.Clock.Advance(time.Hour)
	wantResult(t, f.reseal(t, h), reseal.Result{Resealed: 11 + 5, Done: 2})
	after := f.texts(t, acme.Record)
	wantEpochs(t, after, counts(2, 6, 4, 1))
	if diff := cmp.Diff(plain(before), plain(after)); diff != "" {
		t.Errorf("texts before (-) and after (+):\n%s", diff)
	}
	wantResult(t, f.reseal(t, h), reseal.Result{Done: 2})

	f.deleteDataKeys(t, acme.Record, "0000000002")
	if diff := cmp.Diff(after, f.texts(t, acme.Record)); diff != "" {
		t.Errorf("other texts open without the old data key:\n%s", diff)
	}
}

func TestTenantWithADisabledKeyDoesNotStopTheOthers(t *testing.T) {
	t.Parallel()
	f, acme, other := newPair(t, 1)
	f.setKey(t, acme.Record, kmspb.CryptoKeyVersion_DISABLED)
	wantResult(t, f.reseal(t, f.handler(t)), reseal.Result{Resealed: 5, Done: 1, Locked: 1})
	wantEpochs(t, f.texts(t, other.Record), counts(2, 2, 2, 1))

	f.setKey(t, acme.Record, kmspb.CryptoKeyVersion_ENABLED)
	wantEpochs(t, f.texts(t, acme.Record), counts(1, 2, 2, 1))
	wantResult(t, f.reseal(t, f.handler(t)), reseal.Result{Resealed: 5, Done: 2})
	wantEpochs(t, f.texts(t, acme.Record), counts(2, 2, 2, 1))
}

func (f fixture) setKey(t *testing.T, record tenant.Record, state kmspb.CryptoKeyVersion_CryptoKeyVersionState) {
	t.Helper()
	_, err := f.KMS.UpdateCryptoKeyVersion(kms.As(t.Context(), suite.OperatorAccount), &kmspb.UpdateCryptoKeyVersionRequest{
		CryptoKeyVersion: &kmspb.CryptoKeyVersion{Name: record.KeyName + "/cryptoKeyVersions/1", State: state},
		UpdateMask:       &fieldmaskpb.FieldMask{Paths: []string{"state"}},
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestSuspendedTenantIsResealedOnceItIsActive(t *testing.T) {
	t.Parallel()
	f, acme, _ := newPair(t, 1)
	acme.State = tenant.Suspended
	if err := f.Directory.Put(t.Context(), acme.Record); err != nil {
		t.Fatal(err)
	}
	wantResult(t, f.reseal(t, f.handler(t)), reseal.Result{Resealed: 5, Done: 1})
	wantEpochs(t, f.texts(t, acme.Record), counts(1, 2, 2, 1))
	acme.State = tenant.Active
	if err := f.Directory.Put(t.Context(), acme.Record); err != nil {
		t.Fatal(err)
	}
	wantResult(t, f.reseal(t, f.handler(t)), reseal.Result{Resealed: 5, Done: 2})
	wantEpochs(t, f.texts(t, acme.Record), counts(2, 2, 2, 1))
}

func TestUnreadableValueIsLoggedOnce(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	acme := f.Tenant(t)
	f.write(t, acme, 1)
	const canary = "a text that nobody may see"
	misplaced, err := f.keys(t, acme.Record).Seal(t.Context(), []byte(canary), []byte("another place"))
	if err != nil {
		t.Fatal(err)
	}
	path := "tenants/" + string(acme.ID) + "/workspaces/prod/assistants/misplaced"
	if _, err := f.db.Doc(path).Set(t.Context(), map[string]any{"name": misplaced}); err != nil {
		t.Fatal(err)
	}
	f.replaceDataKeys(t)
	for range 2 {
		result := f.reseal(t, f.handler(t))
		if result.Done != 1 || result.More {
			t.Errorf("%+v", result)
		}
	}
	if log := f.Log.String(); strings.Count(log, path) != 1 || strings.Contains(log, canary) {
		t.Errorf("the log names the document %d times, want once:\n%s", strings.Count(log, path), log)
	}
	if _, err := f.db.Doc(path).Delete(t.Context()); err != nil {
		t.Fatal(err)
	}
	wantEpochs(t, f.texts(t, acme.Record), counts(2, 2, 2, 1))
}

// TestFailingTenantsDoNotStopTheOthers has a tenant with a broken data key, a tenant
// with a broken record, and an intact tenant.
func TestFailingTenantsDoNotStopTheOthers(t *testing.T) {
	t.Parallel()
	f, broken, intact := newPair(t, 1)
	old := f.db.Doc("tenants/" + string(broken.ID) + "/deks/0000000001")
	if _, err := old.Update(t.Context(), []firestore.Update{{Path: "keyName", Value: "another"}}); err != nil {
		t.Fatal(err)
	}
	records, err := f.Directory.Client(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := records.Doc("tenants/broken").Set(t.Context(), map[string]any{"id": 1}); err != nil {
		t.Fatal(err)
	}
	h := f.handler(t)
	if w := call(t, h); w.Code != http.StatusInternalServerError {
		t.Errorf("status %d", w.Code)
	}
	wantEpochs(t, f.texts(t, intact.Record), counts(2, 2, 2, 1))
	log := f.Log.String()
	for _, want := range []string{string(broken.ID) + ": sightings.line", "issues.text", "assistants.name", "read tenant", "done=1"} {
		if !strings.Contains(log, want) {
			t.Errorf("the log does not contain %q:\n%s", want, log)
		}
	}
	_, err = old.Update(t.Context(), []firestore.Update{{Path: "keyName", Value: broken.KeyName}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := records.Doc("tenants/broken").Delete(t.Context()); err != nil {
		t.Fatal(err)
	}
	wantResult(t, f.reseal(t, f.handler(t)), reseal.Result{Resealed: 5, Done: 2})
}

func TestConcurrentCallsResealEachTextOnce(t *testing.T) {
	t.Parallel()
	f, acme, other := newPair(t, 10)
	results := make([]reseal.Result, 3)
	var all sync.WaitGroup
	for i := range results {
		h := f.handler(t)
		all.Go(func() { results[i] = f.reseal(t, h) })
	}
	all.Wait()
	sum := 0
	for _, r := range results {
		sum += r.Resealed
	}
	if want := 2 * (20 + 11 + 1); sum != want {
		t.Errorf("%d values were resealed, want %d: %+v", sum, want, results)
	}
	wantEpochs(t, f.texts(t, acme.Record), counts(2, 20, 11, 1))
	wantEpochs(t, f.texts(t, other.Record), counts(2, 20, 11, 1))
}

func TestTheReasonOfAnIgnoredIssueIsResealed(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	acme := f.Tenant(t)
	f.write(t, acme, 1)
	issues := "/v1/workspaces/" + string(acme.Workspace) + "/issues"
	var found struct{ Issues []struct{ ID string } }
	acme.Search(t, "viewer", issues, "").Want(t, http.StatusOK).JSON(t, &found)
	acme.Do(t, "viewer", http.MethodPost, issues+"/"+found.Issues[0].ID+"/ignore",
		map[string]any{"until": f.Clock.Now().Add(300 * day), "reason": "waits for the new disk"}).Want(t, http.StatusOK)
	f.replaceDataKeys(t)
	f.reseal(t, f.handler(t))
	want := counts(2, 2, 2, 1)
	want["issues.ignoreReason"] = map[int]int{2: 1}
	wantEpochs(t, f.texts(t, acme.Record), want)
}

func TestOnlyTheSchedulerMayCall(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	acme := f.Tenant(t)
	f.write(t, acme, 1)
	f.replaceDataKeys(t)
	endpoint := f.LoadBalancer.Endpoint("reseal")
	for account, want := range map[string]int{
		suite.Account("pubsub-push"): http.StatusForbidden, suite.FunctionAccount("reseal"): http.StatusForbidden, "": http.StatusUnauthorized,
	} {
		token := ""
		if account != "" {
			var err error
			if token, err = f.IAM.SignJWT(account, map[string]any{"aud": endpoint}); err != nil {
				t.Fatal(err)
			}
		}
		f.Do(t, token, http.MethodPost, "/functions/reseal", nil).Want(t, want)
	}
	wantEpochs(t, f.texts(t, acme.Record), counts(1, 2, 2, 1))
	if err := f.Scheduler.RunNow(t.Context(), "reseal"); err != nil {
		t.Fatal(err)
	}
	wantEpochs(t, f.texts(t, acme.Record), counts(2, 2, 2, 1))
}

// reseal has a role on keys and none on topics; sweep has no role on keys.
func TestResealAndSweepHaveSeparateRoles(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	acme := f.Tenant(t)
	held := map[string][]string{}
	for _, b := range f.IAM.Bindings() {
		for _, function := range []string{"reseal", "sweep"} {
			if b.Member == suite.FunctionAccount(function) {
				held[function] = append(held[function], b.Role+" on "+b.Resource)
			}
		}
	}
	want := []string{
		"projects/" + suite.ProjectID + "/roles/strongroom.documentWriter on projects/" + suite.ProjectID + "/databases/(default)",
		"roles/datastore.viewer on projects/" + suite.ProjectID + "/databases/directory",
		"roles/cloudkms.cryptoKeyEncrypterDecrypter on " + acme.KeyName,
	}
	if diff := cmp.Diff(want, held["reseal"]); diff != "" {
		t.Errorf("roles of reseal (-want +got):\n%s", diff)
	}
	if got := strings.Join(held["sweep"], "\n"); strings.Contains(got, acme.KeyName) || strings.Contains(got, "cryptoKeyDecrypter") || strings.Contains(got, "EncrypterDecrypter") {
		t.Errorf("sweep holds %q", got)
	}
	err := f.IAM.Unbind(iam.Binding{Member: suite.FunctionAccount("reseal"), Role: "roles/cloudkms.cryptoKeyEncrypterDecrypter", Resource: acme.KeyName})
	if err != nil {
		t.Fatal(err)
	}
	wantResult(t, f.reseal(t, f.handler(t)), reseal.Result{Locked: 1}) // the same as with a disabled key
	if _, err := f.keys(t, acme.Record).Seal(t.Context(), nil, nil); err != nil {
		t.Errorf("the key itself is unavailable: %v", err)
	}
}
