package halves

import (
	"context"
	"fmt"
	"time"

	kms "cloud.google.com/go/kms/apiv1"

	"github.com/strongroom-dev/strongroom/shared/consent"
	"github.com/strongroom-dev/strongroom/shared/gcp"
	"github.com/strongroom-dev/strongroom/shared/noteverify"
	"github.com/strongroom-dev/strongroom/shared/prompt"
	"github.com/strongroom-dev/strongroom/shared/signednote"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// Config names the key of consents and the platform's own model.
type Config struct {
	KeyName string `env:"STRONGROOM_CONSENT_KEY,required,notEmpty"` // projects/…/cryptoKeys/…

	// The platform's endpoint, the destination shared. Without a project, none exists.
	ProjectID          string `env:"STRONGROOM_MODEL_PROJECT"`
	Location           string `env:"STRONGROOM_MODEL_LOCATION"`
	Model              string `env:"STRONGROOM_MODEL"`
	AbuseLoggingExempt bool   `env:"STRONGROOM_MODEL_ABUSE_LOGGING_EXEMPT"`
	CacheDisabled      bool   `env:"STRONGROOM_MODEL_CACHE_DISABLED"`
}

// Validate returns an error that joins everything wrong with the platform's endpoint.
func (c Config) Validate() error {
	if c.shared().Exists() {
		if err := c.shared().Validate(); err != nil {
			return fmt.Errorf("the platform's model (STRONGROOM_MODEL…): %w", err)
		}
	}
	return nil
}

func (c Config) shared() tenant.ModelEndpoint {
	return tenant.ModelEndpoint{
		ProjectID: c.ProjectID, Location: c.Location, Model: c.Model, AbuseLoggingExempt: c.AbuseLoggingExempt, CacheDisabled: c.CacheDisabled,
	}
}

// Endpoint returns the endpoint of a destination for a tenant. The zero endpoint means
// that none exists. The zero record is the platform itself.
func (c Config) Endpoint(record tenant.Record, d consent.Destination) tenant.ModelEndpoint {
	switch d {
	case consent.SingleTenant:
		return record.Model
	case consent.Shared:
		return c.shared()
	}
	return tenant.ModelEndpoint{}
}

// Text returns what is agreed to for a scope of a tenant now.
func (c Config) Text(record tenant.Record, s consent.Scope) consent.Text {
	spec, _ := s.Feature.Spec()
	return prompt.Agreement(spec, s.Destination, c.Endpoint(record, s.Destination))
}

// noteName is the name under which halves are signed.
const noteName = "strongroom.dev/consents"

// Verifier verifies halves. It is safe for concurrent use.
type Verifier struct {
	keyName string
	kms     *kms.KeyManagementClient
	now     func() time.Time
	cache   signednote.Cache
}

// NewVerifier returns the verifier of config's key. It does not call KMS yet.
func NewVerifier(ctx context.Context, config Config, clients *gcp.Clients, now func() time.Time) (*Verifier, error) {
	client, err := clients.KMS(ctx)
	if err != nil {
		return nil, err
	}
	return &Verifier{keyName: config.KeyName, kms: client, now: now}, nil
}

// Keys returns the enabled versions of the consent key. They are at most 10 minutes old,
// so a version that is disabled has no effect after that time. Without any, Keys fails.
func (v *Verifier) Keys(ctx context.Context) ([]noteverify.Key, error) {
	versions, err := v.cache.Keys(ctx, v.kms, v.keyName, v.now())
	if err != nil {
		return nil, err
	}
	keys := make([]noteverify.Key, len(versions))
	for i, version := range versions {
		text, err := version.VerifierKey(noteName)
		if err != nil {
			return nil, err
		}
		if keys[i], err = noteverify.ParseKey(text); err != nil {
			return nil, fmt.Errorf("read the consent key: %w", err)
		}
	}
	return keys, nil
}

// sign signs a half with the newest version of the consent key.
func (v *Verifier) sign(ctx context.Context, h consent.Half) ([]byte, error) {
	versions, err := v.cache.Keys(ctx, v.kms, v.keyName, v.now())
	if err != nil {
		return nil, err
	}
	statement, err := h.Statement()
	if err != nil {
		return nil, err
	}
	return versions[len(versions)-1].Sign(ctx, v.kms, noteName, statement)
}

// open returns the half of a note that one of the keys has signed.
func open(note []byte, keys []noteverify.Key) (consent.Half, bool) {
	opened, err := noteverify.Open(note, keys)
	if err != nil {
		return consent.Half{}, false
	}
	if _, signed := opened.By(keys...); !signed {
		return consent.Half{}, false
	}
	half, err := consent.ParseStatement(opened.Text)
	return half, err == nil
}
