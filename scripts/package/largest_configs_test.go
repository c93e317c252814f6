package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"cloud.google.com/go/firestore"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/shared/configtree"
	"github.com/strongroom-dev/strongroom/shared/keys"
	"github.com/strongroom-dev/strongroom/shared/records"
	"github.com/strongroom-dev/strongroom/shared/slx"
)

// largestConfig is 1,000 files with 1.5 MB. A configuration can have 20 times as much, but 40
// of those would take minutes: every file of a push is checked. An instance gets one
// request at a time, and a request reserves memory for the largest.
func largestConfig() (files []configtree.File) {
	field := strings.Repeat("  field%02d: the value of a field of this document, in words\n", 1)
	for n := range 1_000 {
		var text strings.Builder
		fmt.Fprintf(&text, "apiVersion: runwhen.com/v1\nkind: Runbook\nmetadata: {name: n%d}\nspec:\n", n)
		for i := range 25 {
			fmt.Fprintf(&text, field, i)
		}
		files = append(files, configtree.File{Path: fmt.Sprintf("s%05d.yaml", n), Data: []byte(text.String())})
	}
	return files
}

func pushLargestConfig(t *testing.T, tn *cloudtest.Tenant) {
	t.Helper()
	tn.PushConfig(t, tn.Workspace, largestConfig())
}

// fetchLargestConfig clones the largest configuration again and again.
func fetchLargestConfig(t *testing.T, tn *cloudtest.Tenant) func(int) request {
	pushLargestConfig(t, tn)
	body := []byte("0032want " + tn.MainOf(t, tn.Workspace) + "\n00000009done\n")
	token := tn.Token(t, "viewer")
	return func(int) request {
		return request{
			method: http.MethodPost, path: cloudtest.ConfigPath(tn.Workspace) + ".git/git-upload-pack", token: token,
			body: body, header: []string{"Content-Type", cloudtest.FetchMedia},
		}
	}
}

// largestConfigPush pushes the largest configuration. One push succeeds, and git reports the
// others as refused, after the same work.
func largestConfigPush(t *testing.T, tn *cloudtest.Tenant) func(int) request {
	files := largestConfig()
	tn.ReviewConfig(t, tn.Workspace, files)
	push := cloudtest.NewPush(t, tn.MainOf(t, tn.Workspace), files)
	token := tn.Token(t, "builder")
	return func(int) request {
		return request{
			method: http.MethodPost, path: cloudtest.ConfigPath(tn.Workspace) + ".git/git-receive-pack", token: token,
			body: push.Data, header: []string{"Content-Type", cloudtest.PushMedia},
		}
	}
}

// storeReviews stores more reviews than a page has.
func storeReviews(t *testing.T, tn *cloudtest.Tenant) {
	t.Helper()
	store(t, tn, func(db *firestore.Client, set func(*firestore.DocumentRef, any)) {
		reviews := records.Workspace(db, tn.ID, tn.Workspace).Collection("configReviews")
		for n := range 201 {
			id := fmt.Sprintf("%064x", n)
			set(reviews.Doc(id), map[string]any{"digest": id, "reviewer": map[string]any{"subject": strings.Repeat("s", 255)}, "created": time.Now()})
		}
	})
}

// largestReview reviews a new tree each time, with as many waivers as a review may have.
func largestReview(t *testing.T, tn *cloudtest.Tenant) func(int) request {
	var waivers []map[string]any
	for line := range 500 {
		waivers = append(waivers, map[string]any{"rule": "jwt", "path": strings.Repeat("p", 200), "line": line + 1, "reason": strings.Repeat("r", 150)})
	}
	body := encode(t, map[string]any{"files": 20000, "bytes": 1, "waivers": waivers})
	token := tn.Token(t, "builder")
	return func(n int) request {
		return request{method: http.MethodPut, path: fmt.Sprintf("%s/reviews/%064x", cloudtest.ConfigPath(tn.Workspace), n), token: token, body: body}
	}
}

