package command

import (
	"fmt"
	"sync"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
)

// trace returns a function that prints a line for each request, or nil without --debug.
// A line has nothing confidential: no token, no query, no body, and of a signed URL only the
// host.
func (s *settings) trace() func(api.Exchange) {
	if !s.debug && (s.env(envDebug) == "" || s.env(envDebug) == "0") {
		return nil
	}
	var mu sync.Mutex
	return func(e api.Exchange) {
		mu.Lock()
		defer mu.Unlock()
		fmt.Fprintf(s.stderr, "debug: %s\n", e) // an error means that nobody reads it
	}
}
