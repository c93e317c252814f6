package assistants_test

import (
	"fmt"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
)

// farFuture is after the end of every test.
func farFuture(f *fixture) time.Time { return f.Cloud.Clock.Now().Add(30 * 24 * time.Hour) }

// issuesOfEveryKind are issues of every kind. Their names start with their position in
// a list.
func issuesOfEveryKind(f *fixture) []issueFixture {
	return []issueFixture{
		{name: "04 active, 2, older", severity: 2, ago: 2 * time.Hour, slx: "web", runs: 1},
		{name: "01 active, 1, newest", severity: 1},
		{name: "03 active, 2, newer", severity: 2, ago: time.Hour, resource: "cluster-2"},
		{name: "02 active, 1, old", severity: 1, ago: 72 * time.Hour, task: "tls-check"},
		{name: "05 active, 4", severity: 4},
		{name: "06 ignored, ends first", severity: 3, ignored: farFuture(f)},
		{name: "07 ignored, resolved", severity: 1, resolved: true, ignored: farFuture(f).Add(time.Hour), slx: "web"},
		{name: "08 resolved, 1", severity: 1, resolved: true, ago: time.Minute, slx: "web"},
		{name: "09 resolved, 3", severity: 3, resolved: true, ignored: noon},
	}
}

func TestIssuesAreListedActiveAndMostSevereFirst(t *testing.T) {
	t.Parallel()
	f := newFixture(t, cloudtest.Shared(t))
	f.storeIssues(t, issuesOfEveryKind(f)...)
	want := []string{
		"01 active, 1, newest", "02 active, 1, old", "03 active, 2, newer", "04 active, 2, older", "05 active, 4",
		"06 ignored, ends first", "07 ignored, resolved", "08 resolved, 1", "09 resolved, 3",
	}
	wantList(t, f.listIssues(t, "").titles(), want...)
	for _, size := range []int{1, 2, 3, 5, 9} {
		t.Run(fmt.Sprintf("in pages of %d", size), func(t *testing.T) {
			titles, _ := f.listAll(t, "", size)
			wantList(t, titles, want...)
		})
	}
}

func TestFiltersNarrowTheList(t *testing.T) {
	t.Parallel()
	f := newFixture(t, cloudtest.Shared(t))
	f.storeIssues(t, issuesOfEveryKind(f)...)
	from := noon.Add(-90 * time.Minute).Format(time.RFC3339)
	for query, want := range map[string][]string{
		"state=active&severity=1":           {"01", "02"},
		"state=open&severity=2":             {"03"},
		"state=detected":                    {"04"},
		"state=investigated":                {},
		"state=reopened":                    {},
		"state=ignored":                     {"06", "07"},
		"state=ignored&severity=1":          {"07"},
		"state=ignored&slx=dns":             {"06"},
		"state=resolved":                    {"08", "09"},
		"slx=web":                           {"04", "07", "08"},
		"slx=web&severity=1&state=resolved": {"08"},
		"resource=cluster-2":                {"03"},
		"task=tls-check":                    {"02"},
		"task=tls-check&slx=web":            {},
		"state=active&from=" + from:         {"01", "03", "05"},
		"state=active&to=" + from:           {"02", "04"},
		"state=ignored&to=" + from:          {},
		"slx=dns&resource=cluster-1&task=dns-check&severity=4": {"05"},
	} {
		t.Run(query, func(t *testing.T) {
			t.Parallel()
			for _, size := range []int{1, 50} {
				titles, _ := f.listAll(t, query, size)
				for i := range titles {
					titles[i] = titles[i][:2]
				}
				wantList(t, titles, want...)
			}
		})
	}
}

