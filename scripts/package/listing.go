package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// pkg is a package as go list describes it.
type pkg struct {
	ImportPath string
	Dir        string
	Standard   bool
	Imports    []string
	Module     *struct {
		Path, Version, Dir string
		Main               bool
	}

	GoFiles, CgoFiles, CFiles, CXXFiles, MFiles, HFiles, FFiles, SFiles, SwigFiles, SwigCXXFiles, SysoFiles, EmbedFiles []string
}

const listed = "ImportPath,Dir,Standard,Imports,Module,GoFiles,CgoFiles,CFiles,CXXFiles,MFiles,HFiles,FFiles,SFiles,SwigFiles,SwigCXXFiles,SysoFiles,EmbedFiles"

// list returns the packages that patterns name and depend on, without the
// standard library: those whose files must be in the archive.
func list(ctx context.Context, root string, environ []string, patterns ...string) ([]pkg, error) {
	text, err := runGo(ctx, root, environ, append([]string{"list", "-deps", "-json=" + listed, "--"}, patterns...)...)
	if err != nil {
		return nil, err
	}
	return parseListing(bytes.NewReader(text))
}

// parseListing reads one JSON object after another.
func parseListing(listing io.Reader) ([]pkg, error) {
	var all []pkg
	for decoder := json.NewDecoder(listing); ; {
		var p pkg
		err := decoder.Decode(&p)
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return nil, fmt.Errorf("parse the output of go list: %w", err)
		}
		if p.Standard {
			continue
		}
		if p.Module == nil {
			return nil, fmt.Errorf("package %s has no module", p.ImportPath)
		}
		all = append(all, p)
	}
}

// files are the names of all files that a build of p reads, below p.Dir.
func (p pkg) files() []string {
	return slices.Concat(p.GoFiles, p.CgoFiles, p.CFiles, p.CXXFiles, p.MFiles, p.HFiles, p.FFiles,
		p.SFiles, p.SwigFiles, p.SwigCXXFiles, p.SysoFiles, p.EmbedFiles)
}

// place is the directory of p in the archive of a module.
func (p pkg) place(module string) string {
	if p.Module.Main {
		return strings.TrimPrefix(strings.TrimPrefix(p.ImportPath, module), "/")
	}
	return path.Join("vendor", p.ImportPath)
}

// placed are the names in the archive of all files that packages need.
func placed(module string, packages []pkg) map[string]bool {
	names := map[string]bool{}
	for _, p := range packages {
		for _, name := range p.files() {
			names[path.Join(p.place(module), filepath.ToSlash(name))] = true
		}
	}
	return names
}

// versions are those of the modules that packages are from, by path.
func versions(packages []pkg) map[string]string {
	found := map[string]string{}
	for _, p := range packages {
		if !p.Module.Main {
			found[p.Module.Path] = p.Module.Version
		}
	}
	return found
}
