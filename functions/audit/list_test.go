package audit_test

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/strongroom-dev/strongroom/shared/access"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
)

func TestPagesHaveEachEntryOnceInBothOrders(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	want := f.append(t, 7)
	f.integrate(t)
	got, pages := f.listAll(t, "order", "oldest", "limit", "3")
	if diff := cmp.Diff(want, got); diff != "" || pages != 3 {
		t.Errorf("%d pages, oldest first: %s", pages, diff)
	}
	first := f.list(t, "limit", "3")
	f.append(t, 2) // entries that arrive meanwhile do not move the pages
	f.integrate(t)
	rest := f.list(t, "limit", "3", "pageToken", first.NextPageToken)
	slices.Reverse(want)
	if diff := cmp.Diff(want[:6], append(first.ids(t), rest.ids(t)...)); diff != "" {
		t.Errorf("newest first: %s", diff)
	}
	if first.Size != 7 || *first.Entries[0].Index != 6 {
		t.Errorf("size %d, first index %d; want 7 and 6", first.Size, *first.Entries[0].Index)
	}
}

func TestFollowersBeginAfterAnIndex(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ids := f.append(t, 5)
	f.integrate(t)
	for name, c := range map[string]struct {
		after string
		want  []string
	}{
		"all entries after -1":    {"-1", ids},
		"those after the second":  {"1", ids[2:]},
		"none after the last one": {"4", nil},
	} {
		got, _ := f.listAll(t, "order", "oldest", "after", c.after)
		if diff := cmp.Diff(c.want, got, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

var alice = auditlog.Actor{Issuer: "https://issuer.example", Subject: "alice", Role: "viewer"}

// record appends entries that differ in every field that a list can filter by.
func (f fixture) record(t *testing.T) []string {
	t.Helper()
	stranger := auditlog.Actor{Issuer: "https://untrusted.example", Subject: "alice", Role: "viewer"}
	const run = "0198c2b4-5d1e-7c3a-9f00-2a6b1c4d8e10"
	var ids []string
	for _, e := range []auditlog.Entry{
		{Actor: alice, Action: auditlog.ReadRun, Outcome: auditlog.Allowed, Workspace: "prod", Resource: "runs/" + run},
		{Actor: alice, Action: auditlog.ReadRun, Outcome: auditlog.Denied, Workspace: "test", Resource: "runs/" + run + "/outputs/a"},
		{Actor: auditlog.Actor{Subject: "alice"}, Action: auditlog.AdoptObject, Outcome: auditlog.Done, Workspace: "prod", Resource: "issues/a"},
		{Actor: stranger, Action: auditlog.ReadRun, Outcome: auditlog.Denied, Workspace: "prod"},
	} {
		ids = append(ids, f.appendEntry(t, e))
		f.Cloud.Clock.Advance(20 * time.Minute)
	}
	f.integrate(t)
	return ids
}

func TestFiltersSelectByEveryField(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	began := f.Cloud.Clock.Now()
	ids := f.record(t)
	at := func(d time.Duration) string { return began.Add(d).UTC().Format(time.RFC3339Nano) }
	for name, c := range map[string]struct {
		query []string
		want  []int
	}{
		"an action":                          {[]string{"action", "runs.read"}, []int{0, 1, 3}},
		"an outcome":                         {[]string{"outcome", "denied"}, []int{1, 3}},
		"a workspace":                        {[]string{"workspace", "prod"}, []int{0, 2, 3}},
		"a resource, exactly":                {[]string{"resource", "runs/0198c2b4-5d1e-7c3a-9f00-2a6b1c4d8e10"}, []int{0}},
		"a run and what is below it":         {[]string{"run", "0198c2b4-5d1e-7c3a-9f00-2a6b1c4d8e10"}, []int{0, 1}},
		"an actor":                           {[]string{"actor", auditlog.ActorKey(alice)}, []int{0, 1}},
		"the same subject without an issuer": {[]string{"actor", auditlog.ActorKey(auditlog.Actor{Subject: "alice"})}, []int{2}},
		"nobody":                             {[]string{"actor", auditlog.ActorKey(auditlog.Actor{Subject: "bob"})}, nil},
		"two fields":                         {[]string{"action", "runs.read", "outcome", "denied"}, []int{1, 3}},
		"all fields":                         {[]string{"actor", auditlog.ActorKey(alice), "action", "runs.read", "outcome", "denied", "workspace", "test"}, []int{1}},
		"from a time":                        {[]string{"from", at(20 * time.Minute)}, []int{1, 2, 3}},
		"to a time, exclusive":               {[]string{"to", at(20*time.Minute - time.Second)}, []int{0}},
		"between two times":                  {[]string{"from", at(20*time.Minute - time.Second), "to", at(41 * time.Minute)}, []int{1, 2}},
		"between two times and an action":    {[]string{"from", at(20*time.Minute - time.Second), "to", at(90 * time.Minute), "action", "runs.read"}, []int{1, 3}},
		"no time between":                    {[]string{"from", at(time.Hour * 5), "to", at(6 * time.Hour)}, nil},
	} {
		for _, order := range []string{"oldest", "newest"} {
			var want []string
			for _, i := range c.want {
				want = append(want, ids[i])
			}
			if order == "newest" {
				slices.Reverse(want)
			}
			for _, limit := range []string{"1", "100"} {
				got, _ := f.listAll(t, append([]string{"order", order, "limit", limit}, c.query...)...)
				got = slices.DeleteFunc(got, func(id string) bool { return !slices.Contains(ids, id) })
				if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
					t.Errorf("%s, %s first, limit %s: %s", name, order, limit, diff)
				}
			}
		}
	}
}

func TestEntriesThatCommitLateAreFoundByTheirTime(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	late, err := f.log.Prepare(t.Context(), f.db, auditlog.Entry{Tenant: f.ID, Action: auditlog.StartRun})
	if err != nil {
		t.Fatal(err)
	}
	prepared := f.Cloud.Clock.Now()
	f.Cloud.Clock.Advance(5 * time.Minute)
	f.append(t, 40)
	f.integrate(t)
	f.commit(t, late)
	f.integrate(t)
	to := prepared.Add(time.Minute).UTC().Format(time.RFC3339)
	for _, order := range []string{"oldest", "newest"} {
		got, _ := f.listAll(t, "order", order, "to", to, "limit", "5")
		if diff := cmp.Diff([]string{late.ID}, got); diff != "" {
			t.Errorf("%s first: %s", order, diff)
		}
	}
}

func TestEntriesAreFoundByAPrefixOfTheirID(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	integrated := f.append(t, 3)
	f.integrate(t)
	ids := append(integrated, f.append(t, 1)...) // the last one has no index yet
	slices.Sort(ids)
	for name, c := range map[string]struct {
		query []string
		want  []string
	}{
		"a whole ID":             {[]string{"idPrefix", ids[1]}, ids[1:2]},
		"an ID without an index": {[]string{"idPrefix", ids[3]}, ids[3:]},
		"no entry":               {[]string{"idPrefix", "ffffffff-"}, nil},
	} {
		l := f.list(t, c.query...)
		if diff := cmp.Diff(c.want, l.ids(t), cmpopts.EquateEmpty()); diff != "" || l.NextPageToken != "" {
			t.Errorf("%s: %s, next page %q", name, diff, l.NextPageToken)
		}
	}
	if got := f.list(t, "idPrefix", ids[0][:2], "limit", "2").ids(t); len(got) != 2 || !slices.IsSorted(got) {
		t.Errorf("the first two of more: %v", got)
	}
	for name, query := range map[string]string{
		"another filter": "idPrefix=0&action=runs.read", "an index": "idPrefix=0&after=1", "a page": "idPrefix=0&pageToken=x",
		"a workspace": "idPrefix=0&workspace=prod", "no part of an ID": "idPrefix=0G",
	} {
		if r := f.Do(t, "auditor", http.MethodGet, "/v1/audit/entries?"+query, nil); r.Status != http.StatusUnprocessableEntity {
			t.Errorf("%s: %d %s", name, r.Status, r.Body)
		}
	}
}

func TestAWorkspaceHasItsOwnList(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ids := f.record(t)
	var l listing
	f.Do(t, "auditor", http.MethodGet, "/v1/workspaces/test/audit/entries", nil).Want(t, http.StatusOK).JSON(t, &l)
	if diff := cmp.Diff(ids[1:2], l.ids(t)); diff != "" {
		t.Error(diff)
	}
}

// Whatever a request can name is a resource that entries can be listed by.
func TestEntriesAreListedByEveryKindOfResource(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for _, collection := range append(access.Collections(), "quarantine", "dead-letters") {
		if got := f.list(t, "resource", collection+"/none").ids(t); len(got) != 0 {
			t.Errorf("%s: %v", collection, got)
		}
	}
}
