package assistants_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"testing"

	"cloud.google.com/go/firestore/apiv1/firestorepb"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/shared/configtree"
)

// What a configuration says is in no document as plain text, in no message and in no log,
// and no other tenant reads it. The control: its own readers see it, and a compressed text
// in a document would be found.
func TestAConfigurationIsNowhereInPlainText(t *testing.T) {
	t.Parallel()
	c := ownCloud(t)
	f, other := newFixture(t, c), newFixture(t, c)
	const text = "CanaryOfTheConfiguration"
	canary := c.Watch(text)
	f.setEdgar(t, 0, "read-write")
	f.storeIssues(t, issueFixture{name: "Lag", severity: 1, task: "Drain queue", slx: "queue", steps: "Drain queue"})
	other.setEdgar(t, 0, "read-write")
	other.storeIssues(t, issueFixture{name: "Lag", severity: 1, task: "Drain queue", slx: "queue", steps: "Drain queue"})
	f.pushConfig(t, slices.Concat(configured("queue", text, text+"/runbook.robot"), []configtree.File{
		yamlFile(configtree.TaskSet, "queue", `{tasks: ["Drain queue", "`+text+` ${X}"], configProvided: [{name: X, value: `+text+`}]}`),
		yamlFile(configtree.SLI, "queue", fmt.Sprintf("{displayUnitsShort: %s}", text)), yamlFile(configtree.SLO, "queue", fmt.Sprintf("{objective: %s}", text)),
		yamlFile(configtree.Workspace, "w", fmt.Sprintf("{slxGroups: [{name: %s, slxs: [queue]}]}", text)),
	})...)
	for _, of := range []struct {
		f    *fixture
		sees bool
	}{{f, true}, {other, false}} {
		graph := of.f.Do(t, "viewer", http.MethodPost, of.f.base+"/graph/search", map[string]any{"of": "configuration"}).Want(t, http.StatusOK).Body
		if bytes.Contains(graph, []byte(text)) != of.sees {
			t.Errorf("a reader sees the configuration: want %v in %s", of.sees, graph)
		}
		if answer, err := json.Marshal(of.f.placesOf(t)); err != nil || bytes.Contains(answer, []byte(text)) != of.sees {
			t.Errorf("an answer names the resource: want %v in %s, %v", of.sees, answer, err)
		}
	}
	c.Drain(t)
	if documents := canary.Search(t); documents == 0 {
		t.Error("no document was searched")
	}
	wantNothingCompressed(t, c)
}

// wantNothingCompressed fails the test if a document has a compressed value, in which a
// canary would not be found.
func wantNothingCompressed(t *testing.T, c *cloudtest.Cloud) {
	t.Helper()
	c.Firestore.Walk(func(_, path string, fields map[string]*firestorepb.Value) bool {
		for name, value := range fields {
			if bytes.HasPrefix(value.GetBytesValue(), []byte{0x1f, 0x8b}) {
				t.Errorf("%s of %s is compressed and not sealed", name, path)
			}
		}
		return true
	})
}
