package configs_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"cloud.google.com/go/storage"
	"github.com/google/go-cmp/cmp"
	"google.golang.org/api/iterator"
	"google.golang.org/api/option"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/faults"
	"github.com/strongroom-dev/strongroom/emulator/suite"
	"github.com/strongroom-dev/strongroom/shared/configtree"
	"github.com/strongroom-dev/strongroom/shared/directory"
	"github.com/strongroom-dev/strongroom/shared/findings"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// holding returns a tenant with rules for configurations.
func holding(t *testing.T, rules tenant.ConfigRules) *cloudtest.Tenant {
	t.Helper()
	tn := cloudtest.Shared(t).Tenant(t)
	tn.Record.Configs = rules
	if err := tn.Cloud.Directory.Put(t.Context(), tn.Record); err != nil {
		t.Fatal(err)
	}
	return tn
}

// held pushes a file for which approval is required, and returns the digest.
func held(t *testing.T, tn *cloudtest.Tenant, w workTree, alias string) string {
	t.Helper()
	w.write(t, "slxs/api/slx.yaml", slx(alias))
	tree := w.commit(t)
	review(t, tn, tree, "builder")
	w.refused(t, "held for approval", "origin", "main")
	return tree.Digest().String()
}

func decide(t *testing.T, tn *cloudtest.Tenant, persona, digest, decision string) cloudtest.Response {
	t.Helper()
	return tn.Do(t, persona, http.MethodPost, configPath(tn)+"/reviews/"+digest+"/"+decision, nil)
}

func TestHeldPushTakesEffectWhenAnAdminApproves(t *testing.T) {
	t.Parallel()
	tn := holding(t, tenant.ConfigRules{HoldPushes: true})
	w := newWorkTree(t, tn)
	first := held(t, tn, w, "first")
	if got := inEffect(t, tn); got != "" {
		t.Fatalf("in effect is %s before the approval", got)
	}
	var shown struct {
		Push    struct{ State, Reason, Pusher string }
		Changes []struct{ Path, Change, Text string }
	}
	tn.Do(t, "admin", http.MethodGet, configPath(tn)+"/reviews/"+first+"/files", nil).Want(t, http.StatusOK).JSON(t, &shown)
	if len(shown.Changes) != 1 || shown.Changes[0].Change != "new" || shown.Changes[0].Text != slx("first") || shown.Push.State != "waiting" || shown.Push.Reason != "tenant" {
		t.Errorf("the admin sees %+v", shown)
	}
	decide(t, tn, "admin", first, "approve").Want(t, http.StatusOK)
	decide(t, tn, "admin", first, "approve").Want(t, http.StatusOK) // again
	if got := inEffect(t, tn); got != first {
		t.Errorf("in effect is %s, want %s", got, first)
	}
	if files := clone(t, tn, "viewer"); files["slxs/api/slx.yaml"] != slx("first") {
		t.Errorf("the clone has %v", files)
	}
	second := held(t, tn, w, "second")
	decide(t, tn, "admin", second, "approve").Want(t, http.StatusOK)
	if got := inEffect(t, tn); got != second {
		t.Errorf("in effect is %s, want %s", got, second)
	}
	decide(t, tn, "admin", second, "reject").Want(t, http.StatusConflict)
}

func TestRejectedPushCannotBeRead(t *testing.T) {
	t.Parallel()
	tn := holding(t, tenant.ConfigRules{HoldPushes: true})
	w := newWorkTree(t, tn)
	digest := held(t, tn, w, "rejected-canary")
	decide(t, tn, "admin", digest, "reject").Want(t, http.StatusOK)
	decide(t, tn, "admin", digest, "approve").Want(t, http.StatusConflict)
	tn.Do(t, "admin", http.MethodGet, configPath(tn)+"/reviews/"+digest+"/files", nil).Want(t, http.StatusConflict)
	if got := inEffect(t, tn); got != "" {
		t.Errorf("in effect is %s", got)
	}
	for _, name := range objects(t, tn) {
		if !strings.HasPrefix(name, "_held/") {
			t.Errorf("the bucket has %s", name)
		}
	}
	decide(t, tn, "admin", held(t, tn, w, "rejected-canary"), "approve").Want(t, http.StatusOK) // it may be pushed again
}

