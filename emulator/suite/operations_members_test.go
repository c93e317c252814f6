package suite_test

import (
	"net/http"
	"testing"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/shared/directory"
)

// atMembers returns a request about the members of a workspace.
func atMembers(path string) ask {
	return func(_ *testing.T, _ *matrixFixture, p place) (string, any) {
		return "/v1/tenant/workspaces/" + string(p.workspace) + "/members" + path, nil
	}
}

// newMember returns a request that adds a member.
func newMember(t *testing.T, f *matrixFixture, p place) (string, any) {
	path, _ := atMembers("")(t, f, p)
	return path, map[string]any{"issuer": f.cloud.Issuer.URL(), "subject": cloudtest.NewRun(t)}
}

// addedMember returns a request about a member, who exists except in the other workspace.
func addedMember(t *testing.T, f *matrixFixture, p place) (string, any) {
	path, body := newMember(t, f, p)
	var added struct{ ID string }
	if p.name == "other" {
		added.ID = directory.MemberID("https://issuer.example", "nobody")
	} else {
		f.owner(p).Do(t, "admin", http.MethodPost, path, body).Want(t, http.StatusOK).JSON(t, &added)
	}
	return path + "/" + added.ID, nil
}
