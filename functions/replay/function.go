package replay

import "github.com/strongroom-dev/strongroom/shared/function"

func init() { function.HTTP("Replay", New) }