// objects lists the tenant's bucket of configurations.
func objects(t *testing.T, tn *cloudtest.Tenant) (names []string) {
	t.Helper()
	config := tn.Cloud.Operator.Config
	client, err := storage.NewClient(t.Context(), option.WithEndpoint("http://"+config.StorageHost+"/storage/v1/"), option.WithHTTPClient(&http.Client{Transport: config.Transport()}))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	all := client.Bucket(tn.ConfigsBucket).Objects(t.Context(), nil)
	for {
		o, err := all.Next()
		if err == iterator.Done {
			return names
		}
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, o.Name)
	}
}

func TestNobodyApprovesAlone(t *testing.T) {
	t.Parallel()
	tn := holding(t, tenant.ConfigRules{HoldPushes: true})
	w := newWorkTree(t, tn)
	w.write(t, "slxs/api/slx.yaml", slx("own"))
	tree := w.commit(t)
	review(t, tn, tree, "admin")
	w.refused(t, "held for approval", "origin", "main")
	digest := tree.Digest().String()
	for persona, want := range map[string]string{"admin": "ask another admin", "builder": "your role", "pipeline": "your role", "auditor": "your role"} {
		r := decide(t, tn, persona, digest, "approve").Want(t, http.StatusForbidden)
		if !strings.Contains(string(r.Body), want) {
			t.Errorf("%s: %s", persona, r.Body)
		}
	}
	if got := inEffect(t, tn); got != "" {
		t.Errorf("in effect is %s", got)
	}
}

// An admin by a rule of the API can be a second account of the admin who has reviewed the push.
func TestAnAdminByARuleOfTheAPIApprovesNothing(t *testing.T) {
	t.Parallel()
	tn := holding(t, tenant.ConfigRules{HoldPushes: true})
	claims := map[string]string{"sub": "newcomer@" + string(tn.ID) + ".example"}
	issuer := tn.Cloud.Issuer.URL()
	db, err := tn.Cloud.Directory.Client(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := directory.Settings(db, tn.ID).Set(t.Context(), tenant.Settings{Rules: []tenant.AddedRule{
		{ID: tenant.AddedRuleID(issuer, claims), Issuer: issuer, Rule: tenant.Rule{Claims: claims, Role: tenant.Admin}},
	}}); err != nil {
		t.Fatal(err)
	}
	digest := held(t, tn, newWorkTree(t, tn), "first")
	r := decide(t, tn, "newcomer", digest, "approve").Want(t, http.StatusForbidden)
	if !strings.Contains(string(r.Body), "ask an admin by a rule of Terraform") {
		t.Errorf("the refusal is %s", r.Body)
	}
	if got := inEffect(t, tn); got != "" {
		t.Errorf("in effect is %s", got)
	}
	decide(t, tn, "admin", digest, "approve").Want(t, http.StatusOK)
}

func TestApprovalIsRefusedIfMainHasMoved(t *testing.T) {
	t.Parallel()
	tn := holding(t, tenant.ConfigRules{HoldPushes: true})
	w, other := newWorkTree(t, tn), newWorkTree(t, tn)
	first, second := held(t, tn, w, "first"), held(t, tn, other, "second")
	decide(t, tn, "admin", second, "approve").Want(t, http.StatusOK)
	decide(t, tn, "admin", first, "approve").Want(t, http.StatusConflict)
	if got := inEffect(t, tn); got != second {
		t.Errorf("in effect is %s, want %s", got, second)
	}
}

func TestTrustDecidesWhatAPipelineIs(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		rules tenant.ConfigRules
		by    string
		held  bool
	}{
		"a person":                          {tenant.ConfigRules{}, "builder", false},
		"a pipeline":                        {tenant.ConfigRules{}, "pipeline", true},
		"a pipeline that the tenant allows": {tenant.ConfigRules{PipelineReviews: true}, "pipeline", false},
		"a pipeline where every push needs consent": {tenant.ConfigRules{PipelineReviews: true, HoldPushes: true}, "pipeline", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tn := holding(t, test.rules)
			files := []configtree.File{{Path: "slx.yaml", Data: []byte(slx("a"))}}
			tree, _ := configtree.New(files)
			review(t, tn, tree, test.by)
			push := cloudtest.NewPush(t, tn.MainOf(t, tn.Workspace), files)
			r := tn.Do(t, test.by, http.MethodPost, configPath(tn)+".git/git-receive-pack", push).Want(t, http.StatusOK)
			if isHeld := strings.Contains(string(r.Body), "held for approval"); isHeld != test.held || (inEffect(t, tn) == "") != test.held {
				t.Errorf("held: %t, want %t: %s", isHeld, test.held, r.Body)
			}
		})
	}
	tn := cloudtest.Shared(t).Tenant(t)
	body := map[string]any{"kind": "person", "files": 1, "bytes": 1}
	tn.Do(t, "pipeline", http.MethodPut, configPath(tn)+"/reviews/"+strings.Repeat("a", 64), body).Want(t, http.StatusUnprocessableEntity)
}

