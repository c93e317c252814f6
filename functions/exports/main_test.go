package exports_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"cloud.google.com/go/kms/apiv1/kmspb"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/suite"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
)

func TestMain(m *testing.M) { cloudtest.Main(m) }

var metadata = map[string]any{"kinds": []string{"metadata"}}

func put(t *testing.T, tn *cloudtest.Tenant, id string, body any) cloudtest.Response {
	t.Helper()
	return tn.Do(t, "auditor", http.MethodPut, "/v1/exports/"+id, body)
}

// code returns the stable code of a problem.
func code(t *testing.T, r cloudtest.Response) string {
	t.Helper()
	var p struct{ Code string }
	r.JSON(t, &p)
	return p.Code
}

func TestARepeatedRequestReturnsTheExport(t *testing.T) {
	t.Parallel()
	tn := cloudtest.Shared(t).Tenant(t, "prod", "dev")
	id := cloudtest.NewRun(t)
	first := put(t, tn, id, map[string]any{"kinds": []string{"metadata", "inventory"}, "workspaces": []string{"prod", "dev"}}).Want(t, http.StatusOK)
	var a, b struct{ Created, ReadTime time.Time }
	first.JSON(t, &a)
	put(t, tn, id, map[string]any{"kinds": []string{"inventory", "metadata"}, "workspaces": []string{"dev", "prod"}}).Want(t, http.StatusOK).JSON(t, &b)
	if a.Created.Sub(b.Created).Abs() > time.Microsecond || !a.ReadTime.Equal(b.ReadTime) {
		t.Errorf("the first response says %v, the second %v", a, b)
	}
	if got := code(t, put(t, tn, id, metadata).Want(t, http.StatusConflict)); got != "conflict" {
		t.Errorf("another request with the same ID has the code %s", got)
	}
	staff := tn.Do(t, "platform", http.MethodPut, fmt.Sprintf("/v1/tenants/%s/exports/%s", tn.ID, id), map[string]any{"kinds": []string{"metadata", "inventory"}, "workspaces": []string{"prod", "dev"}})
	staff.Want(t, http.StatusConflict)
}

func TestInvalidRequestsAreRejected(t *testing.T) {
	t.Parallel()
	c := cloudtest.Shared(t)
	tn, other := c.Tenant(t), c.Tenant(t, "others")
	for name, row := range map[string]struct {
		id     string
		body   any
		status int
		says   string
	}{
		"an ID that is no UUIDv7":            {id: "export-1", body: metadata, status: 400, says: "UUIDv7"},
		"a kind that does not exist":         {body: map[string]any{"kinds": []string{"all"}}, status: 422, says: "body.kinds"},
		"no kinds":                           {body: map[string]any{"kinds": []string{}}, status: 422, says: "body.kinds"},
		"a format that does not exist":       {body: map[string]any{"kinds": []string{"audit"}, "format": "parquet"}, status: 422, says: "body.format"},
		"a range that ends before it begins": {body: map[string]any{"kinds": []string{"audit"}, "from": "2026-01-02T00:00:00Z", "to": "2026-01-01T00:00:00Z"}, status: 422, says: "not after from"},
		"a range in the future":              {body: map[string]any{"kinds": []string{"audit"}, "from": "2099-01-02T00:00:00Z"}, status: 422, says: "in the future"},
		"an end in the future":               {body: map[string]any{"kinds": []string{"audit"}, "to": "2099-01-02T00:00:00Z"}, status: 422, says: "in the future"},
		"an end that is too long ago":        {body: map[string]any{"kinds": []string{"audit"}, "to": "2026-01-02T00:00:00Z"}, status: 422, says: "6 days"},
		"a kind that is there twice":         {body: map[string]any{"kinds": []string{"audit", "audit"}}, status: 422, says: "body.kinds"},
		"a time with seconds":                {body: map[string]any{"kinds": []string{"audit"}, "from": "2026-01-02T00:00:01Z"}, status: 422, says: "whole minute"},
		"a workspace that does not exist":    {body: map[string]any{"kinds": []string{"metadata"}, "workspaces": []string{"prod", "absent"}}, status: 422, says: "no workspace absent"},
		"a workspace of another tenant":      {body: map[string]any{"kinds": []string{"metadata"}, "workspaces": []string{string(other.Workspace)}}, status: 422, says: "no workspace others"},
		"a workspace that is a path":         {body: map[string]any{"kinds": []string{"metadata"}, "workspaces": []string{"../" + string(other.ID)}}, status: 422, says: "body.workspaces"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if row.id == "" {
				row.id = cloudtest.NewRun(t)
			}
			if r := put(t, tn, row.id, row.body).Want(t, row.status); !strings.Contains(string(r.Body), row.says) {
				t.Errorf("it does not say %q: %s", row.says, r.Body)
			}
		})
	}
}

