//go:build unix

package credential

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// hide removes the token from what the kernel shows of this process. It returns only
// if that fails.
func hide(token string) (func(string) string, error) { return nil, replace(token) }

// replace executes this program again, without the token in its environment. It
// returns only if that fails.
func replace(token string) error {
	if len(token) > maxToken {
		return fmt.Errorf("%s has %d bytes; a token has at most %d", Token, len(token), maxToken)
	}
	program, err := os.Executable()
	if err != nil {
		return fmt.Errorf("protect the token: %w", err)
	}
	out, in, err := os.Pipe()
	if err != nil {
		return fmt.Errorf("protect the token: %w", err)
	}
	defer out.Close()
	defer in.Close()
	if _, err := io.WriteString(in, token); err != nil {
		return fmt.Errorf("protect the token: %w", err)
	}
	fd, err := syscall.Dup(int(out.Fd())) // the copy stays open in the program that replaces this one
	if err != nil {
		return fmt.Errorf("protect the token: %w", err)
	}
	env := slices.DeleteFunc(os.Environ(), func(variable string) bool { return strings.HasPrefix(variable, Token+"=") })
	env = append(env, pipe+"="+strconv.Itoa(fd))
	if err := syscall.Exec(program, os.Args, env); err != nil {
		return fmt.Errorf("protect the token: execute %s again: %w", program, err)
	}
	return nil
}
