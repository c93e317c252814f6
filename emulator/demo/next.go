package demo

import (
	"fmt"

	"github.com/strongroom-dev/strongroom/emulator/suite"
)

// Next returns commands to try on a cloud that keeps running.
func Next(c *suite.Cloud) string {
	return fmt.Sprintf(`
The console is at %[2]s. Sign in as acme, and choose viewer, auditor or admin; the staff sign in as platform.
Its page Configuration has what step 8 pushed, with its review.

The cloud keeps running at %[1]s until you press Ctrl-C. Try these commands in another terminal:

  export STRONGROOM_URL=%[1]s STRONGROOM_WORKSPACE=prod
  STRONGROOM_TOKEN=$(go run ./scripts/strongroom token --tenant acme --as runner) go run ./scripts/strongroom run --task hello -- go version
  STRONGROOM_TOKEN=$(go run ./scripts/strongroom token --tenant acme --as viewer) go run ./scripts/strongroom outputs ls RUN
  curl -s -H "Authorization: Bearer $(go run ./scripts/strongroom token --tenant acme --as viewer)" %[1]s/v1/workspaces/prod/runs/RUN/outputs/stdout.log

Replace RUN with the ID that the first command prints.
`, c.URL, c.ConsoleURL())
}