func TestATenantHasFiveActiveExportsAtMost(t *testing.T) {
	t.Parallel()
	tn := cloudtest.Shared(t).Tenant(t)
	var first string
	for range 5 {
		first = tn.CreateExport(t, metadata).ID
	}
	r := put(t, tn, cloudtest.NewRun(t), metadata).Want(t, http.StatusTooManyRequests)
	if r.Header.Get("Retry-After") == "" {
		t.Error("it does not say when to try again")
	}
	put(t, tn, first, metadata).Want(t, http.StatusOK) // it exists
	tn.Do(t, "admin", http.MethodPost, "/v1/exports/"+first+"/cancel", nil).Want(t, http.StatusOK)
	put(t, tn, cloudtest.NewRun(t), metadata).Want(t, http.StatusOK)
}

func TestALockedKeyRejectsExportsOnTheRecord(t *testing.T) {
	t.Parallel()
	c := cloudtest.Shared(t)
	tn := c.Tenant(t)
	c.SetKeyState(t, tn.KeyName, kmspb.CryptoKeyVersion_DISABLED)
	id := cloudtest.NewRun(t)
	if got := code(t, put(t, tn, id, metadata).Want(t, http.StatusForbidden)); got != "key-locked" {
		t.Errorf("the code is %s", got)
	}
	denied := 0
	for _, e := range entries(t, tn) {
		if e.Action == auditlog.CreateExport && e.Outcome == auditlog.Denied && e.Reason == "key-locked" && e.Resource == "exports/"+id {
			denied++
		}
	}
	if denied != 1 {
		t.Errorf("%d denials are on record, want 1", denied)
	}
	staff := tn.Do(t, "platform", http.MethodPut, "/v1/tenants/"+string(tn.ID)+"/exports/"+cloudtest.NewRun(t), metadata)
	if got := code(t, staff.Want(t, http.StatusForbidden)); got != "key-locked" {
		t.Errorf("for staff, the code is %s", got)
	}
	tn.Do(t, "auditor", http.MethodGet, "/v1/exports/"+id, nil).Want(t, http.StatusNotFound)
}

func entries(t *testing.T, tn *cloudtest.Tenant) (all []auditlog.Entry) {
	t.Helper()
	log, err := auditlog.OpenReader(t.Context(), auditlog.Config{AuditKeyName: tn.Cloud.PlatformKey("audit")}, tn.Cloud.Operator, tn.Cloud.Clock.Now)
	if err != nil {
		t.Fatal(err)
	}
	db, err := tn.Cloud.Operator.Default(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for e, err := range log.Entries(t.Context(), db, tn.ID) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, e)
	}
	return all
}

func TestACanceledExportHasNoFilesAndLatePartsDoNothing(t *testing.T) {
	t.Parallel()
	c := cloudtest.New(t, suite.Options{})
	tn := c.Tenant(t)
	e := tn.CreateExport(t, metadata)
	tn.Do(t, "auditor", http.MethodGet, "/v1/exports/"+e.ID+"/files", nil).Want(t, http.StatusConflict)
	for range 2 {
		tn.Do(t, "auditor", http.MethodPost, "/v1/exports/"+e.ID+"/cancel", nil).Want(t, http.StatusOK)
	}
	c.FinishExports(t)
	if got := tn.Export(t, e.ID); got.State != "canceled" || got.Parts != 1 || got.PartsDone != 0 {
		t.Errorf("the export is %+v", got)
	}
	tn.Do(t, "auditor", http.MethodGet, "/v1/exports/"+e.ID+"/files", nil).Want(t, http.StatusConflict)
	done := tn.CreateExport(t, metadata)
	c.FinishExports(t)
	if got := tn.Export(t, done.ID).State; got != "done" {
		t.Fatalf("another export is %s\n%s", got, c.Log)
	}
	tn.Do(t, "auditor", http.MethodPost, "/v1/exports/"+done.ID+"/cancel", nil).Want(t, http.StatusConflict)
}

