package catalog_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/strongroom-dev/strongroom/shared/library"
)

// register is the register of the catalog.
func (f *fixture) register(t testing.TB) library.Register {
	t.Helper()
	doc, err := library.RegisterRef(f.db).Get(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	r, err := library.DecodeRegister(doc)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// The catalog is filled to its limits by its register alone.
func TestAFullCatalogRefusesMore(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.upload(t, tasks("a|b|c"))
	size := f.register(t).Bytes
	for _, row := range []struct {
		name   string
		full   library.Register
		status int
	}{
		{"as many tasks as there may be", library.Register{Tasks: library.MaxTasks}, http.StatusConflict},
		{"a byte too many", library.Register{Bytes: library.MaxBytes - size + 1}, http.StatusConflict},
		{"room for the task", library.Register{Tasks: library.MaxTasks - 1, Bytes: library.MaxBytes - size}, http.StatusOK},
	} {
		row.full.Changed = time.Now()
		if _, err := library.RegisterRef(f.db).Set(t.Context(), row.full); err != nil {
			t.Fatal(err)
		}
		if got := f.putTasks(t, map[string]any{"tasks": tasks("d|e|f")}); got.Status != row.status {
			t.Errorf("%s: status %d, want %d: %s", row.name, got.Status, row.status, got.Body)
		}
	}
}

func TestTheRegisterCountsTasksAndBytes(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	put := func(edition string, lines ...string) {
		f.putTasks(t, map[string]any{"tasks": tasks(lines...), "edition": edition}).Want(t, http.StatusOK)
	}
	const fixed = len("Kubernetes" + "https://example.com/collection/kubernetes.robot")
	for _, row := range []struct {
		name         string
		do           func()
		tasks, bytes int
	}{
		{name: "two tasks are new", do: func() { put("one", "a|b|c,d", "e|f|g") }, tasks: 2, bytes: 7 + 2*fixed},
		{name: "one is changed", do: func() { put("one", "a|longer|c,d") }, tasks: 2, bytes: 12 + 2*fixed},
		{name: "one gets another edition", do: func() { put("two", "a|longer|c,d") }, tasks: 2, bytes: 12 + 2*fixed},
		{name: "the other one is pruned", do: func() { f.pruneAll(t, "https://example.com/collection/", "two") }, tasks: 1, bytes: 9 + fixed},
	} {
		row.do()
		got, want := f.register(t), library.Register{Tasks: row.tasks, Bytes: row.bytes}
		if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(library.Register{}, "Version", "Changed")); diff != "" {
			t.Errorf("%s (-want +got):\n%s", row.name, diff)
		}
	}
}
