package credential

import (
	"fmt"
	"os"
)

// hide removes the token from the environment that tasks inherit. Windows cannot
// replace a process, and lets other processes of the user read its memory.
func hide(token string) (func(string) string, error) {
	if err := os.Unsetenv(Token); err != nil {
		return nil, fmt.Errorf("protect the token: %w", err)
	}
	return environment(token), nil
}
