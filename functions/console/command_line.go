package console

import (
	"encoding/json"
	"net/http"

	"github.com/strongroom-dev/strongroom/shared/api"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// commandLineBody is what the command line needs to sign a person in. Nothing in it is
// confidential: the redirect to the identity provider shows the same.
type commandLineBody struct {
	Name       string               `json:"name"`
	Issuer     string               `json:"issuer"`
	Workspaces []tenant.WorkspaceID `json:"workspaces,omitempty"`
	commandLine
}

// signInOfCommandLine returns how the command line signs in the people of a tenant.
func (h *Handler) signInOfCommandLine(w http.ResponseWriter, r *http.Request) {
	c, err := h.client(r.FormValue("tenant"))
	if err == nil && c.CommandLine.ClientID == "" {
		err = api.Refuse(http.StatusNotFound, "nobody signs in to this tenant with the command line; ask your administrator to register it, or for its client ID")
	}
	if err != nil {
		respondProblem(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(commandLineBody{ // an error means that the client has left
		Name: c.Name, Issuer: c.Issuer, Workspaces: c.Workspaces, commandLine: c.CommandLine,
	})
}
