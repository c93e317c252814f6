package custody

import "github.com/strongroom-dev/strongroom/shared/function"

func init() { function.Event("Custody", New) }
