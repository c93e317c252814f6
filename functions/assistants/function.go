package assistants

import "github.com/strongroom-dev/strongroom/shared/function"

func init() { function.HTTP("Assistants", New) }
