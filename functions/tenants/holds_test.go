package tenants_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/suite"
)

type shownHold struct {
	ID, Workspace, Run, Entry string
	Marked, Ended             bool
	Lifting                   *struct{ ID string }
}

func place(t *testing.T, tn *cloudtest.Tenant, id string, body map[string]any) (h shownHold) {
	t.Helper()
	tn.Do(t, "admin", http.MethodPut, "/v1/tenant/holds/"+id, body).Want(t, http.StatusOK).JSON(t, &h)
	return h
}

func holds(t *testing.T, tn *cloudtest.Tenant) []shownHold {
	t.Helper()
	var list struct{ Holds []shownHold }
	tn.Do(t, "auditor", http.MethodGet, "/v1/tenant/holds", nil).Want(t, http.StatusOK).JSON(t, &list)
	return list.Holds
}

// liftAs asks to lift a hold or confirms it, as an admin with a subject.
func liftAs(t *testing.T, tn *cloudtest.Tenant, subject, hold, lifting string) cloudtest.Response {
	t.Helper()
	token, err := tn.Cloud.Issuer.Token(map[string]any{
		"sub": subject, "aud": suite.Audience + "/tenants/" + string(tn.ID), "persona": "admin",
	}, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	body := map[string]any{}
	if lifting != "" {
		body["lifting"] = lifting
	}
	return tn.Cloud.Do(t, token, http.MethodPost, "/v1/tenant/holds/"+hold+"/lift", body)
}

func TestAnAdminPlacesAHold(t *testing.T) {
	t.Parallel()
	tn := cloudtest.Shared(t).Tenant(t)
	run := cloudtest.NewRun(t)
	tn.Do(t, "runner", http.MethodPut, tn.RunPath(run), map[string]any{"task": "dns", "start": time.Now().UTC()}).Want(t, http.StatusOK)
	first := place(t, tn, "case-1", map[string]any{})
	if again := place(t, tn, "case-1", map[string]any{}); again.Entry != first.Entry {
		t.Error("a hold is placed twice")
	}
	place(t, tn, "case-2", map[string]any{"workspace": tn.Workspace})
	place(t, tn, "case-3", map[string]any{"workspace": tn.Workspace, "run": run})
	all := holds(t, tn)
	if len(all) != 3 || all[2].Run != run || all[1].Workspace != string(tn.Workspace) || all[0].Marked {
		t.Errorf("the holds are %+v", all)
	}
}

func TestHoldsThatAreRefused(t *testing.T) {
	t.Parallel()
	tn := cloudtest.Shared(t).Tenant(t)
	place(t, tn, "taken", map[string]any{})
	for name, c := range map[string]struct {
		id     string
		body   map[string]any
		status int
		code   string
	}{
		"an invalid ID":                           {id: "Not_An_ID", body: nil, status: http.StatusBadRequest, code: "bad-request"},
		"an ID that covers something else":        {id: "taken", body: map[string]any{"workspace": tn.Workspace}, status: http.StatusConflict, code: "hold-exists"},
		"a workspace that the tenant has not":     {id: "a", body: map[string]any{"workspace": "no-such"}, status: http.StatusNotFound, code: "not-found"},
		"a run without its workspace":             {id: "b", body: map[string]any{"run": cloudtest.NewRun(t)}, status: http.StatusUnprocessableEntity, code: "invalid"},
		"a run that the workspace does not have":  {id: "c", body: map[string]any{"workspace": tn.Workspace, "run": cloudtest.NewRun(t)}, status: http.StatusNotFound, code: "run-not-found"},
		"a workspace whose name cannot be a name": {id: "d", body: map[string]any{"workspace": "../x"}, status: http.StatusUnprocessableEntity, code: "invalid"},
	} {
		if c.body == nil {
			c.body = map[string]any{}
		}
		t.Run(name, func(t *testing.T) {
			wantCode(t, tn.Do(t, "admin", http.MethodPut, "/v1/tenant/holds/"+c.id, c.body), c.status, c.code)
		})
	}
	if all := holds(t, tn); len(all) != 1 {
		t.Errorf("the holds are %+v", all)
	}
}

func TestWhoMayLiftAHold(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		confirm func(t *testing.T, tn *cloudtest.Tenant, id string) cloudtest.Response
		code    string // empty: the hold is gone
	}{
		"another admin": {func(t *testing.T, tn *cloudtest.Tenant, id string) cloudtest.Response {
			return liftAs(t, tn, "bob", "case", id)
		}, ""},
		"the platform's staff": {func(t *testing.T, tn *cloudtest.Tenant, id string) cloudtest.Response {
			return tn.Do(t, "platform", http.MethodPost, "/v1/tenants/"+string(tn.ID)+"/holds/case/lift", map[string]any{"lifting": id})
		}, ""},
		"the same admin": {func(t *testing.T, tn *cloudtest.Tenant, id string) cloudtest.Response {
			return liftAs(t, tn, "ann", "case", id)
		}, "lifting-alone"},
		"another admin, with a request that was replaced": {func(t *testing.T, tn *cloudtest.Tenant, id string) cloudtest.Response {
			liftAs(t, tn, "ann", "case", "").Want(t, http.StatusOK)
			return liftAs(t, tn, "bob", "case", id)
		}, "lifting-unknown"},
		"the staff, with a request that nobody made": {func(t *testing.T, tn *cloudtest.Tenant, _ string) cloudtest.Response {
			return tn.Do(t, "platform", http.MethodPost, "/v1/tenants/"+string(tn.ID)+"/holds/case/lift", map[string]any{"lifting": cloudtest.NewRun(t)})
		}, "lifting-unknown"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tn := cloudtest.Shared(t).Tenant(t)
			place(t, tn, "case", map[string]any{})
			var asked shownHold
			liftAs(t, tn, "ann", "case", "").Want(t, http.StatusOK).JSON(t, &asked)
			if asked.Ended || asked.Lifting == nil {
				t.Fatalf("a request alone returns %+v", asked)
			}
			r := c.confirm(t, tn, asked.Lifting.ID)
			if c.code != "" {
				wantCode(t, r, http.StatusConflict, c.code)
				if len(holds(t, tn)) != 1 {
					t.Error("the hold is gone")
				}
				return
			}
			r.Want(t, http.StatusOK)
			if all := holds(t, tn); len(all) != 0 {
				t.Errorf("the holds are %+v", all)
			}
			wantCode(t, c.confirm(t, tn, asked.Lifting.ID), http.StatusNotFound, "not-found") // replayed
		})
	}
}

