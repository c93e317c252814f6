package offboarding

import "github.com/strongroom-dev/strongroom/shared/function"

func init() { function.HTTP("Offboarding", New) }
