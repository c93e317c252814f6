package tenant

import (
	"cmp"
	"errors"
	"fmt"
	"time"
)

// Settings are what the API has changed about a tenant. They are in a document of their own,
// because Terraform owns the record and overwrites all of it with each apply. The zero value
// changes nothing.
type Settings struct {
	State   State     `firestore:"state" class:"operational"`   // Suspended, Offboarding or, if it is empty, the state that Terraform sets
	Entry   string    `firestore:"entry" class:"operational"`   // audit entry of the last change
	Changed time.Time `firestore:"changed" class:"operational"` // time of the last change

	Leaving *Leaving `firestore:"leaving"` // nil: nobody has asked for an offboarding

	Rules []AddedRule `firestore:"rules"` // in the order in which they were added, at most MaxAddedRules
}

// Leaving is the offboarding of a tenant: an admin asks for it, and the platform's staff starts
// it.
type Leaving struct {
	ID        string    `firestore:"id" class:"operational"`        // audit entry of the request
	By        string    `firestore:"by" class:"operational"`        // auditlog.ActorKey of the admin
	Requested time.Time `firestore:"requested" class:"operational"` // time of the request
	Start     string    `firestore:"start" class:"operational"`     // audit entry of the start; empty: not started
	Started   time.Time `firestore:"started" class:"operational"`   // time of the start
}

// Validate returns an error if the API cannot have written the settings.
func (s Settings) Validate() error {
	if s.State != "" && s.State != Suspended && s.State != Offboarding {
		return fmt.Errorf("the state of the settings is %q, which is neither suspended nor offboarding", s.State)
	}
	if s.State == Offboarding && (s.Leaving == nil || s.Leaving.Start == "") {
		return errors.New("the state of the settings is offboarding, and nobody has started it")
	}
	for i, rule := range s.Rules {
		if err := rule.Validate(); err != nil {
			return fmt.Errorf("rules[%d] of the settings: %w", i, err)
		}
	}
	return nil
}

// With returns the record as it is in effect with the settings. A tenant that Terraform
// suspends is suspended, whatever the API says: whoever may apply can always stop a tenant. The
// rules of the API apply after those of Terraform.
func (r Record) With(s Settings) Record {
	if r.State == Active {
		r.State = cmp.Or(s.State, Active)
	}
	r.Trust = withAdded(r.Trust, s.Rules)
	return r
}
