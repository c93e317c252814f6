package main

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/strongroom-dev/strongroom/infra"
)

// stage writes to dir the files of the archive of a function that needs
// packages.
func (p *packer) stage(ctx context.Context, dir string, function infra.Function, packages []pkg) error {
	text, err := rootFile(p.module, function.Package, function.EntryPoint)
	if err != nil {
		return err
	}
	if err := put(dir, rootName, text); err != nil {
		return err
	}
	if err := p.copyOwn(dir, packages); err != nil {
		return err
	}
	if err := p.vendor(ctx, dir, packages); err != nil {
		return err
	}
	return p.reduce(dir, packages)
}

// copyOwn copies the files of the module's own packages.
func (p *packer) copyOwn(dir string, packages []pkg) error {
	for _, from := range packages {
		if !from.Module.Main {
			continue
		}
		for _, name := range from.files() {
			text, err := os.ReadFile(filepath.Join(from.Dir, name))
			if err != nil {
				return fmt.Errorf("read what go list names: %w", err)
			}
			if err := put(dir, path.Join(from.place(p.module), filepath.ToSlash(name)), text); err != nil {
				return err
			}
		}
	}
	return nil
}

// vendor makes go copy what the packages need from other modules. Go copies what
// a build on any system could need; prune removes what this build does not need.
func (p *packer) vendor(ctx context.Context, dir string, packages []pkg) error {
	for name, text := range map[string][]byte{"go.mod": p.mod, "go.sum": p.sum} {
		if err := put(dir, name, text); err != nil {
			return err
		}
	}
	if _, err := runGo(ctx, dir, goEnviron(), "mod", "vendor"); err != nil {
		return err
	}
	return prune(dir, placed(p.module, packages))
}

// prune removes everything below dir/vendor except the needed files, the
// licenses in their directories and above, and the list of modules.
func prune(dir string, needed map[string]bool) error {
	above := map[string]bool{}
	for name := range needed {
		for at := path.Dir(name); !above[at] && at != "."; at = path.Dir(at) {
			above[at] = true
		}
	}
	return filepath.WalkDir(filepath.Join(dir, "vendor"), func(at string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		relative, err := filepath.Rel(dir, at)
		if err != nil {
			return err
		}
		name := filepath.ToSlash(relative)
		if needed[name] || name == modulesTxt || above[path.Dir(name)] && legal(path.Base(name)) {
			return nil
		}
		return os.Remove(at)
	})
}

// legal reports whether go mod vendor treats a file as a license or the like.
func legal(name string) bool {
	for _, prefix := range []string{"AUTHORS", "CONTRIBUTORS", "COPYLEFT", "COPYING", "COPYRIGHT", "LEGAL", "LICENSE", "NOTICE", "PATENTS"} {
		if strings.HasPrefix(name, prefix) && !strings.HasSuffix(name, ".go") {
			return true
		}
	}
	return false
}

const modulesTxt = "vendor/modules.txt"

// reduce leaves in the module files only what is in the archive.
func (p *packer) reduce(dir string, packages []pkg) error {
	direct := imported(packages)
	direct[registration], direct[framework] = true, true
	mod, err := reduceGoMod(p.mod, packages, direct)
	if err != nil {
		return err
	}
	vendored, err := os.ReadFile(filepath.Join(dir, modulesTxt))
	if err != nil {
		return fmt.Errorf("read what go mod vendor wrote: %w", err)
	}
	for name, text := range map[string][]byte{
		"go.mod": mod, "go.sum": reduceGoSum(p.sum, versions(packages)), modulesTxt: reduceModulesTxt(vendored, packages),
	} {
		if err := put(dir, name, text); err != nil {
			return err
		}
	}
	return nil
}

// put writes a file below dir, named with slashes.
func put(dir, name string, text []byte) error {
	at := filepath.Join(dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	if err := os.WriteFile(at, text, 0o644); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	return nil
}
