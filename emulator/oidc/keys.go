package oidc

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/strongroom-dev/strongroom/emulator/iam/rsakey"
)

// generations are the key that signs and the key before it. The number of a key
// is part of its file name.
type generations struct {
	dir      string
	number   int // number of current
	current  *rsakey.Key
	previous *rsakey.Key // nil before the first rotation
}

// openGenerations finds the newest keys in dir.
func openGenerations(dir string) (generations, error) {
	g := generations{dir: dir, number: 1}
	if dir == "" {
		g.current = g.key(1)
		return g, nil
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return g, fmt.Errorf("oidc: create the key directory: %w", err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return g, fmt.Errorf("oidc: list keys: %w", err)
	}
	for _, entry := range entries {
		var number int
		if _, err := fmt.Sscanf(entry.Name(), "key-%d.pem", &number); err == nil && entry.Name() == fileName(number) {
			g.number = max(g.number, number)
		}
	}
	g.current = g.key(g.number)
	if g.number > 1 {
		g.previous = g.key(g.number - 1)
	}
	return g, nil
}

// next creates and stores a new current key. It removes the key before the
// previous one.
func (g generations) next() (generations, error) {
	next := generations{dir: g.dir, number: g.number + 1, previous: g.current}
	next.current = next.key(next.number)
	if _, err := next.current.Private(); err != nil {
		return g, err
	}
	if g.dir == "" || g.previous == nil {
		return next, nil
	}
	err := os.Remove(filepath.Join(g.dir, fileName(g.number-1)))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return g, err
	}
	return next, nil
}

func (g generations) key(number int) *rsakey.Key {
	if g.dir == "" {
		return rsakey.New("")
	}
	return rsakey.New(filepath.Join(g.dir, fileName(number)))
}

func fileName(number int) string { return fmt.Sprintf("key-%d.pem", number) }