func TestAnInvalidListRequestIsRejected(t *testing.T) {
	t.Parallel()
	f := newFixture(t, cloudtest.Shared(t))
	f.storeIssues(t, issuesOfEveryKind(f)...)
	token := f.listIssues(t, "severity=1&pageSize=1").NextPageToken
	if token == "" {
		t.Fatal("there is no second page")
	}
	for query, status := range map[string]int{
		"state=broken": http.StatusUnprocessableEntity,
		"from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z": http.StatusUnprocessableEntity,
		"severity=0":                           http.StatusUnprocessableEntity,
		"severity=5":                           http.StatusUnprocessableEntity,
		"severity=high":                        http.StatusUnprocessableEntity,
		"from=yesterday":                       http.StatusUnprocessableEntity,
		"pageSize=0":                           http.StatusUnprocessableEntity,
		"pageSize=201":                         http.StatusUnprocessableEntity,
		"stat=open":                            http.StatusUnprocessableEntity,
		"pageToken=x":                          http.StatusBadRequest,
		"pageToken=" + token:                   http.StatusBadRequest, // of another filter
		"severity=1&pageToken=" + token + "AA": http.StatusBadRequest,
		"severity=1&pageToken=" + token[1:]:    http.StatusBadRequest,
	} {
		t.Run(query, func(t *testing.T) {
			f.Search(t, "viewer", f.base+"/issues", query).Want(t, status)
		})
	}
	if got := f.listIssues(t, "severity=1&pageSize=1&pageToken="+url.QueryEscape(token)).titles(); len(got) != 1 {
		t.Errorf("the page of the token has %q", got)
	}
}

// Many ignored issues must neither hide the rest of the list nor delay it.
func TestAPageMayBeShortIfManyIssuesAreIgnored(t *testing.T) {
	t.Parallel()
	f := newFixture(t, cloudtest.Shared(t))
	var all []issueFixture
	for n := range 450 {
		all = append(all, issueFixture{name: fmt.Sprint("ignored ", n), severity: 1, ago: time.Duration(n) * time.Second, ignored: farFuture(f)})
	}
	f.storeIssues(t, append(all, issueFixture{name: "the last", severity: 1, ago: time.Hour})...)
	first := f.listIssues(t, "state=active")
	if len(first.Issues) != 0 || first.NextPageToken == "" {
		t.Errorf("the first page has %q and the token %q", first.titles(), first.NextPageToken)
	}
	titles, pages := f.listAll(t, "state=active", 50)
	wantList(t, titles, "the last")
	if pages != 3 && pages != 4 {
		t.Errorf("it took %d pages", pages)
	}
}

func TestReadsOfIssuesAreInTheAuditLog(t *testing.T) {
	t.Parallel()
	f := newFixture(t, cloudtest.Shared(t))
	f.storeIssues(t, issueFixture{name: "a", severity: 1})
	f.listIssues(t, "")
	f.Do(t, "auditor", http.MethodGet, f.base+"/issues/"+issueFixture{name: "a"}.id(), nil).Want(t, http.StatusOK)
	if lists, reads := f.countEntries(t, auditlog.ListIssues), f.countEntries(t, auditlog.ReadIssue); lists != 1 || reads != 1 {
		t.Errorf("%d lists and %d reads are in the audit log", lists, reads)
	}
}

func TestAPageTokenExpires(t *testing.T) {
	t.Parallel()
	c := ownCloud(t)
	f := newFixture(t, c)
	f.storeIssues(t, issuesOfEveryKind(f)...)
	page := f.listIssues(t, "pageSize=2")
	c.Clock.Advance(59 * time.Minute)
	next := f.listIssues(t, "pageSize=2&pageToken="+page.NextPageToken)
	if !next.AsOf.Equal(page.AsOf) {
		t.Errorf("the second page is as of %v, the first of %v", next.AsOf, page.AsOf)
	}
	c.Clock.Advance(2 * time.Minute)
	f.Search(t, "viewer", f.base+"/issues", "pageSize=2&pageToken="+page.NextPageToken).Want(t, http.StatusBadRequest)
}

func TestIssuesAreListedByThePrefixOfTheirIDs(t *testing.T) {
	t.Parallel()
	f := newFixture(t, cloudtest.Shared(t))
	f.storeIssues(t, issuesOfEveryKind(f)...)
	starting := func(prefix string) (page issueList) {
		f.Do(t, "viewer", http.MethodPost, f.base+"/issues/search", map[string]any{"idPrefix": prefix}).Want(t, http.StatusOK).JSON(t, &page)
		return page
	}
	all := f.listIssues(t, "").Issues
	for _, one := range all {
		if found := starting(one.ID).Issues; len(found) != 1 || found[0].ID != one.ID {
			t.Errorf("%s: found %+v", one.ID, found)
		}
		want := 0
		for _, other := range all {
			if other.ID[0] == one.ID[0] {
				want++
			}
		}
		if found := starting(one.ID[:1]).Issues; len(found) != want {
			t.Errorf("%s: found %d issues, want %d", one.ID[:1], len(found), want)
		}
	}
	f.Search(t, "viewer", f.base+"/issues", "idPrefix=a&state=active").Want(t, http.StatusUnprocessableEntity)
}
