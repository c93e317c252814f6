package tenants_test

import (
	"net/http"
	"testing"
	"time"

	"cloud.google.com/go/firestore"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/suite"
)

// destroyAs makes or confirms a request as an admin with a subject.
func destroyAs(t *testing.T, tn *cloudtest.Tenant, subject, id string) cloudtest.Response {
	t.Helper()
	token, err := tn.Cloud.Issuer.Token(map[string]any{
		"sub": subject, "aud": suite.Audience + "/tenants/" + string(tn.ID), "persona": "admin",
	}, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	body := map[string]any{"tenant": tn.ID}
	if id != "" {
		body["destruction"] = id
	}
	return tn.Cloud.Do(t, token, http.MethodPost, "/v1/tenant/key/destroy", body)
}

// requested disables the key and requests its destruction.
func requested(t *testing.T, tn *cloudtest.Tenant, subject string) (id string) {
	t.Helper()
	do(t, tn, "disable")
	var s struct {
		Key struct{ Destruction struct{ ID string } }
	}
	destroyAs(t, tn, subject, "").Want(t, http.StatusOK).JSON(t, &s)
	if got := states(show(t, tn)); got != "1:DISABLED* " {
		t.Errorf("a request alone changes the versions to %s", got)
	}
	return s.Key.Destruction.ID
}

func TestWhoMayConfirmADestruction(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		by    string
		after time.Duration
		code  string // empty: the key is destroyed
		alter func(t *testing.T, tn *cloudtest.Tenant, id string) (confirmed string)
	}{
		"another admin at once":                    {by: "bob"},
		"the same admin at once":                   {by: "ann", code: "destruction-alone"},
		"the same admin before the day is over":    {by: "ann", after: 24*time.Hour - time.Minute, code: "destruction-alone"},
		"the same admin after a day":               {by: "ann", after: 24 * time.Hour},
		"another admin after the request is stale": {by: "bob", after: 7*24*time.Hour + time.Minute, code: "destruction-stale"},
		"an account of another issuer at once":     {by: "bob", code: "destruction-issuer", alter: fromAnotherIssuer},
		"an account of another issuer after a day": {by: "bob", after: 24 * time.Hour, alter: fromAnotherIssuer},
		"a confirmation of a request that was replaced": {by: "bob", code: "destruction-unknown", alter: func(t *testing.T, tn *cloudtest.Tenant, id string) string {
			destroyAs(t, tn, "ann", "").Want(t, http.StatusOK)
			return id
		}},
		"a confirmation after the key was enabled and disabled again": {by: "bob", code: "destruction-unknown", alter: func(t *testing.T, tn *cloudtest.Tenant, id string) string {
			do(t, tn, "enable")
			do(t, tn, "disable")
			return id
		}},
		"a confirmation while the key is in use": {by: "bob", code: "key-not-revoked", alter: func(t *testing.T, tn *cloudtest.Tenant, id string) string {
			do(t, tn, "enable")
			return id
		}},
		"an ID that nobody has made": {by: "bob", code: "destruction-unknown", alter: func(t *testing.T, _ *cloudtest.Tenant, _ string) string {
			return cloudtest.NewRun(t)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := cloudtest.Shared(t)
			if test.after > 0 {
				c = cloudtest.New(t, suite.Options{})
			}
			tn := c.Tenant(t)
			id := requested(t, tn, "ann")
			if test.alter != nil {
				id = test.alter(t, tn, id)
			}
			if test.after > 0 {
				c.Clock.Advance(test.after)
			}
			before := states(show(t, tn))
			r := destroyAs(t, tn, test.by, id)
			if test.code == "" {
				r.Want(t, http.StatusOK)
				if s := show(t, tn); states(s) != "1:DESTROY_SCHEDULED* " || s.Key.State != "revoked" {
					t.Errorf("the key is %+v", s.Key)
				}
				return
			}
			var p struct{ Code string }
			r.Want(t, http.StatusConflict).JSON(t, &p)
			if got := states(show(t, tn)); p.Code != test.code || got != before {
				t.Errorf("the code is %s, want %s; the versions are %s and were %s", p.Code, test.code, got, before)
			}
		})
	}
}

// fromAnotherIssuer makes the pending request one of an account of another issuer.
func fromAnotherIssuer(t *testing.T, tn *cloudtest.Tenant, id string) string {
	t.Helper()
	db, err := tn.Cloud.Directory.Client(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	_, err = db.Doc("tenants/"+string(tn.ID)+"/key/state").Update(t.Context(), []firestore.Update{
		{Path: "destruction.issuer", Value: "https://other.example"},
	})
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func TestADestructionNamesTheTenant(t *testing.T) {
	t.Parallel()
	tn := cloudtest.Shared(t).Tenant(t)
	do(t, tn, "disable")
	refuse(t, tn, "destroy", map[string]any{"tenant": "globex"}, "other-tenant")
	tn.Do(t, "admin", http.MethodPost, "/v1/tenant/key/destroy", map[string]any{}).Want(t, http.StatusUnprocessableEntity)
}

func TestADestructionCanBeUndoneUntilItHappens(t *testing.T) {
	t.Parallel()
	c := cloudtest.New(t, suite.Options{})
	tn, other := c.Tenant(t), c.Tenant(t)
	run := cloudtest.NewRun(t)
	tn.Store(t, run, "kept.log", []byte("kept"))
	id := requested(t, tn, "ann")
	destroyAs(t, tn, "bob", id).Want(t, http.StatusOK)
	destroyAs(t, tn, "bob", id).Want(t, http.StatusConflict) // replayed
	if s := do(t, tn, "enable"); s.Key.State != "active" || states(s) != "1:ENABLED* " {
		t.Errorf("after enable, the key is %+v", s.Key)
	}
	tn.Do(t, "viewer", http.MethodGet, tn.RunPath(run)+"/outputs/kept.log", nil).Want(t, http.StatusOK)

	destroyAs(t, tn, "bob", requested(t, tn, "ann")).Want(t, http.StatusOK)
	c.Clock.Advance(25 * time.Hour)
	if s := show(t, tn); s.Key.State != "destroyed" {
		t.Errorf("a day later, the key is %+v", s.Key)
	}
	refuse(t, tn, "enable", nil, "key-destroyed")
	tn.Do(t, "viewer", http.MethodGet, tn.RunPath(run)+"/outputs/kept.log", nil).Want(t, http.StatusForbidden)
	if s := show(t, other); s.Key.State != "active" {
		t.Errorf("the other tenant's key is %+v", s.Key)
	}
}
