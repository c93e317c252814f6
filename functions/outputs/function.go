package outputs

import "github.com/strongroom-dev/strongroom/shared/function"

func init() { function.HTTP("Outputs", New) }
