package suite_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/suite"
)

func TestEverythingIsThereAfterARestart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	run := cloudtest.NewRun(t)
	var stored, granted *cloudtest.Tenant
	var addr string // of both starts: a run belongs to an identity, whose issuer has the address in its name

	t.Run("before", func(t *testing.T) {
		c := cloudtest.New(t, suite.Options{Dir: dir})
		addr = strings.TrimPrefix(c.URL, "http://")
		stored, granted = c.Tenant(t), c.Tenant(t)
		stored.Store(t, run, "stdout.log", []byte("kept\n"))
		granted.Mint(t, run, cloudtest.PartOf("stdout.log", 1, []byte("later\n")))
	})
	t.Run("after", func(t *testing.T) {
		c := cloudtest.New(t, suite.Options{Dir: dir, Addr: addr})
		for _, before := range []*cloudtest.Tenant{stored, granted} {
			record, err := c.AddTenant(t.Context(), before.ID, before.Workspace)
			if err != nil {
				t.Fatal(err)
			}
			before.Record, before.Cloud = record, c
		}
		got := stored.Do(t, "viewer", http.MethodGet, stored.RunPath(run)+"/outputs/stdout.log", nil).Want(t, http.StatusOK)
		if string(got.Body) != "kept\n" {
			t.Errorf("output is %q", got.Body)
		}
		again := granted.Mint(t, run, cloudtest.PartOf("stdout.log", 1, []byte("later\n")))
		again[0].Put(t, []byte("later\n")).Want(t, http.StatusOK)
		c.Drain(t)
		got = granted.Do(t, "viewer", http.MethodGet, granted.RunPath(run)+"/outputs/stdout.log", nil).Want(t, http.StatusOK)
		if string(got.Body) != "later\n" {
			t.Errorf("output uploaded after the restart is %q", got.Body)
		}
	})
}
