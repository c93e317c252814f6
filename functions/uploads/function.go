package uploads

import (
	"github.com/strongroom-dev/strongroom/shared/access"
	"github.com/strongroom-dev/strongroom/shared/function"
)

// Config is the settings of this function.
type Config struct {
	Access access.Config

	// LocalKeys is a directory with an ACCOUNT.pem (PKCS #8) for each signing
	// account whose URLs are signed without a call to Google. If it is empty,
	// there are no local keys.
	LocalKeys string `env:"STRONGROOM_SIGNING_KEYS"`
}

func init() { function.HTTP("Uploads", New) }
