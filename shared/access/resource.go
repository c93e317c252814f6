package access

import (
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/strongroom-dev/strongroom/shared/outputname"
	"github.com/strongroom-dev/strongroom/shared/run"
)

// pathIDs has each path parameter that identifies a resource by itself, with the prefix
// of its path in the audit log. If a request has several, the first one is the resource:
// an export of a tenant is the export.
var pathIDs = []struct{ parameter, prefix string }{
	{"issue", "issues/"}, {"sli", "slis/"}, {"assistant", "assistants/"}, {"entry", "audit/entries/"},
	{"export", "exports/"}, {"schedule", "export-schedules/"}, {"feature", "consents/"}, {"text", "consent-texts/"}, {"send", "model-sends/"},
	{"review", "config-reviews/"},
	{"hold", "holds/"},
	{"member", "members/"},
	{"rule", "trust-rules/"},
	{"tenant", "tenants/"},
}

// Collections returns the first elements of the paths of resources that requests name.
func Collections() []string {
	all := []string{"runs"}
	for _, p := range pathIDs {
		collection, _, _ := strings.Cut(p.prefix, "/")
		all = append(all, collection)
	}
	slices.Sort(all)
	return all
}

// resourcePath returns the path of the resource that a request names. It includes
// valid names only, so the audit log contains no text that a client chose freely.
func resourcePath(hc huma.Context) string {
	for _, p := range pathIDs {
		if id := hc.Param(p.parameter); outputname.Check(id) == nil {
			return p.prefix + id
		}
	}
	id, err := run.ParseID(hc.Param("run"))
	if err != nil {
		return ""
	}
	output := hc.Param("output")
	if outputname.Check(output) != nil {
		return "runs/" + string(id)
	}
	return "runs/" + string(id) + "/outputs/" + output
}
