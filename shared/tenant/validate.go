package tenant

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"time"

	"github.com/strongroom-dev/strongroom/shared/lazyregexp"
)

// topicName follows cloud.google.com/pubsub/docs/pubsub-basics#resource_names.
var topicName = lazyregexp.New(`^projects/[a-z0-9.:-]+/topics/[A-Za-z][A-Za-z0-9_.~+%-]{2,254}$`)

// Validate returns an error that joins everything wrong with the record, in a fixed
// order.
func (r Record) Validate() error {
	var errs []error
	if _, err := ParseID(string(r.ID)); err != nil {
		errs = append(errs, err)
	}
	if r.State != Active && r.State != Suspended {
		errs = append(errs, fmt.Errorf("state %q is neither active nor suspended", r.State))
	}
	for _, field := range []struct{ name, value string }{
		{"projectId", r.ProjectID}, {"location", r.Location}, {"outputsBucket", r.OutputsBucket},
		{"keyName", r.KeyName}, {"signingAccount", r.SigningAccount},
	} {
		if field.value == "" {
			errs = append(errs, fmt.Errorf("%s is missing", field.name))
		}
	}
	if r.AuditTopic != "" && !topicName.MatchString(r.AuditTopic) {
		errs = append(errs, errors.New("auditTopic is not projects/PROJECT/topics/TOPIC"))
	}
	errs = append(errs, r.Limits.validate(), r.validateQuotas())
	if r.Model.Exists() {
		if err := r.Model.Validate(); err != nil {
			errs = append(errs, fmt.Errorf("model: %w", err))
		}
	}
	for i, t := range r.Trust {
		if err := t.validate(Runner, Builder, Viewer, Auditor, Admin); err != nil {
			errs = append(errs, fmt.Errorf("trust[%d]: %w", i, err))
		}
	}
	if err := r.Retention.Validate(); err != nil {
		errs = append(errs, fmt.Errorf("retention: %w", err))
	}
	errs = append(errs, validateWitnesses(r.Witnesses), r.validateClients(), r.validateStorage())
	return errors.Join(errs...)
}

func (r Record) validateQuotas() error {
	var errs []error
	if err := r.Quotas.Validate(); err != nil {
		errs = append(errs, fmt.Errorf("quotas: %w", err))
	}
	if err := r.WorkspaceQuotas.ValidateWorkspace(); err != nil {
		errs = append(errs, fmt.Errorf("workspaceQuotas: %w", err))
	}
	return errors.Join(errs...)
}

// maxKeepModelRequests is the longest time that a request to a model can be stored.
const maxKeepModelRequests = 90 * 24 * time.Hour

func (l Limits) validate() error {
	var errs []error
	for _, limit := range []struct {
		name  string
		value int64
	}{
		{"uploadLifetime", int64(l.UploadLifetime)}, {"modelSendsPerHour", l.ModelSendsPerHour},
		{"modelTokensPerDay", l.ModelTokensPerDay}, {"keepModelRequests", int64(l.KeepModelRequests)},
	} {
		if limit.value < 0 {
			errs = append(errs, errors.New(limit.name+" is negative"))
		}
	}
	if l.KeepModelRequests > maxKeepModelRequests {
		errs = append(errs, errors.New("keepModelRequests is longer than 90 days"))
	}
	return errors.Join(errs...)
}

// ValidateStaff returns an error that joins everything wrong with the issuers of
// platform staff. Their rules can assign only the role Platform.
func ValidateStaff(trust []Trust) error {
	var errs []error
	for i, t := range trust {
		if err := t.validate(Platform); err != nil {
			errs = append(errs, fmt.Errorf("trust[%d]: %w", i, err))
		}
	}
	return errors.Join(errs...)
}

// validate accepts only rules that assign one of these roles.
func (t Trust) validate(roles ...Role) error {
	errs := []error{t.validateKeys(), t.validateClientIDs()}
	if t.Issuer == "" {
		errs = append(errs, errors.New("issuer is missing"))
	}
	for i, rule := range t.Rules {
		if err := rule.validate(roles); err != nil {
			errs = append(errs, fmt.Errorf("rules[%d]: %w", i, err))
		}
	}
	return errors.Join(errs...)
}

// validateKeys checks only the form. Package authn parses the keys.
func (t Trust) validateKeys() error {
	var errs []error
	if t.JWKS == "" && t.JWKSURL == "" {
		errs = append(errs, errors.New("neither jwks nor jwksUrl is set"))
	}
	if t.JWKS != "" && !isKeySet(t.JWKS) {
		errs = append(errs, errors.New("jwks is not a JSON Web Key Set with at least one key"))
	}
	if t.JWKSURL != "" && !isHTTPS(t.JWKSURL) {
		errs = append(errs, errors.New("jwksUrl is not an https URL with a host and without a user or fragment"))
	}
	return errors.Join(errs...)
}

// isKeySet reports whether text is an object with keys: RFC 7517, section 5.
func isKeySet(text string) bool {
	var set struct {
		Keys []map[string]json.RawMessage `json:"keys"`
	}
	return json.Unmarshal([]byte(text), &set) == nil && len(set.Keys) > 0
}

func isHTTPS(text string) bool {
	u, err := url.Parse(text)
	return err == nil && u.Scheme == "https" && u.Hostname() != "" && u.User == nil && u.Fragment == ""
}

func (r Rule) validate(roles []Role) error {
	var errs []error
	if len(r.Claims) == 0 {
		errs = append(errs, errors.New("it has no claims, so it matches nothing"))
	}
	if !slices.Contains(roles, r.Role) {
		errs = append(errs, fmt.Errorf("a rule here cannot assign the role %q", r.Role))
	}
	if r.Role == Runner && len(r.Workspaces) == 0 {
		errs = append(errs, errors.New("the role runner needs at least one workspace"))
	}
	if r.ShareRuns && r.Role != Runner {
		errs = append(errs, errors.New("only a rule with the role runner can share runs"))
	}
	if r.Pipeline && r.Role != Builder && r.Role != Admin {
		errs = append(errs, errors.New("only a rule with the role builder or admin can be of a pipeline"))
	}
	for _, w := range r.Workspaces {
		if _, err := ParseWorkspaceID(string(w)); err != nil {
			errs = append(errs, fmt.Errorf("workspace %q: %w", w, err))
		}
	}
	return errors.Join(errs...)
}
