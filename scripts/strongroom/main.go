// Command strongroom is the runner's and the auditor's command line: it executes tasks
// and puts their output into the tenant's bucket through write-only URLs, reports what
// they found and measured, and prints what is stored.
package main

import (
	"context"
	"os"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/command"
)

func main() {
	os.Exit(command.Program(context.Background()))
}
