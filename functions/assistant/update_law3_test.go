package assistant_test

import (
	"strings"
	"testing"

	"cloud.google.com/go/kms/apiv1/kmspb"

	"github.com/strongroom-dev/strongroom/emulator/cloud"
	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/shared/event"
	"github.com/strongroom-dev/strongroom/shared/issue"
	"github.com/strongroom-dev/strongroom/shared/run"
)

const canary = "canary-5f2c"

// canaries has one in every text that a line may have, and under a key that
// nobody knows.
const canaries = `"title":"T canary-5f2c","expected":"E canary-5f2c","actual":"A canary-5f2c","reproduceHint":"R canary-5f2c",` +
	`"nextSteps":"N canary-5f2c","details":"D canary-5f2c","taskName":"K canary-5f2c","taskDoc":"O canary-5f2c","taskStatus":"S canary-5f2c",` +
	`"taskMessage":"M canary-5f2c","metadata":{"summary":"Y canary-5f2c"},"resource":"Q canary-5f2c","slx":"X canary-5f2c","canary-5f2c":["canary-5f2c"]`

func TestLaw3NoTextIsInTheClear(t *testing.T) {
	t.Parallel()
	c := cloudtest.Shared(t)
	if c.Firestore == nil {
		t.Skip("the stored documents of Google's emulator cannot be walked")
	}
	w := newWorld(t)
	r := at(0, run.Failure, canary)
	r.found[0].line = canaries
	w.reportAndDeliver(t, r)
	again := at(1, run.Failure, canary)
	again.found[0].line = canaries
	w.reportAndDeliver(t, again, at(2, run.Success))

	if text := w.text(t, canary); text.Title != "T "+canary || !strings.Contains(string(text.Line), canaries) {
		t.Fatalf("the issue's text is %q %q", text.Title, text.Line)
	}
	if where := w.whereIs(t, c, canary); len(where) > 0 {
		t.Errorf("found in the clear in %v", where)
	}
	if logs := w.log.String() + c.Log.String(); strings.Contains(logs, canary) {
		t.Errorf("found in the log: %s", logs)
	}
}

func TestLaw3ADisabledKeyDelaysButLosesNothing(t *testing.T) {
	t.Parallel()
	c := cloudtest.Shared(t)
	w := newWorldOf(t, c.Tenant(t), c.As(cloud.OperatorAccount))
	r, other := at(0, run.Failure, "a"), at(1, run.Success)
	w.report(t, r, other)
	c.SwitchKey(t, w.KeyName, kmspb.CryptoKeyVersion_DISABLED)
	err := w.updater.Handle(t.Context(), w.message(r.id))
	if err == nil || event.IsPermanent(err) || !strings.Contains(err.Error(), "key is not available") {
		t.Fatalf("got %v, want a fault that may pass and names the key", err)
	}
	if i := w.issue(t, "a"); i.Runs != 0 || w.check(t).Runs != 0 || w.pending(t.Context(), t) != 2 {
		t.Fatalf("something was written without a key: %+v", i)
	}
	c.SwitchKey(t, w.KeyName, kmspb.CryptoKeyVersion_ENABLED)
	if err := w.updater.FoldCheck(t.Context(), w.ID, w.Workspace, issue.NewCheckID("dns-check", resource)); err != nil {
		t.Fatal(err)
	}
	if i := w.issue(t, "a"); i.Life != issue.Resolved || w.pending(t.Context(), t) != 0 || w.text(t, "a").Title != "Title of a" {
		t.Errorf("after the key is back it is %+v", i)
	}
}
