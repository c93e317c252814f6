package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// copyLicenses copies the project's license, and those of Go and of the modules whose code
// is in a program, to dir. A module may have other licenses in directories of its packages.
func (p *packer) copyLicenses(dir string, packages []pkg) error {
	if err := copyFile(dir, "LICENSE", filepath.Join(p.dir, "LICENSE")); err != nil {
		return err
	}
	if err := copyFile(dir, "licenses/go/LICENSE", filepath.Join(p.goroot, "LICENSE")); err != nil && !errors.Is(err, fs.ErrNotExist) { // Linux distributions have it elsewhere
		return err
	}
	seen := map[string]bool{}
	for _, from := range packages {
		if from.Module.Main {
			continue
		}
		for at := from.Dir; !seen[at]; at = filepath.Dir(at) {
			seen[at] = true
			if err := copyLicensesOf(dir, from, at); err != nil {
				return err
			}
			if at == from.Module.Dir {
				break
			}
		}
	}
	return nil
}

// copyLicensesOf copies the licenses in one directory of a module.
func copyLicensesOf(dir string, from pkg, at string) error {
	entries, err := os.ReadDir(at)
	if err != nil {
		return fmt.Errorf("find licenses: %w", err)
	}
	below := filepath.ToSlash(strings.TrimPrefix(at, from.Module.Dir))
	for _, entry := range entries {
		if entry.IsDir() || !legal(entry.Name()) {
			continue
		}
		if err := copyFile(dir, path.Join("licenses", from.Module.Path, below, entry.Name()), filepath.Join(at, entry.Name())); err != nil {
			return err
		}
	}
	return nil
}

// copyFile copies a file to a name below dir.
func copyFile(dir, name, from string) error {
	text, err := os.ReadFile(from)
	if err != nil {
		return fmt.Errorf("copy %s: %w", name, err)
	}
	return put(dir, name, text)
}