// waitingPushes returns what a persona may decide about each push that waits, by its digest.
func waitingPushes(t *testing.T, tn *cloudtest.Tenant, persona string, size int) (decisions map[string][]string, inEffect string) {
	t.Helper()
	decisions = map[string][]string{}
	for token := ""; ; {
		var page struct {
			Reviews []struct {
				Digest string
				Push   struct{ Decisions []string }
			}
			InEffect, NextPageToken string
		}
		tn.Do(t, persona, http.MethodGet, fmt.Sprintf("%s/reviews?push=waiting&pageSize=%d&pageToken=%s", configPath(tn), size, token), nil).Want(t, http.StatusOK).JSON(t, &page)
		for _, r := range page.Reviews {
			decisions[r.Digest] = r.Push.Decisions
		}
		if token = page.NextPageToken; token == "" {
			return decisions, page.InEffect
		}
	}
}

func TestPushesThatWaitAreListedWithWhatTheCallerMayDecide(t *testing.T) {
	t.Parallel()
	tn := holding(t, tenant.ConfigRules{HoldPushes: true})
	digests := map[string]string{}
	for by, alias := range map[string]string{"builder": "first", "admin": "own"} {
		files := cloudtest.SLX(alias)
		tree, _ := configtree.New(files)
		review(t, tn, tree, by)
		tn.Do(t, "builder", http.MethodPost, configPath(tn)+".git/git-receive-pack", cloudtest.NewPush(t, tn.MainOf(t, tn.Workspace), files)).Want(t, http.StatusOK)
		digests[by] = tree.Digest().String()
	}
	for persona, want := range map[string]map[string][]string{
		"admin":   {digests["builder"]: {"approve", "reject"}, digests["admin"]: {"reject"}},
		"viewer":  {digests["builder"]: nil, digests["admin"]: nil},
		"auditor": {digests["builder"]: nil, digests["admin"]: nil},
	} {
		got, inEffect := waitingPushes(t, tn, persona, 1)
		if diff := cmp.Diff(want, got); diff != "" || inEffect != "" {
			t.Errorf("%s sees, with %q in effect (-want +got):\n%s", persona, inEffect, diff)
		}
	}
	decide(t, tn, "admin", digests["builder"], "approve").Want(t, http.StatusOK)
	decide(t, tn, "admin", digests["admin"], "reject").Want(t, http.StatusOK)
	if got, inEffect := waitingPushes(t, tn, "admin", 50); len(got) > 0 || inEffect != digests["builder"] {
		t.Errorf("after the decisions, %v wait, and in effect is %s", got, inEffect)
	}
	var shown struct{ Kinds map[string]int }
	tn.Do(t, "builder", http.MethodGet, configPath(tn), nil).Want(t, http.StatusOK).JSON(t, &shown)
	if diff := cmp.Diff(map[string]int{"ServiceLevelX": 1}, shown.Kinds); diff != "" {
		t.Errorf("the kinds (-want +got):\n%s", diff)
	}
}

func TestHeldPushExpires(t *testing.T) {
	t.Parallel()
	c := cloudtest.New(t, suite.Options{})
	tn := c.Tenant(t)
	digest := tn.HoldConfig(t, tn.Workspace, cloudtest.SLX("late"))
	c.Clock.Advance(31 * 24 * time.Hour)
	if got, _ := waitingPushes(t, tn, "admin", 50); len(got) > 0 {
		t.Errorf("%v wait", got)
	}
	r := decide(t, tn, "admin", digest, "approve").Want(t, http.StatusConflict)
	if !strings.Contains(string(r.Body), "more than 30 days") {
		t.Errorf("got %s", r.Body)
	}
}

