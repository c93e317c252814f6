package main

import (
	"context"
	"fmt"
	"go/version"
	"maps"
	"os"
	"path/filepath"
	"strings"

	"github.com/strongroom-dev/strongroom/infra"
)

// packer packs functions of one module. It is safe for concurrent use.
type packer struct {
	dir    string // the module's directory
	module string // its path
	suite  infra.Suite

	release string // of Go, which chooses the files and compresses them: go1.26.8
	goroot  string // its directory

	mod, sum []byte // go.mod and go.sum
}

func newPacker(ctx context.Context) (*packer, error) {
	suite, err := infra.Load()
	if err != nil {
		return nil, err
	}
	text, err := runGo(ctx, "", goEnviron(), "list", "-m", "-f", "{{.Path}}\n{{.Dir}}")
	if err != nil {
		return nil, fmt.Errorf("find the module: %w", err)
	}
	module, dir, _ := strings.Cut(strings.TrimSpace(string(text)), "\n")
	text, err = runGo(ctx, dir, goEnviron(), "env", "GOVERSION", "GOROOT")
	if err != nil {
		return nil, err
	}
	release, goroot, _ := strings.Cut(strings.TrimSpace(string(text)), "\n")
	p := &packer{dir: dir, module: module, suite: suite, release: release, goroot: goroot}
	if p.mod, err = os.ReadFile(filepath.Join(dir, "go.mod")); err != nil {
		return nil, fmt.Errorf("read go.mod: %w", err)
	}
	if p.sum, err = os.ReadFile(filepath.Join(dir, "go.sum")); err != nil {
		return nil, fmt.Errorf("read go.sum: %w", err)
	}
	return p, nil
}

// manifest is one of no functions yet.
func (p *packer) manifest() Manifest {
	return Manifest{
		Module: p.module, GoVersion: p.release, Runtime: strings.ReplaceAll(version.Lang(p.release), ".", ""),
		BuildEnvironment: maps.Clone(buildEnvironment), Functions: map[string]Archive{},
	}
}

// pack returns the manifest entry and the archive of one function.
func (p *packer) pack(ctx context.Context, name string) (Archive, []byte, error) {
	function := p.suite.Functions[name]
	packages, err := list(ctx, p.dir, goEnviron(), "./"+function.Package, "./"+guard, registration, framework)
	if err != nil {
		return Archive{}, nil, err
	}
	dir, err := os.MkdirTemp("", "strongroom-package-")
	if err != nil {
		return Archive{}, nil, fmt.Errorf("make a directory to work in: %w", err)
	}
	defer os.RemoveAll(dir)
	if err := p.stage(ctx, dir, function, packages); err != nil {
		return Archive{}, nil, err
	}
	z, err := archive(dir)
	if err != nil {
		return Archive{}, nil, err
	}
	sum := digest(z.content)
	return Archive{
		EntryPoint: function.EntryPoint, Zip: name + "-" + sum + ".zip", SHA256: sum,
		Bytes: len(z.content), UnpackedBytes: z.unpacked, Files: z.files, Modules: versions(packages),
	}, z.content, nil
}
