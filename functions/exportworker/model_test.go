package exportworker_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/strongroom-dev/strongroom/shared/export"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// key names a document that is a row of a table.
type key struct {
	table     export.Table
	workspace tenant.WorkspaceID
	id        string
}

// version is what a document had after a commit. Each write has a number of its own,
// which the document's row shows.
type version struct {
	number  int
	updated time.Time
}

// model has the documents of a tenant, and what they were after each commit.
type model struct {
	now     map[key]version
	commits []commit
}

type commit struct {
	at        time.Time
	documents map[key]version // after it
	audit     int64           // size of the published audit log after it
}

// add ends a commit.
func (m *model) add(at time.Time, changed map[key]int, deleted []key, audit int64) {
	for k, number := range changed {
		m.now[k] = version{number, at}
	}
	for _, k := range deleted {
		delete(m.now, k)
	}
	m.commits = append(m.commits, commit{at: at, documents: maps.Clone(m.now), audit: audit})
}

// pick returns some of the documents.
func (m *model) pick(r *rand.Rand, atMost int) (some []key) {
	all := slices.Collect(maps.Keys(m.now))
	slices.SortFunc(all, func(a, b key) int { return m.now[a].number - m.now[b].number })
	for range min(atMost, len(all)) {
		if k := all[r.IntN(len(all))]; !slices.Contains(some, k) {
			some = append(some, k)
		}
	}
	return some
}

// rows returns the rows of each table that an export of a request must have, sorted.
func (c commit) rows(r export.Request) map[export.Table][]string {
	rows := map[export.Table][]string{}
	for k, v := range c.documents {
		wanted := len(r.Workspaces) == 0 || slices.Contains(r.Workspaces, k.workspace)
		if !wanted || !v.updated.After(r.From) {
			continue
		}
		for _, table := range r.Tables() {
			if table == k.table || table == export.PartsTable && k.table == export.GrantsTable {
				rows[table] = append(rows[table], k.row(v.number))
			}
		}
	}
	for _, of := range rows {
		slices.Sort(of)
	}
	return rows
}

// row is a row as the model names it.
func (k key) row(number int) string { return fmt.Sprint(k.workspace, " ", k.id, " version ", number) }
