package exportworker_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/strongroom-dev/strongroom/shared/export"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// Law 11: a part continues behind the documents that it leaves out, however many it read
// of them. These documents are deleted after the read time, so the plan, which counts the
// documents of the present, does not divide them.
func TestLaw11PartsContinueAfterDocumentsThatTheyLeaveOut(t *testing.T) {
	t.Parallel()
	l := limits{documents: 3, bytes: 1 << 20, listed: 5}
	w := newWorld(t, l)
	for older := range 2*l.documents + 2 {
		r := rand.New(rand.NewPCG(1, 1))
		h := newHistory(t, w, r)
		h.tables = []export.Table{export.RunsTable, export.GrantsTable}
		old, id := map[key]int{}, func(table export.Table, i int) key {
			return key{table, "prod", fmt.Sprintf("%08x-0000-7000-8000-000000000000", i)}
		}
		deleted := []key(nil)
		for _, table := range h.tables {
			for i := range older {
				deleted = append(deleted, id(table, i))
				old[id(table, i)] = h.number()
			}
		}
		h.commit(t, old, nil)
		from := h.model.commits[0]
		h.commit(t, map[key]int{id(export.RunsTable, older): h.number(), id(export.GrantsTable, older): h.number()}, nil)
		wanted := h.request(t, []export.Kind{export.Inventory, export.Metadata, export.Outputs}, from, nil)
		h.commit(t, nil, deleted)
		h.export(t, r, wanted, nil, 1)
	}
}

// Law 11: the same for configurations, of which a part reads one.
func TestLaw11PartsContinueAfterConfigurationsThatTheyLeaveOut(t *testing.T) {
	t.Parallel()
	w := newWorld(t, smallLimits)
	for older := range workspaces {
		r := rand.New(rand.NewPCG(1, 1))
		h := newHistory(t, w, r)
		h.tables = []export.Table{export.RunsTable}
		main := func(of ...tenant.WorkspaceID) (keys []key) {
			for _, w := range of {
				keys = append(keys, key{export.ConfigsTable, w, "main"})
			}
			return keys
		}
		numbered := func(keys []key) map[key]int {
			numbers := map[key]int{}
			for _, k := range keys {
				numbers[k] = h.number()
			}
			return numbers
		}
		sorted := slices.Sorted(slices.Values(workspaces))
		h.commit(t, numbered(main(sorted[:older]...)), nil)
		from := h.model.commits[0]
		h.commit(t, numbered(main(sorted[older:]...)), nil)
		wanted := h.request(t, []export.Kind{export.Configuration}, from, nil)
		h.commit(t, nil, main(sorted[:older]...))
		h.export(t, r, wanted, nil, 1)
	}
}
