package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"path/filepath"
	"runtime"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"
)

// released are the programs that people get as binaries.
var released = []string{"./scripts/strongroom", "./emulator"}

// platforms are the systems that this check adds to the one that it runs on. The
// architecture decides nothing in this tree.
var platforms = []platform{{"windows", "amd64"}, {"darwin", "arm64"}}

type platform struct{ system, architecture string }

func (p platform) String() string { return p.system + "/" + p.architecture }

// checkPlatforms checks the types of the released programs on other platforms. Compiling
// them would take minutes, so it reads only the declarations of other modules.
func checkPlatforms(ctx context.Context, t *tree) (string, error) {
	files := &sourceFiles{set: token.NewFileSet(), parsed: map[string]*ast.File{}}
	var wrong []string
	for _, p := range platforms {
		packages, err := listFor(ctx, t.root, p, released)
		if err != nil {
			return "", err
		}
		if err := files.parse(packages); err != nil {
			return "", err
		}
		for _, fault := range checkTypes(files, packages, p) {
			wrong = append(wrong, fmt.Sprintf("%s: %s", p, strings.TrimPrefix(fault, t.root+string(filepath.Separator))))
		}
	}
	return fmt.Sprint(platforms), found(wrong)
}

// listedPackage is a package as go list describes it.
type listedPackage struct {
	ImportPath string
	Dir        string
	GoFiles    []string
	ImportMap  map[string]string // what an import in the source means, if it is not its path
	Module     *struct{ Main bool }
}

func (p listedPackage) isOwn() bool { return p.Module != nil && p.Module.Main }

// listFor lists the packages that programs consist of on a platform, each after those
// that it imports.
func listFor(ctx context.Context, root string, p platform, programs []string) (all []listedPackage, err error) {
	env := []string{"GOOS=" + p.system, "GOARCH=" + p.architecture, "CGO_ENABLED=0"}
	args := append([]string{"list", "-deps", "-json=ImportPath,Dir,GoFiles,ImportMap,Module"}, programs...)
	listing, err := outputWith(ctx, env, root, "go", args...)
	if err != nil {
		return nil, err
	}
	for decoder := json.NewDecoder(strings.NewReader(listing)); ; {
		var p listedPackage
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			return all, nil
		} else if err != nil {
			return nil, fmt.Errorf("parse the output of go list: %w", err)
		}
		all = append(all, p)
	}
}

// sourceFiles are parsed files, by their paths.
type sourceFiles struct {
	set    *token.FileSet
	mu     sync.Mutex
	parsed map[string]*ast.File
}

// parse parses the files of packages that are not parsed yet.
func (s *sourceFiles) parse(packages []listedPackage) error {
	missing := map[string]bool{} // whether the file is the module's own
	for _, p := range packages {
		for _, name := range p.GoFiles {
			if path := filepath.Join(p.Dir, name); s.parsed[path] == nil {
				missing[path] = p.isOwn()
			}
		}
	}
	var group errgroup.Group
	group.SetLimit(runtime.GOMAXPROCS(0))
	for path, isOwn := range missing {
		group.Go(func() error { return s.parseFile(path, isOwn) })
	}
	return group.Wait()
}

func (s *sourceFiles) parseFile(path string, isOwn bool) error {
	file, err := parser.ParseFile(s.set, path, nil, parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	if !isOwn {
		removeBodies(file)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.parsed[path] = file
	return nil
}

// removeBodies removes the bodies of functions, so that their memory is freed.
func removeBodies(file *ast.File) {
	for _, d := range file.Decls {
		if f, ok := d.(*ast.FuncDecl); ok {
			f.Body = nil
		}
	}
}

// checkTypes returns the errors in the module's own packages.
func checkTypes(files *sourceFiles, packages []listedPackage, p platform) (wrong []string) {
	known := map[string]*types.Package{"unsafe": types.Unsafe}
	for _, listed := range packages {
		if listed.ImportPath == "unsafe" {
			continue
		}
		config := types.Config{
			Importer: importer{known, listed.ImportMap}, Sizes: types.SizesFor("gc", p.architecture), IgnoreFuncBodies: !listed.isOwn(),
			Error: func(err error) {
				if listed.isOwn() {
					wrong = append(wrong, err.Error())
				}
			},
		}
		var parsed []*ast.File
		for _, name := range listed.GoFiles {
			parsed = append(parsed, files.parsed[filepath.Join(listed.Dir, name)])
		}
		known[listed.ImportPath], _ = config.Check(listed.ImportPath, files.set, parsed, nil) // Error has the errors
	}
	return wrong
}

// importer finds the packages that were checked before.
type importer struct {
	known   map[string]*types.Package
	aliases map[string]string
}

// Import implements types.Importer.
func (i importer) Import(path string) (*types.Package, error) {
	if actual, ok := i.aliases[path]; ok {
		path = actual
	}
	if p := i.known[path]; p != nil {
		return p, nil
	}
	return nil, fmt.Errorf("the package %s is not listed before its importer", path)
}
