package legalholds

import "github.com/strongroom-dev/strongroom/shared/function"

func init() { function.HTTP("LegalHolds", New) }
