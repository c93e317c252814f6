package tenants_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/suite"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/directory"
)

type shownMember struct {
	ID, Issuer, Subject, Owner, Entry string
	Added                             time.Time
}

func membersPath(tn *cloudtest.Tenant) string {
	return "/v1/tenant/workspaces/" + string(tn.Workspace) + "/members"
}

func addMember(t *testing.T, tn *cloudtest.Tenant, subject string) (m shownMember) {
	t.Helper()
	body := map[string]any{"issuer": tn.Cloud.Issuer.URL(), "subject": subject}
	tn.Do(t, "admin", http.MethodPost, membersPath(tn), body).Want(t, http.StatusOK).JSON(t, &m)
	return m
}

// members returns the members of the tenant's workspace, in pages of one.
func members(t *testing.T, tn *cloudtest.Tenant) map[string]shownMember {
	t.Helper()
	all, token := map[string]shownMember{}, ""
	for {
		var page struct {
			Members       []shownMember
			NextPageToken string
		}
		tn.Do(t, "auditor", http.MethodGet, membersPath(tn)+"?pageSize=1&pageToken="+token, nil).Want(t, http.StatusOK).JSON(t, &page)
		for _, m := range page.Members {
			all[m.Subject] = m
		}
		if token = page.NextPageToken; token == "" {
			return all
		}
	}
}

