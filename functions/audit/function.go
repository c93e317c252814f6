package audit

import (
	"github.com/strongroom-dev/strongroom/shared/access"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/function"
)

// Config is the settings of this function.
type Config struct {
	access.Config
	auditlog.Site

	// ManifestKeyName is the key that signs the manifests of exports: projects/…/cryptoKeys/….
	// The function only publishes its verifier keys.
	ManifestKeyName string `env:"STRONGROOM_MANIFEST_KEY,required,notEmpty"`

	// CertificateKeyName is the key that signs the certificates of offboardings:
	// projects/…/cryptoKeys/…. The function only publishes its verifier keys.
	CertificateKeyName string `env:"STRONGROOM_CERTIFICATE_KEY,required,notEmpty"`
}

func init() { function.HTTP("Audit", New) }
