package run_test

import (
	"testing"

	"github.com/strongroom-dev/strongroom/shared/run"
)

func TestOwnerAdmits(t *testing.T) {
	t.Parallel()
	owner := run.Owner{Issuer: "https://a.example", Subject: "runner-1"}
	shared := run.Owner{Issuer: "https://a.example", Subject: "runner-1", Group: "g"}
	for name, c := range map[string]struct {
		owner, by run.Owner
		want      bool
	}{
		"the owner": {owner, owner, true},
		"the owner, after its rule began to share runs":  {owner, shared, true},
		"the owner, after its rule stopped sharing runs": {shared, owner, true},
		"another subject":                                  {owner, run.Owner{Issuer: "https://a.example", Subject: "runner-2"}, false},
		"the same subject of another issuer":               {owner, run.Owner{Issuer: "https://b.example", Subject: "runner-1"}, false},
		"another subject of the same group":                {shared, run.Owner{Issuer: "https://a.example", Subject: "runner-2", Group: "g"}, true},
		"a subject of another issuer, of the same group":   {shared, run.Owner{Issuer: "https://b.example", Subject: "runner-2", Group: "g"}, false},
		"another subject of another group":                 {shared, run.Owner{Issuer: "https://a.example", Subject: "runner-2", Group: "h"}, false},
		"a subject of a group, of a run without a group":   {owner, run.Owner{Issuer: "https://a.example", Subject: "runner-2", Group: "g"}, false},
		"a subject without a group, of a run with a group": {shared, run.Owner{Issuer: "https://a.example", Subject: "runner-2"}, false},
		"anybody, of a run without an owner":               {run.Owner{}, owner, true},
	} {
		if got := c.owner.Admits(c.by); got != c.want {
			t.Errorf("%s: got %v, want %v", name, got, c.want)
		}
	}
}
