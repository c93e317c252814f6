package exports

import (
	"github.com/strongroom-dev/strongroom/shared/access"
	"github.com/strongroom-dev/strongroom/shared/function"
)

// Config is the settings of this function.
type Config struct {
	Access access.Config

	// ReaderAccount is the email of the account that signs the URLs of files. It can
	// read objects of exports buckets and nothing else.
	ReaderAccount string `env:"STRONGROOM_EXPORT_READER,required,notEmpty"`
}

func init() { function.HTTP("Exports", New) }
