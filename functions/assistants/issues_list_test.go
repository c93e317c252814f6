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

// far is beyond the end of every test.
func far(d *desk) time.Time { return d.Cloud.Clock.Now().Add(30 * 24 * time.Hour) }

// several are issues of every kind; their names tell where in the list they
// belong.
func several(d *desk) []resting {
	return []resting{
		{name: "04 standing, 2, older", severity: 2, ago: 2 * time.Hour, slx: "web", runs: 1},
		{name: "01 standing, 1, newest", severity: 1},
		{name: "03 standing, 2, newer", severity: 2, ago: time.Hour, resource: "cluster-2"},
		{name: "02 standing, 1, old", severity: 1, ago: 72 * time.Hour, task: "tls-check"},
		{name: "05 standing, 4", severity: 4},
		{name: "06 ignored, ends first", severity: 3, ignored: far(d)},
		{name: "07 ignored, resolved", severity: 1, resolved: true, ignored: far(d).Add(time.Hour), slx: "web"},
		{name: "08 resolved, 1", severity: 1, resolved: true, ago: time.Minute, slx: "web"},
		{name: "09 resolved, 3", severity: 3, resolved: true, ignored: noon},
	}
}

func TestIssuesAreListedTheWorstThatStandFirst(t *testing.T) {
	t.Parallel()
	d := newDesk(t, cloudtest.Shared(t))
	d.rest(t, several(d)...)
	want := []string{
		"01 standing, 1, newest", "02 standing, 1, old", "03 standing, 2, newer", "04 standing, 2, older", "05 standing, 4",
		"06 ignored, ends first", "07 ignored, resolved", "08 resolved, 1", "09 resolved, 3",
	}
	wantTitles(t, d.list(t, "").titles(), want...)
	for _, size := range []int{1, 2, 3, 5, 9} {
		t.Run(fmt.Sprintf("in pages of %d", size), func(t *testing.T) {
			titles, _ := d.turn(t, "", size)
			wantTitles(t, titles, want...)
		})
	}
}

func TestFiltersNarrowTheList(t *testing.T) {
	t.Parallel()
	d := newDesk(t, cloudtest.Shared(t))
	d.rest(t, several(d)...)
	from := noon.Add(-90 * time.Minute).Format(time.RFC3339)
	for query, want := range map[string][]string{
		"state=standing&severity=1":         {"01", "02"},
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
		"state=standing&from=" + from:       {"01", "03", "05"},
		"state=standing&to=" + from:         {"02", "04"},
		"state=ignored&to=" + from:          {},
		"slx=dns&resource=cluster-1&task=dns-check&severity=4": {"05"},
	} {
		t.Run(query, func(t *testing.T) {
			t.Parallel()
			for _, size := range []int{1, 50} {
				titles, _ := d.turn(t, query, size)
				for i := range titles {
					titles[i] = titles[i][:2]
				}
				wantTitles(t, titles, want...)
			}
		})
	}
}

func TestAListSaysWhatIsWrongWithTheQuestion(t *testing.T) {
	t.Parallel()
	d := newDesk(t, cloudtest.Shared(t))
	d.rest(t, several(d)...)
	token := d.list(t, "severity=1&pageSize=1").NextPageToken
	if token == "" {
		t.Fatal("there is no second page")
	}
	for query, status := range map[string]int{
		"state=broken":                         http.StatusUnprocessableEntity,
		"severity=0":                           http.StatusUnprocessableEntity,
		"severity=5":                           http.StatusUnprocessableEntity,
		"severity=high":                        http.StatusUnprocessableEntity,
		"from=yesterday":                       http.StatusUnprocessableEntity,
		"pageSize=0":                           http.StatusUnprocessableEntity,
		"pageSize=201":                         http.StatusUnprocessableEntity,
		"stat=open":                            http.StatusUnprocessableEntity,
		"pageToken=x":                          http.StatusBadRequest,
		"pageToken=" + token:                   http.StatusBadRequest, // of other filters
		"severity=1&pageToken=" + token + "AA": http.StatusBadRequest,
		"severity=1&pageToken=" + token[1:]:    http.StatusBadRequest,
	} {
		t.Run(query, func(t *testing.T) {
			d.Do(t, "viewer", http.MethodGet, d.path+"/issues?"+query, nil).Want(t, status)
		})
	}
	if got := d.list(t, "severity=1&pageSize=1&pageToken="+url.QueryEscape(token)).titles(); len(got) != 1 {
		t.Errorf("the token gives %q", got)
	}
}

// Whoever ignores a lot must not lose the rest of the list, nor wait for it.
func TestAPageMayBeShortWhereMuchIsIgnored(t *testing.T) {
	t.Parallel()
	d := newDesk(t, cloudtest.Shared(t))
	var all []resting
	for n := range 450 {
		all = append(all, resting{name: fmt.Sprint("ignored ", n), severity: 1, ago: time.Duration(n) * time.Second, ignored: far(d)})
	}
	d.rest(t, append(all, resting{name: "the last", severity: 1, ago: time.Hour})...)
	first := d.list(t, "state=standing")
	if len(first.Issues) != 0 || first.NextPageToken == "" {
		t.Errorf("the first page has %q and the token %q", first.titles(), first.NextPageToken)
	}
	titles, pages := d.turn(t, "state=standing", 50)
	wantTitles(t, titles, "the last")
	if pages != 3 && pages != 4 {
		t.Errorf("it took %d pages", pages)
	}
}

func TestReadsOfIssuesAreOnRecord(t *testing.T) {
	t.Parallel()
	d := newDesk(t, cloudtest.Shared(t))
	d.rest(t, resting{name: "a", severity: 1})
	d.list(t, "")
	d.Do(t, "auditor", http.MethodGet, d.path+"/issues/"+resting{name: "a"}.id(), nil).Want(t, http.StatusOK)
	if lists, reads := d.entries(t, auditlog.ListIssues), d.entries(t, auditlog.ReadIssue); lists != 1 || reads != 1 {
		t.Errorf("%d lists and %d reads are on record", lists, reads)
	}
}

func TestATokenGrowsOld(t *testing.T) {
	t.Parallel()
	c := ownCloud(t)
	d := newDesk(t, c)
	d.rest(t, several(d)...)
	page := d.list(t, "pageSize=2")
	c.Clock.Advance(59 * time.Minute)
	next := d.list(t, "pageSize=2&pageToken="+page.NextPageToken)
	if !next.AsOf.Equal(page.AsOf) {
		t.Errorf("the second page is as of %v, the first of %v", next.AsOf, page.AsOf)
	}
	c.Clock.Advance(2 * time.Minute)
	d.Do(t, "viewer", http.MethodGet, d.path+"/issues?pageSize=2&pageToken="+page.NextPageToken, nil).Want(t, http.StatusBadRequest)
}
