package tenant

import (
	"errors"
	"fmt"
	"strings"

	"github.com/strongroom-dev/strongroom/shared/lazyregexp"
)

// ModelEndpoint is a language model at Vertex AI. The zero ModelEndpoint is no endpoint.
type ModelEndpoint struct {
	ProjectID string `firestore:"projectId" class:"operational"`
	Location  string `firestore:"location" class:"operational"` // a region such as europe-west3, or the multi-region eu or us
	Model     string `firestore:"model" class:"operational"`    // such as gemini-3.5-flash; never an alias such as gemini-flash-latest

	// What Google does with prompts of the project. Both are settings of the project,
	// which its owner states here. They are part of the text that people agree to:
	// docs.cloud.google.com/gemini-enterprise-agent-platform/resources/zero-data-retention.
	AbuseLoggingExempt bool `firestore:"abuseLoggingExempt" class:"operational"` // Google does not log prompts to detect abuse
	CacheDisabled      bool `firestore:"cacheDisabled" class:"operational"`      // Google does not cache prompts in memory
}

// The forms of names: of projects, cloud.google.com/resource-manager/docs/creating-managing-projects;
// of locations, a region or a multi-region. A global endpoint has no location, so it is not allowed.
var (
	projectName  = lazyregexp.New(`^([a-z][a-z0-9.-]*:)?[a-z][a-z0-9-]{4,28}[a-z0-9]$`)
	locationName = lazyregexp.New(`^(us|eu|[a-z]+-[a-z]+[0-9]{1,2})$`)
	modelName    = lazyregexp.New(`^[a-z][a-z0-9.-]{0,62}[a-z0-9]$`)
)

// Exists reports whether e names a model.
func (e ModelEndpoint) Exists() bool { return e != ModelEndpoint{} }

// Validate returns an error that joins everything wrong with an endpoint that exists.
func (e ModelEndpoint) Validate() error {
	var errs []error
	for _, field := range []struct {
		name, value string
		form        *lazyregexp.Regexp
	}{
		{"projectId", e.ProjectID, projectName}, {"location", e.Location, locationName}, {"model", e.Model, modelName},
	} {
		if !field.form.MatchString(field.value) {
			errs = append(errs, fmt.Errorf("%s %q is not valid", field.name, field.value))
		}
	}
	if strings.Contains(e.Model, "latest") {
		errs = append(errs, errors.New("model is an alias that changes; name the exact model"))
	}
	return errors.Join(errs...)
}

// BaseURL returns the URL of the endpoint's service in its location. Data that is sent
// there stays in the location: cloud.google.com/vertex-ai/docs/general/locations.
func (e ModelEndpoint) BaseURL() string {
	if e.Location == "us" || e.Location == "eu" {
		return "https://aiplatform." + e.Location + ".rep.googleapis.com/"
	}
	return "https://" + e.Location + "-aiplatform.googleapis.com/"
}
