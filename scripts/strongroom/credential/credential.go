// Package credential keeps the runner's token away from the tasks that it
// executes. A task runs as the same user, so it could read this process's first
// environment in /proc, or its memory.
package credential

import (
	"fmt"
	"io"
	"os"
	"strconv"
)

// Token is the environment variable that has the token.
const Token = "STRONGROOM_TOKEN"

// pipe is the environment variable that has the file descriptor from which the
// program reads its token after it has replaced itself.
const pipe = "STRONGROOM_TOKEN_PIPE"

// maxToken is less than what a pipe holds: man 7 pipe.
const maxToken = 32 << 10

// Hide removes the token from this process's environment and returns the
// environment with it, in memory only. Linux and macOS show the environment that a
// process started with as long as it lives. So Hide replaces the process by
// itself, once, without the token, which it passes through a pipe. On Linux, it also
// denies other processes of the user to read this one's memory.
//
// Hide returns an error if the token would stay readable.
func Hide() (env func(string) string, err error) {
	if err := denyInspection(); err != nil {
		return nil, fmt.Errorf("protect the token: %w", err)
	}
	if token := os.Getenv(Token); token != "" {
		return hide(token)
	}
	if os.Getenv(pipe) == "" {
		return os.Getenv, nil
	}
	token, err := receive(os.Getenv(pipe))
	if err != nil {
		return nil, fmt.Errorf("protect the token: %w", err)
	}
	if err := os.Unsetenv(pipe); err != nil {
		return nil, err
	}
	return environment(token), nil
}

// environment returns the environment with the token.
func environment(token string) func(string) string {
	return func(name string) string {
		if name == Token {
			return token
		}
		return os.Getenv(name)
	}
}

// receive reads the token from a file descriptor and closes it.
func receive(descriptor string) (string, error) {
	fd, err := strconv.ParseUint(descriptor, 10, 31)
	if err != nil || fd <= 2 {
		return "", fmt.Errorf("%s is for the program's own use: unset it", pipe)
	}
	file := os.NewFile(uintptr(fd), "token")
	defer file.Close()
	token, err := io.ReadAll(io.LimitReader(file, maxToken))
	if err != nil {
		return "", fmt.Errorf("%s is for the program's own use, unset it: %w", pipe, err)
	}
	return string(token), nil
}