// largestConfigEvents are of the configuration with the most elements. Each is of another
// commit, so that each makes a graph.
func largestConfigEvents(t *testing.T, tn *cloudtest.Tenant) func(int) request {
	var elements []slx.Element
	for n := range slx.MaxElements / 2 {
		name := fmt.Sprintf("s%05d", n)
		elements = append(elements,
			slx.Element{Kind: configtree.SLX, SLX: name, Path: name, Alias: strings.Repeat("a", 250), Resource: strings.Repeat("r", 250)},
			slx.Element{Kind: configtree.Runbook, SLX: name, Path: name, Source: slx.NewSource("https://example.com/tasks", name)},
		)
	}
	parts := slx.Parts(elements)
	db, err := tn.Cloud.Directory.Database(t.Context(), tn.Record)
	if err != nil {
		t.Fatal(err)
	}
	owner, err := keys.NewTenants(tn.Cloud.Operator, tn.Cloud.Clock.Now).Of(t.Context(), tn.Record, db)
	if err != nil {
		t.Fatal(err)
	}
	return func(n int) request {
		commit := fmt.Sprintf("%040x", n)
		store(t, tn, func(_ *firestore.Client, set func(*firestore.DocumentRef, any)) {
			for i, ref := range records.ConfigElementsRefs(db, tn.ID, tn.Workspace, commit, len(parts)) {
				sealed, err := records.SealConfig(t.Context(), owner.Seal, ref, parts[i])
				if err != nil {
					t.Fatal(err)
				}
				set(ref, records.ConfigElements{Elements: sealed})
			}
			set(records.ConfigRef(db, tn.ID, tn.Workspace), map[string]any{"commit": commit, "elements": len(parts)})
		})
		return message(t, "config-events", fmt.Sprint(n), nil, map[string]string{
			"kind": "config.moved", "tenant": string(tn.ID), "workspace": string(tn.Workspace), "entry": commit,
		})
	}
}

// ofLargestReview shows a review with as many waivers as it may have.
func ofLargestReview(t *testing.T, tn *cloudtest.Tenant) func(int) request {
	record := largestReview(t, tn)(0)
	tn.Cloud.Do(t, record.token, record.method, record.path, json.RawMessage(record.body)).Want(t, http.StatusOK)
	token := tn.Token(t, "admin")
	return func(int) request { return request{method: http.MethodGet, path: record.path, token: token} }
}

// ofLargestHold asks about the largest push that waits. One approval succeeds; the others
// find it approved.
func ofLargestHold(method, suffix string) prepare {
	return func(t *testing.T, tn *cloudtest.Tenant) func(int) request {
		path := cloudtest.ConfigPath(tn.Workspace) + "/reviews/" + tn.HoldConfig(t, tn.Workspace, largestConfig()) + suffix
		token := tn.Token(t, "admin")
		return func(int) request { return request{method: method, path: path, token: token} }
	}
}

func largestConfigFile(t *testing.T, tn *cloudtest.Tenant) func(int) request {
	pushLargestConfig(t, tn)
	path := cloudtest.ConfigPath(tn.Workspace) + "/files/" + configtree.SumOf(largestConfig()[0]).Hash()
	token := tn.Token(t, "viewer")
	return func(int) request { return request{method: http.MethodGet, path: path, token: token} }
}

// largestReset drops the history. The first reset succeeds, and the others find main at
// another commit.
func largestReset(t *testing.T, tn *cloudtest.Tenant) func(int) request {
	pushLargestConfig(t, tn)
	body := encode(t, map[string]any{"commit": tn.MainOf(t, tn.Workspace)})
	token := tn.Token(t, "admin")
	return func(int) request {
		return request{method: http.MethodPost, path: cloudtest.ConfigPath(tn.Workspace) + "/reset", token: token, body: body, conflicts: true}
	}
}