// readsAs reports whether a user with the role viewer may read the tenant's workspace.
func readsAs(t *testing.T, tn *cloudtest.Tenant, subject string) bool {
	t.Helper()
	token, err := tn.Cloud.Issuer.Token(map[string]any{
		"sub": subject, "aud": suite.Audience + "/tenants/" + string(tn.ID), "persona": "viewer",
	}, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	r := tn.Cloud.Do(t, token, http.MethodPost, "/v1/workspaces/"+string(tn.Workspace)+"/runs/search", map[string]any{})
	if r.Status != http.StatusOK && r.Status != http.StatusForbidden {
		t.Fatalf("status %d: %s", r.Status, r.Body)
	}
	return r.Status == http.StatusOK
}

func TestAnAdminAddsAndRemovesAMember(t *testing.T) {
	t.Parallel()
	tn := cloudtest.Shared(t).Tenant(t)
	if readsAs(t, tn, "ann") {
		t.Fatal("a user who is no member reads the workspace")
	}
	ann := addMember(t, tn, "ann")
	if ann.Owner != "api" || ann.ID != directory.MemberID(tn.Cloud.Issuer.URL(), "ann") || ann.Entry == "" || ann.Added.IsZero() {
		t.Errorf("the member is %+v", ann)
	}
	if again := addMember(t, tn, "ann"); again != ann {
		t.Errorf("added again, the member is %+v", again)
	}
	if !readsAs(t, tn, "ann") {
		t.Error("a member does not read the workspace at once")
	}
	all := members(t, tn)
	if all["ann"] != ann || all["viewer@"+string(tn.ID)+".example"].Owner != "terraform" || len(all) != 2 {
		t.Errorf("the members are %+v", all)
	}
	var shown shownMember
	tn.Do(t, "auditor", http.MethodGet, membersPath(tn)+"/"+ann.ID, nil).Want(t, http.StatusOK).JSON(t, &shown)
	if diff := cmp.Diff(ann, shown); diff != "" {
		t.Error(diff)
	}
	tn.Do(t, "admin", http.MethodDelete, membersPath(tn)+"/"+ann.ID, nil).Want(t, http.StatusOK)
	if readsAs(t, tn, "ann") {
		t.Error("the end of a membership does not take effect at once")
	}
	wantCode(t, tn.Do(t, "admin", http.MethodDelete, membersPath(tn)+"/"+ann.ID, nil), http.StatusNotFound, "not-found")
	wantCode(t, tn.Do(t, "admin", http.MethodGet, membersPath(tn)+"/"+ann.ID, nil), http.StatusNotFound, "not-found")
}

func TestMembersAreInTheAuditLogByName(t *testing.T) {
	t.Parallel()
	tn := cloudtest.Shared(t).Tenant(t)
	ann := addMember(t, tn, "ann")
	addMember(t, tn, "ann")
	tn.Do(t, "admin", http.MethodDelete, membersPath(tn)+"/"+ann.ID, nil).Want(t, http.StatusOK)
	var got []string
	for _, e := range entriesAbout(t, tn, "members/"+ann.ID) {
		got = append(got, string(e.Action)+" "+e.Objects[1]+" in "+string(e.Workspace))
	}
	want := []string{"tenant.members.add subject/ann in " + string(tn.Workspace), "tenant.members.remove subject/ann in " + string(tn.Workspace)}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestMembersThatAreRefused(t *testing.T) {
	t.Parallel()
	tn := cloudtest.Shared(t).Tenant(t)
	issuer := tn.Cloud.Issuer.URL()
	terraforms := directory.MemberID(issuer, "viewer@"+string(tn.ID)+".example")
	for name, c := range map[string]struct {
		method, path string
		body         any
		status       int
		code         string
	}{
		"a workspace that the tenant has not":   {method: http.MethodPost, path: "/v1/tenant/workspaces/no-such/members", body: map[string]any{"issuer": issuer, "subject": "ann"}, status: http.StatusNotFound, code: "not-found"},
		"a list of such a workspace":            {method: http.MethodGet, path: "/v1/tenant/workspaces/no-such/members", status: http.StatusNotFound, code: "not-found"},
		"a workspace that has no possible name": {method: http.MethodGet, path: "/v1/tenant/workspaces/No_Such/members", status: http.StatusBadRequest, code: "bad-request"},
		"an issuer that the tenant trusts not":  {method: http.MethodPost, path: membersPath(tn), body: map[string]any{"issuer": "https://other.example", "subject": "ann"}, status: http.StatusUnprocessableEntity, code: "invalid"},
		"a subject that no token can have":      {method: http.MethodPost, path: membersPath(tn), body: map[string]any{"issuer": issuer, "subject": "a\nb"}, status: http.StatusUnprocessableEntity, code: "invalid"},
		"no subject":                            {method: http.MethodPost, path: membersPath(tn), body: map[string]any{"issuer": issuer}, status: http.StatusUnprocessableEntity, code: "invalid"},
		"a member ID that is not one":           {method: http.MethodDelete, path: membersPath(tn) + "/ann", status: http.StatusBadRequest, code: "bad-request"},
		"the removal of Terraform's member":     {method: http.MethodDelete, path: membersPath(tn) + "/" + terraforms, status: http.StatusConflict, code: "terraform-owned"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			wantCode(t, tn.Do(t, "admin", c.method, c.path, c.body), c.status, c.code)
		})
	}
}

// A member of Terraform stays Terraform's if an admin adds it, and an apply keeps the API's.
func TestTerraformAndTheAPIKeepEachOthersMembers(t *testing.T) {
	t.Parallel()
	c := cloudtest.Shared(t)
	tn := c.Tenant(t)
	if m := addMember(t, tn, "viewer@"+string(tn.ID)+".example"); m.Owner != "terraform" || m.Entry != "" {
		t.Errorf("a member of Terraform that is added is %+v", m)
	}
	ann := addMember(t, tn, "ann")
	if _, err := c.AddTenant(t.Context(), tn.ID, tn.Workspace); err != nil { // as an apply
		t.Fatal(err)
	}
	if got := members(t, tn)["ann"]; got != ann {
		t.Errorf("after an apply, the member is %+v", got)
	}
}

// Terraform removes the document of a workspace and its own members. The API's members stay,
// and must not read a workspace that does not exist.
func TestAMembershipEndsWithItsWorkspace(t *testing.T) {
	t.Parallel()
	c := cloudtest.Shared(t)
	tn := c.Tenant(t)
	addMember(t, tn, "ann")
	db, err := c.Directory.Client(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := directory.Workspace(db, tn.ID, tn.Workspace).Delete(t.Context()); err != nil {
		t.Fatal(err)
	}
	if readsAs(t, tn, "ann") {
		t.Error("a member reads a workspace that was removed")
	}
}

func TestAMemberWithoutAnIssuerIsShown(t *testing.T) {
	t.Parallel()
	c := cloudtest.Shared(t)
	tn := c.Tenant(t)
	db, err := c.Directory.Client(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	// As the module before wrote it.
	if _, err := directory.Member(db, tn.ID, tn.Workspace, c.Issuer.URL(), "bob").Set(t.Context(), map[string]any{"subject": "bob"}); err != nil {
		t.Fatal(err)
	}
	if bob := members(t, tn)["bob"]; bob.Issuer != "" || bob.Owner != "terraform" || !readsAs(t, tn, "bob") {
		t.Errorf("the member is %+v", bob)
	}
}

func TestAWorkspaceHasAThousandMembersAtMost(t *testing.T) {
	t.Parallel()
	c := cloudtest.Shared(t)
	tn := c.Tenant(t)
	db, err := c.Directory.Client(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	batch := db.BulkWriter(t.Context())
	for n := range 999 {
		subject := string(rune('a'+n%26)) + time.Duration(n).String()
		if _, err := batch.Set(directory.Member(db, tn.ID, tn.Workspace, "https://issuer.example", subject), map[string]any{"subject": subject}); err != nil {
			t.Fatal(err)
		}
	}
	batch.End()
	wantCode(t, tn.Do(t, "admin", http.MethodPost, membersPath(tn), map[string]any{"issuer": c.Issuer.URL(), "subject": "ann"}), http.StatusConflict, "too-many-members")
}

func TestTheWorkspacesAreListed(t *testing.T) {
	t.Parallel()
	tn := cloudtest.Shared(t).Tenant(t, "a", "b")
	var list struct {
		Workspaces []struct{ ID, Owner string }
	}
	tn.Do(t, "auditor", http.MethodGet, "/v1/tenant/workspaces", nil).Want(t, http.StatusOK).JSON(t, &list)
	if len(list.Workspaces) != 2 || list.Workspaces[0].ID != "a" || list.Workspaces[1].Owner != "terraform" {
		t.Errorf("the workspaces are %+v", list)
	}
}

// entriesAbout returns the entries of the audit log about a resource.
func entriesAbout(t *testing.T, tn *cloudtest.Tenant, resource string) (found []auditlog.Entry) {
	t.Helper()
	for _, e := range allEntries(t, tn) {
		if e.Resource == resource && e.Outcome == auditlog.Allowed {
			found = append(found, e)
		}
	}
	return found
}
