package exportscheduler

import "github.com/strongroom-dev/strongroom/shared/function"

func init() { function.HTTP("ExportScheduler", New) }