func TestHistoryIsListedAndReset(t *testing.T) {
	t.Parallel()
	tn := cloudtest.Shared(t).Tenant(t)
	w := pushed(t, tn)
	for _, alias := range []string{"secret-canary", "clean"} {
		w.write(t, "slxs/api/slx.yaml", slx(alias))
		review(t, tn, w.commit(t), "builder")
		w.want(t, "push", "origin", "main")
	}
	var log struct {
		Commits []struct{ Commit, Digest, Message string }
		Next    string `json:"nextPageToken"`
	}
	tn.Do(t, "viewer", http.MethodGet, configPath(tn)+"/log?pageSize=2", nil).Want(t, http.StatusOK).JSON(t, &log)
	if len(log.Commits) != 2 || log.Commits[0].Digest != inEffect(t, tn) || log.Next == "" {
		t.Fatalf("the log is %+v", log)
	}
	leaked := log.Commits[1].Commit
	next := log.Next
	tn.Do(t, "viewer", http.MethodGet, configPath(tn)+"/log?pageSize=2&pageToken="+next, nil).Want(t, http.StatusOK).JSON(t, &log)
	if len(log.Commits) != 1 {
		t.Errorf("the second page is %+v", log)
	}
	main, digest := tn.MainOf(t, tn.Workspace), inEffect(t, tn)
	reset := configPath(tn) + "/reset"
	tn.Do(t, "admin", http.MethodPost, reset, map[string]any{"commit": leaked}).Want(t, http.StatusConflict)
	var done struct {
		Commit, Digest string
		Object         string
		Objects        []string
	}
	tn.Do(t, "admin", http.MethodPost, reset, map[string]any{"commit": main}).Want(t, http.StatusOK).JSON(t, &done)
	if done.Digest != digest || inEffect(t, tn) != digest || len(done.Objects) == 0 || !slices.Contains(objects(t, tn), done.Object) || done.Commit != tn.MainOf(t, tn.Workspace) {
		t.Errorf("the reset is %+v", done)
	}
	fetch := cloudtest.Media{Type: cloudtest.FetchMedia, Data: []byte("0032want " + leaked + "\n00000009done\n")}
	tn.Do(t, "viewer", http.MethodPost, configPath(tn)+".git/git-upload-pack", fetch).Want(t, http.StatusNotFound)
	if files := clone(t, tn, "viewer"); len(files) != 1 || files["slxs/api/slx.yaml"] != slx("clean") {
		t.Errorf("the clone has %v", files)
	}
	w.refused(t, "fetch first", "origin", "HEAD:main")
	tn.Do(t, "viewer", http.MethodGet, configPath(tn)+"/log?pageSize=2&pageToken="+next, nil).Want(t, http.StatusConflict)
}

func TestFileIsReadByItsHash(t *testing.T) {
	t.Parallel()
	tn := cloudtest.Shared(t).Tenant(t)
	files := cloudtest.SLX("shown")
	tn.PushConfig(t, tn.Workspace, files)
	var shown struct{ Path, Text string }
	path := configPath(tn) + "/files/"
	tn.Do(t, "viewer", http.MethodGet, path+configtree.SumOf(files[0]).Hash(), nil).Want(t, http.StatusOK).JSON(t, &shown)
	if shown.Path != files[0].Path || shown.Text != string(files[0].Data) {
		t.Errorf("the file is %+v", shown)
	}
	tn.Do(t, "viewer", http.MethodGet, path+strings.Repeat("0", 64), nil).Want(t, http.StatusNotFound)
	tn.Do(t, "viewer", http.MethodGet, path+"slx.yaml", nil).Want(t, http.StatusBadRequest)
}

// reviewAgain sends a review, which may be refused.
func reviewAgain(t *testing.T, tn *cloudtest.Tenant, persona string, tree configtree.Tree, waivers ...findings.Waiver) cloudtest.Response {
	t.Helper()
	body := map[string]any{"files": len(tree.Files), "bytes": tree.Bytes(), "waivers": waivers}
	return tn.Do(t, persona, http.MethodPut, configPath(tn)+"/reviews/"+tree.Digest().String(), body)
}