func TestStaffStartExportsAndSeeNothingOfThem(t *testing.T) {
	t.Parallel()
	c := cloudtest.New(t, suite.Options{})
	tn := c.Tenant(t)
	id := cloudtest.NewRun(t)
	tn.Do(t, "platform", http.MethodPut, "/v1/tenants/absent/exports/"+id, metadata).Want(t, http.StatusNotFound)
	path := "/v1/tenants/" + string(tn.ID) + "/exports/" + id
	for range 5 { // the entry of each denial names the export
		tn.Do(t, "viewer", http.MethodPut, path, metadata).Want(t, http.StatusForbidden)
	}
	tn.Do(t, "platform", http.MethodPut, path, metadata).Want(t, http.StatusOK)
	for _, path := range []string{"/v1/exports/" + id, "/v1/exports/" + id + "/files", "/v1/exports"} {
		tn.Do(t, "platform", http.MethodGet, path, nil).Want(t, http.StatusForbidden)
	}
	c.FinishExports(t)
	if got := tn.Export(t, id).State; got != "done" {
		t.Fatalf("the export is %s\n%s", got, c.Log)
	}
	if len(tn.PullExport(t, id)) == 0 {
		t.Error("the tenant's auditor sees no files")
	}
	recorded, denied := false, 0
	for _, e := range entries(t, tn) {
		if e.Action == auditlog.StartTenantExport && e.Outcome == auditlog.Denied && e.Resource == "exports/"+id {
			denied++
		}
		recorded = recorded || e.Action == auditlog.StartTenantExport && e.Actor.Role == "platform" && e.Resource == "exports/"+id
	}
	if !recorded || denied != 5 {
		t.Errorf("the tenant's audit log has the request of the staff: %t, and %d of 5 denials", recorded, denied)
	}
}

func TestTheListOfExportsHasPages(t *testing.T) {
	t.Parallel()
	tn := cloudtest.Shared(t).Tenant(t)
	var want []string
	for range 3 {
		want = append([]string{tn.CreateExport(t, metadata).ID}, want...)
	}
	var got []string
	for token := ""; ; {
		var page struct {
			Exports       []struct{ ID string }
			NextPageToken string
		}
		tn.Do(t, "auditor", http.MethodGet, "/v1/exports?pageSize=2&pageToken="+token, nil).Want(t, http.StatusOK).JSON(t, &page)
		for _, e := range page.Exports {
			got = append(got, e.ID)
		}
		if token = page.NextPageToken; token == "" {
			break
		}
	}
	if strings.Join(got, " ") != strings.Join(want, " ") {
		t.Errorf("the pages have %v, want %v", got, want)
	}
	tn.Do(t, "auditor", http.MethodGet, "/v1/exports?pageToken=forged", nil).Want(t, http.StatusBadRequest)
}

func TestSchedulesAreSetShownAndDeleted(t *testing.T) {
	t.Parallel()
	tn := cloudtest.Shared(t).Tenant(t)
	path := "/v1/export-schedules/nightly"
	do := func(method string, body any) cloudtest.Response { return tn.Do(t, "admin", method, path, body) }
	do(http.MethodGet, nil).Want(t, http.StatusNotFound)
	do(http.MethodDelete, nil).Want(t, http.StatusNotFound)
	for name, body := range map[string]any{
		"a zone that does not exist":   map[string]any{"kinds": []string{"audit"}, "every": "daily", "timeZone": "Europe/Nowhere"},
		"the zone of the machine":      map[string]any{"kinds": []string{"audit"}, "every": "daily", "timeZone": "Local"},
		"a length that does not exist": map[string]any{"kinds": []string{"audit"}, "every": "yearly"},
		"a kind that does not exist":   map[string]any{"kinds": []string{"all"}, "every": "daily"},
	} {
		if r := do(http.MethodPut, body); r.Status != http.StatusUnprocessableEntity {
			t.Errorf("%s: status %d: %s", name, r.Status, r.Body)
		}
	}
	var s struct {
		Name, Every, TimeZone string
		Begin, End            time.Time
	}
	do(http.MethodPut, map[string]any{"kinds": []string{"audit"}, "every": "hourly"}).Want(t, http.StatusOK)
	do(http.MethodGet, nil).Want(t, http.StatusOK).JSON(t, &s)
	if now := tn.Cloud.Clock.Now(); s.Name != "nightly" || s.TimeZone != "UTC" || s.End.Sub(s.Begin) != time.Hour || s.Begin.After(now) || !s.End.After(now) {
		t.Errorf("the schedule is %+v", s)
	}
	for i := range 19 {
		tn.Do(t, "admin", http.MethodPut, fmt.Sprint("/v1/export-schedules/s", i), map[string]any{"kinds": []string{"audit"}, "every": "daily"}).Want(t, http.StatusOK)
	}
	tn.Do(t, "admin", http.MethodPut, "/v1/export-schedules/s19", map[string]any{"kinds": []string{"audit"}, "every": "daily"}).Want(t, http.StatusConflict)
	do(http.MethodDelete, nil).Want(t, http.StatusOK)
	do(http.MethodGet, nil).Want(t, http.StatusNotFound)
}