func TestALiftingIsStaleAfterAWeek(t *testing.T) {
	t.Parallel()
	c := cloudtest.New(t, suite.Options{})
	tn := c.Tenant(t)
	place(t, tn, "case", map[string]any{})
	var asked shownHold
	liftAs(t, tn, "ann", "case", "").Want(t, http.StatusOK).JSON(t, &asked)
	c.Clock.Advance(7*24*time.Hour + time.Minute)
	wantCode(t, liftAs(t, tn, "bob", "case", asked.Lifting.ID), http.StatusConflict, "lifting-stale")
}

func TestAKeyIsNotDestroyedUnderAHold(t *testing.T) {
	t.Parallel()
	tn := cloudtest.Shared(t).Tenant(t)
	id := requested(t, tn, "ann")
	place(t, tn, "case", map[string]any{"workspace": tn.Workspace})
	wantCode(t, destroyAs(t, tn, "bob", id), http.StatusConflict, "held")
	wantCode(t, destroyAs(t, tn, "bob", ""), http.StatusConflict, "held")
	if got := states(show(t, tn)); got != "1:DISABLED* " {
		t.Errorf("the versions are %s", got)
	}
}

func TestATenantHasAHundredHoldsAtMost(t *testing.T) {
	t.Parallel()
	tn := cloudtest.Shared(t).Tenant(t)
	for i := range 100 {
		place(t, tn, fmt.Sprint("case-", i), map[string]any{})
	}
	wantCode(t, tn.Do(t, "admin", http.MethodPut, "/v1/tenant/holds/one-more", map[string]any{}), http.StatusConflict, "too-many-holds")
}
