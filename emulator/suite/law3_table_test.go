package suite_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"cloud.google.com/go/firestore"
	"cloud.google.com/go/kms/apiv1/kmspb"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/suite"
)

// keyStates bring the key of a tenant into each state.
var keyStates = map[string]func(t *testing.T, tn *cloudtest.Tenant){
	"active": func(*testing.T, *cloudtest.Tenant) {},
	// Enable has recorded what it will do, and has done nothing.
	"testing": func(t *testing.T, tn *cloudtest.Tenant) {
		changeKey(t, tn, "disable")
		db, err := tn.Cloud.Directory.Client(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		_, err = db.Doc("tenants/"+string(tn.ID)+"/key/state").Update(t.Context(), []firestore.Update{
			{Path: "want", Value: ""}, {Path: "action", Value: "tenant.key.enable"}, {Path: "effective", Value: time.Time{}},
		})
		if err != nil {
			t.Fatal(err)
		}
	},
	// The owner has disabled the version that encrypted everything so far.
	"test_failed": func(t *testing.T, tn *cloudtest.Tenant) {
		withoutExports(t, tn)
		changeKey(t, tn, "rotate")
		tn.Cloud.SetKeyState(t, tn.KeyName, kmspb.CryptoKeyVersion_DISABLED)
	},
	// A version has come back.
	"revoking": func(t *testing.T, tn *cloudtest.Tenant) {
		changeKey(t, tn, "disable")
		tn.Cloud.SetKeyState(t, tn.KeyName, kmspb.CryptoKeyVersion_ENABLED)
	},
	"revoked": func(t *testing.T, tn *cloudtest.Tenant) { changeKey(t, tn, "disable") },
	"destroyed": func(t *testing.T, tn *cloudtest.Tenant) {
		changeKey(t, tn, "disable")
		holder := keyAdminOf(t, tn)
		if _, err := holder.DestroyCryptoKeyVersion(t.Context(), &kmspb.DestroyCryptoKeyVersionRequest{Name: holder.version}); err != nil {
			t.Fatal(err)
		}
		tn.Cloud.Clock.Advance(25 * time.Hour)
	},
}

func changeKey(t *testing.T, tn *cloudtest.Tenant, action string) {
	t.Helper()
	tn.Do(t, "admin", http.MethodPost, "/v1/tenant/key/"+action, nil).Want(t, http.StatusOK)
}

// TestLaw3EachOperationInEachStateOfTheKey calls every operation of a tenant while its key
// is in each state, five minutes after the change. It answers as the table in the contract of
// package tenants says. Another tenant is not affected.
func TestLaw3EachOperationInEachStateOfTheKey(t *testing.T) {
	t.Parallel()
	table := tableOfLaw3(t)
	for state, change := range keyStates {
		t.Run(state, func(t *testing.T) {
			t.Parallel()
			c := cloudtest.New(t, suite.Options{})
			f := newMatrixFixture(t, c)
			requests := f.beforeTheChange(t)
			change(t, f.tenant)
			c.Clock.Advance(5*time.Minute + time.Second)
			f.wantKeyState(t, state)
			for _, r := range requests {
				got := c.Do(t, f.token(t, r.role, "", time.Hour), r.method, r.path, r.body)
				answer := keyAnswer(got)
				if state == "destroyed" && r.route == searchRoute {
					continue // a day has passed, and its view has ended
				}
				if want := cmp.Or(table[r.route][state], "ok"); answer != want {
					t.Errorf("%s answers %s, want %s: %d %s", r.route, answer, want, got.Status, got.Body)
				}
			}
			f.other.Do(t, "admin", http.MethodGet, runPath(f.places[2].workspace, f.places[2].run)+"/outputs/kept.log", nil).Want(t, http.StatusOK)
		})
	}
}

// prepared is a request for an operation.
type prepared struct {
	route, role, method, path string
	body                      any
}

// beforeTheChange prepares a request for each operation but those that change the key or the
// state of the tenant.
func (f *matrixFixture) beforeTheChange(t *testing.T) (all []prepared) {
	t.Helper()
	for _, route := range slices.Sorted(maps.Keys(operations)) {
		if strings.Contains(route, " /v1/tenant/key/") || operations[route].stops {
			continue
		}
		o := operations[route]
		role := o.roles[len(o.roles)-1]
		path, body := o.ask(t, f, f.places[0].calledBy(role))
		method, _, _ := strings.Cut(route, " ")
		all = append(all, prepared{route: route, role: string(role), method: method, path: path, body: body})
	}
	return all
}

// wantKeyState checks the state of the key, and what the actions on it answer in this state.
func (f *matrixFixture) wantKeyState(t *testing.T, state string) {
	t.Helper()
	var shown struct{ Key struct{ State string } }
	f.tenant.Do(t, "admin", http.MethodGet, "/v1/tenant", nil).Want(t, http.StatusOK).JSON(t, &shown)
	if shown.Key.State != state {
		t.Errorf("the state is %s, want %s", shown.Key.State, state)
	}
}

func withoutExports(t *testing.T, tn *cloudtest.Tenant) {
	t.Helper()
	tn.Cloud.Drain(t)
	docs, err := operatorDB(t, tn.Cloud).Collection("tenants").Doc(string(tn.ID)).Collection("exports").Documents(t.Context()).GetAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, doc := range docs {
		if _, err := doc.Ref.Delete(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

// searchRoute searches under a view that was opened before.
const searchRoute = "POST /v1/workspaces/{workspace}/runs/{run}/outputs/{output}/search"

// keyAnswer returns the code of a problem that the state of the key causes, or ok.
func keyAnswer(r cloudtest.Response) string {
	var p problem
	if r.Status >= http.StatusBadRequest && json.Unmarshal(r.Body, &p) == nil && strings.HasPrefix(p.Code, "key-") {
		return p.Code
	}
	if r.Status >= http.StatusInternalServerError {
		return fmt.Sprint(r.Status)
	}
	return "ok"
}

// tableOfLaw3 reads the table in the contract of package tenants: the answer of a route in
// each state. A route that is not in it answers ok.
func tableOfLaw3(t *testing.T) map[string]map[string]string {
	t.Helper()
	text, err := os.ReadFile("../../functions/tenants/doc.go")
	if err != nil {
		t.Fatal(err)
	}
	table := map[string]map[string]string{}
	for line := range strings.Lines(string(text)) {
		words := strings.Fields(strings.TrimPrefix(line, "//"))
		if len(words) != 2+len(keyColumns) || operations[words[0]+" "+words[1]].ask == nil {
			continue
		}
		row := map[string]string{}
		for i, state := range keyColumns {
			row[state] = words[2+i]
		}
		table[words[0]+" "+words[1]] = row
	}
	if len(table) < 20 {
		t.Fatalf("the contract of package tenants has %d rows of the table", len(table))
	}
	return table
}

// keyColumns are the states in the order of the table.
var keyColumns = []string{"active", "testing", "test_failed", "revoking", "revoked", "destroyed"}

// TestLaw3EachActionOnTheKeyInEachState performs each action on the key of a tenant in each
// state.
func TestLaw3EachActionOnTheKeyInEachState(t *testing.T) {
	t.Parallel()
	table := tableOfLaw3(t)
	for _, state := range keyColumns {
		c := cloudtest.Shared(t)
		if state == "destroyed" {
			c = cloudtest.New(t, suite.Options{}) // its clock is advanced
		}
		for _, action := range []string{"test", "rotate", "disable", "enable", "destroy"} {
			tn := c.Tenant(t)
			keyStates[state](t, tn)
			var body any
			if action == "destroy" {
				body = map[string]any{"tenant": tn.ID}
			}
			path := "/v1/tenant/key/" + action
			got := tn.Do(t, "admin", http.MethodPost, path, body)
			if want := table["POST "+path][state]; keyAnswer(got) != want {
				t.Errorf("%s in the state %s answers %s, want %s", action, state, keyAnswer(got), want)
			}
		}
	}
}