func TestReviewOfAPersonReplacesThatOfAPipeline(t *testing.T) {
	t.Parallel()
	tn := cloudtest.Shared(t).Tenant(t)
	files := cloudtest.SLX("ann@example.com")
	tree, _ := configtree.New(files)
	waiver := findings.Waiver{Rule: "email", Reason: "the address of a team"}
	push := func() string {
		return pushBody(t, tn, cloudtest.NewPush(t, tn.MainOf(t, tn.Workspace), files).Data)
	}
	review(t, tn, tree, "pipeline", waiver)
	if report := push(); !strings.Contains(report, "held for approval") {
		t.Fatalf("the push with the review of a pipeline: %q", report)
	}
	reviewAgain(t, tn, "builder", tree).Want(t, http.StatusOK)
	if report := push(); !strings.Contains(report, "1 faults") {
		t.Errorf("the push with a review without the waiver of the pipeline: %q", report)
	}
	for persona, want := range map[string]int{"pipeline": http.StatusConflict, "admin": http.StatusConflict, "builder": http.StatusOK} {
		reviewAgain(t, tn, persona, tree).Want(t, want)
	}
	reviewAgain(t, tn, "builder", tree, waiver).Want(t, http.StatusConflict)
	tn.Cloud.RunScheduled(t, "audit-integrator")
	var log struct{ Entries []struct{ Action string } }
	tn.Do(t, "auditor", http.MethodGet, "/v1/audit/entries?action=configs.review", nil).Want(t, http.StatusOK).JSON(t, &log)
	if len(log.Entries) != 2 {
		t.Errorf("the audit log has the reviews %v, want that of the pipeline and that of the builder", log.Entries)
	}
}

func TestReviewOfAPersonKeepsTheWaiversOfATreeInEffect(t *testing.T) {
	t.Parallel()
	tn := holding(t, tenant.ConfigRules{PipelineReviews: true})
	files := cloudtest.SLX("ann@example.com")
	tree, _ := configtree.New(files)
	waiver := findings.Waiver{Rule: "email", Reason: "the address of a team"}
	review(t, tn, tree, "pipeline", waiver)
	if report := pushBody(t, tn, cloudtest.NewPush(t, tn.MainOf(t, tn.Workspace), files).Data); !strings.Contains(report, "ok refs/heads/main") {
		t.Fatalf("the push: %q", report)
	}
	reviewAgain(t, tn, "builder", tree).Want(t, http.StatusConflict)
	reviewAgain(t, tn, "builder", tree, waiver).Want(t, http.StatusOK)
	var shown struct{ Kind string }
	tn.Do(t, "admin", http.MethodGet, configPath(tn)+"/reviews/"+tree.Digest().String(), nil).Want(t, http.StatusOK).JSON(t, &shown)
	if shown.Kind != "person" {
		t.Errorf("the review is of a %s", shown.Kind)
	}
}

// An admin whose review has replaced that of a pipeline does not approve what waits for it.
func TestNobodyApprovesWhatTheyHaveReviewedMeanwhile(t *testing.T) {
	t.Parallel()
	tn := holding(t, tenant.ConfigRules{HoldPushes: true})
	files := cloudtest.SLX("held")
	tree, _ := configtree.New(files)
	digest := tn.HoldConfig(t, tn.Workspace, files)
	reviewAgain(t, tn, "admin", tree).Want(t, http.StatusOK)
	decide(t, tn, "admin", digest, "approve").Want(t, http.StatusForbidden)
	if got := inEffect(t, tn); got != "" {
		t.Errorf("in effect is %s", got)
	}
}

// A push that was checked with the review of a pipeline does not take effect after the review
// of a person has replaced it.
func TestReviewThatIsReplacedDuringAPushStopsIt(t *testing.T) {
	t.Parallel()
	tn := holding(t, tenant.ConfigRules{PipelineReviews: true})
	target, err := faults.NewTarget(tn.Cloud.As(suite.FunctionAccount("configs")).FirestoreHost)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = target.Close() })
	b := newBuilder(t, tn, "ann")
	b.files["slxs/a/slx.yaml"] = slx("ann@example.com")
	b.commit(t, "change\n")
	review(t, tn, treeOf(b.files), "pipeline", findings.Waiver{Rule: "email", Reason: "the address of a team"})
	var once sync.Once
	f := startFaulty(t, tn.Cloud, target, func(_ int64, name string) faults.Fault {
		if name == http.MethodPost { // the pack is stored
			once.Do(func() { reviewAgain(t, tn, "builder", treeOf(b.files)).Want(t, http.StatusOK) })
		}
		return faults.None
	})
	defer f.close()
	if err := b.push(t, f.address); err == nil || !strings.Contains(err.Error(), "somebody has reviewed the tree meanwhile") {
		t.Errorf("the push ends with %v", err)
	}
	if got := inEffect(t, tn); got != "" {
		t.Errorf("in effect is %s", got)
	}
}
