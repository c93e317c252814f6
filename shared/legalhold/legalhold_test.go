package legalhold_test

import (
	"testing"

	"github.com/strongroom-dev/strongroom/shared/legalhold"
	"github.com/strongroom-dev/strongroom/shared/run"
)

const (
	one = run.ID("01981e2c-5d1e-7c3a-9f00-2a6b1c4d8e31")
	two = run.ID("01981e2c-5d1e-7c3a-9f00-2a6b1c4d8e32")
)

func TestAHoldCoversWhatItNames(t *testing.T) {
	t.Parallel()
	tenantHold := legalhold.Hold{ID: "tenant"}
	workspaceHold := legalhold.Hold{ID: "workspace", Workspace: "prod"}
	runHold := legalhold.Hold{ID: "run", Workspace: "prod", Run: one}
	for name, c := range map[string]struct {
		holds  legalhold.Holds
		object string
		want   bool
	}{
		"no hold covers nothing":                               {nil, "prod/" + string(one) + "/a/00001", false},
		"a hold on the tenant covers every object":             {legalhold.Holds{tenantHold}, "dev/x", true},
		"a hold on a workspace covers its outputs":             {legalhold.Holds{workspaceHold}, "prod/" + string(two) + "/a/00001", true},
		"a hold on a workspace covers its configuration":       {legalhold.Holds{workspaceHold}, "prod/abc.pack", true},
		"a hold on a workspace covers its waiting pushes":      {legalhold.Holds{workspaceHold}, "_held/prod/abc.pack", true},
		"a hold on a workspace covers no other":                {legalhold.Holds{workspaceHold}, "prod-2/abc.pack", false},
		"a hold on a run covers its outputs":                   {legalhold.Holds{runHold}, "prod/" + string(one) + "/a/00001", true},
		"a hold on a run covers no other run":                  {legalhold.Holds{runHold}, "prod/" + string(two) + "/a/00001", false},
		"a hold on a run covers no run of another workspace":   {legalhold.Holds{runHold}, "dev/" + string(one) + "/a/00001", false},
		"a hold on a run covers no configuration":              {legalhold.Holds{runHold}, "prod/" + string(one), false},
		"of several holds, one that covers an object suffices": {legalhold.Holds{runHold, workspaceHold}, "prod/" + string(two) + "/a/00001", true},
	} {
		if got := c.holds.CoverObject(c.object); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
	if !(legalhold.Holds{runHold}).Cover("") || !(legalhold.Holds{runHold}).Cover("prod") || (legalhold.Holds{runHold}).Cover("dev") {
		t.Error("a hold on a run covers what belongs to the tenant and to its workspace, and no other workspace")
	}
}

func TestTheFingerprintFollowsWhatIsCovered(t *testing.T) {
	t.Parallel()
	a, b := legalhold.Hold{ID: "a", Workspace: "prod"}, legalhold.Hold{ID: "b", Workspace: "prod", Run: one}
	if (legalhold.Holds{a, b}).Fingerprint() != (legalhold.Holds{b, a}).Fingerprint() {
		t.Error("the order of the holds changes the fingerprint")
	}
	if (legalhold.Holds{a}).Fingerprint() == (legalhold.Holds{b}).Fingerprint() || (legalhold.Holds{}).Fingerprint() == (legalhold.Holds{a}).Fingerprint() {
		t.Error("other holds have the same fingerprint")
	}
}
