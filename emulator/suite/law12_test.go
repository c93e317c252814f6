package suite_test

import (
	"bytes"
	"cmp"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/shared/configtree"
	"github.com/strongroom-dev/strongroom/shared/findings"
)

// Law 12: no configuration is in effect unless a person has reviewed its exact tree, and
// no finding is in effect without a waiver in that review. The test reviews one tree, and
// tries to put others into effect with that review.
func TestLaw12ReviewedBeforeUpload(t *testing.T) {
	t.Parallel()
	tn := cloudtest.Shared(t).Tenant(t, "prod", "staging")
	key := "AKIA" + strings.Repeat("Q", 16)
	base := cloudtest.SLX("reviewed")
	tn.PushConfig(t, "prod", base)
	secret := cloudtest.SLX("x # " + key)
	email := cloudtest.SLX("ann@example.com")
	for name, test := range map[string]struct {
		files    []configtree.File // that are pushed
		reviewed []configtree.File // nil: those
		by       string            // who reviews; empty: the builder
		waivers  []findings.Waiver
		as       tenantOf
		want     bool // the push takes effect
	}{
		"the reviewed tree":                      {files: cloudtest.SLX("a"), want: true},
		"a tree that nobody has reviewed":        {files: cloudtest.SLX("b"), reviewed: cloudtest.SLX("c")},
		"the reviewed tree with one byte more":   {files: cloudtest.SLX("d "), reviewed: cloudtest.SLX("d")},
		"the reviewed tree with one file more":   {files: append(cloudtest.SLX("e"), configtree.File{Path: "z.md"}), reviewed: cloudtest.SLX("e")},
		"a tree that only a pipeline has seen":   {files: cloudtest.SLX("f"), by: "pipeline"},
		"a review of another workspace":          {files: cloudtest.SLX("g"), as: inStaging},
		"a review of another tenant":             {files: cloudtest.SLX("h"), as: ofOther},
		"a reviewed secret":                      {files: secret},
		"a secret whose rule is waived for all":  {files: cloudtest.SLX("i # " + key), waivers: []findings.Waiver{{Rule: "email", Reason: "no secret"}}},
		"a secret with a waiver of another line": {files: cloudtest.SLX("j # " + key), waivers: []findings.Waiver{{Rule: "aws-access-key", Path: "slx.yaml", Line: 9, Reason: "an example"}}},
		"a secret with its own waiver":           {files: cloudtest.SLX("k # " + key), waivers: []findings.Waiver{{Rule: "aws-access-key", Path: "slx.yaml", Line: 5, Reason: "an example"}}, want: true},
		"an address without a waiver":            {files: email},
	} {
		t.Run(name, func(t *testing.T) {
			before := digestInEffect(t, tn)
			reviewed := test.reviewed
			if reviewed == nil {
				reviewed = test.files
			}
			reviewTree(t, tn, test.as, reviewed, cmp.Or(test.by, "builder"), test.waivers)
			push := cloudtest.NewPush(t, tn.MainOf(t, "prod"), test.files)
			r := tn.Do(t, "builder", http.MethodPost, cloudtest.ConfigPath("prod")+".git/git-receive-pack", push).Want(t, http.StatusOK)
			pushed, _ := configtree.New(test.files)
			want := before
			if test.want {
				want = pushed.Digest().String()
			}
			if got := digestInEffect(t, tn); got != want {
				t.Errorf("in effect is %s, want %s: %s", got, want, r.Body)
			}
			if bytes.Contains(r.Body, []byte("ok refs/heads/main")) != test.want {
				t.Errorf("git is answered %q", r.Body)
			}
			if bytes.Contains(r.Body, []byte(key)) {
				t.Error("the answer shows the secret")
			}
		})
	}
	if log := tn.Cloud.Log.String(); strings.Contains(log, key) || strings.Contains(log, "ann@example.com") {
		t.Error("the log shows a finding")
	}
}

// tenantOf says where a review is recorded.
type tenantOf int

const (
	inProd tenantOf = iota
	inStaging
	ofOther
)

func reviewTree(t *testing.T, tn *cloudtest.Tenant, where tenantOf, files []configtree.File, by string, waivers []findings.Waiver) {
	t.Helper()
	tree, faults := configtree.New(files)
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	path := cloudtest.ConfigPath("prod")
	switch where {
	case inStaging:
		path = cloudtest.ConfigPath("staging")
	case ofOther:
		tn = tn.Cloud.Tenant(t, "prod")
	}
	body := map[string]any{"files": len(files), "bytes": tree.Bytes(), "waivers": waivers}
	tn.Do(t, by, http.MethodPut, fmt.Sprintf("%s/reviews/%s", path, tree.Digest()), body).Want(t, http.StatusOK)
}

func digestInEffect(t *testing.T, tn *cloudtest.Tenant) string {
	t.Helper()
	var out struct{ Digest string }
	tn.Do(t, "admin", http.MethodGet, cloudtest.ConfigPath("prod"), nil).Want(t, http.StatusOK).JSON(t, &out)
	return out.Digest
}
