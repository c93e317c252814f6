package main

import (
	"context"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path"
	"slices"
	"strings"
)

// Limits in lines. A test may have a long file, but not a long function.
const (
	maxFunctionLines = 80
	maxFileLines     = 400
)

// vague names do not say what a package is for.
var vague = []string{"util", "utils", "common", "helper", "helpers", "manager", "managers", "misc"}

// topLevel is what the root may hold, apart from dotfiles.
var topLevel = []string{
	"functions", "shared", "infra", "scripts", "emulator", "go.mod", "go.sum", "README.md", "LICENSE",
}

// shape is what was measured of the Go files.
type shape struct {
	lengths []int    // of functions outside of tests, in lines
	wrong   []string // what is over a limit or badly named
}

// parsedFile is one Go file that was not generated.
type parsedFile struct {
	name   string
	syntax *ast.File
}

func checkShape(_ context.Context, t *tree) (string, error) {
	var s shape
	for _, name := range t.files {
		s.place(name)
	}
	fset := token.NewFileSet()
	files, err := parseGo(fset, t)
	if err != nil {
		return "", err
	}
	known := &literals{module: t.module + "/", packages: map[string]typeTable{}}
	for _, f := range files {
		known.declare(f.name, f.syntax)
	}
	for _, f := range files {
		s.measure(fset, f.name, f.syntax)
		for _, l := range known.find(fset, f.name, f.syntax) {
			s.addf("%s", l)
		}
	}
	return s.String(), found(s.wrong)
}

func parseGo(fset *token.FileSet, t *tree) ([]parsedFile, error) {
	var all []parsedFile
	err := t.eachGo(func(name string, text []byte) error {
		file, err := parser.ParseFile(fset, name, text, parser.ParseComments|parser.SkipObjectResolution)
		if err == nil && !ast.IsGenerated(file) {
			all = append(all, parsedFile{name, file})
		}
		return err
	})
	return all, err
}

// String states how long the functions are.
func (s *shape) String() string {
	n := len(s.lengths)
	if n == 0 {
		return "no functions"
	}
	slices.Sort(s.lengths)
	return fmt.Sprintf("%d functions, lines: median %d, 90%% within %d, longest %d",
		n, s.lengths[n/2], s.lengths[n*9/10], s.lengths[n-1])
}

func (s *shape) addf(format string, args ...any) {
	s.wrong = append(s.wrong, fmt.Sprintf(format, args...))
}

// place checks the directory that a file is in.
func (s *shape) place(name string) {
	first, _, _ := strings.Cut(name, "/")
	if !strings.HasPrefix(first, ".") && !slices.Contains(topLevel, first) {
		s.addf("%s: %s is not allowed at the top level", name, first)
	}
	if !strings.HasSuffix(name, ".go") {
		return
	}
	for dir := range strings.SplitSeq(path.Dir(name), "/") {
		if slices.Contains(vague, dir) {
			s.addf("%s: the name %s does not say what is in it", name, dir)
		}
	}
}

// measure checks the size of a Go file and of its functions.
func (s *shape) measure(fset *token.FileSet, name string, file *ast.File) {
	isTest := strings.HasSuffix(name, "_test.go")
	if lines := fset.File(file.Pos()).LineCount(); lines > maxFileLines && !isTest {
		s.addf("%s: %d lines, over %d", name, lines, maxFileLines)
	}
	if own := file.Name.Name; slices.Contains(vague, own) {
		s.addf("%s: the package name %s does not say what is in it", name, own)
	}
	for _, decl := range file.Decls {
		s.function(fset, decl, isTest)
	}
}

func (s *shape) function(fset *token.FileSet, decl ast.Decl, isTest bool) {
	f, ok := decl.(*ast.FuncDecl)
	if !ok {
		return
	}
	at := fset.Position(f.Pos())
	lines := fset.Position(f.End()).Line - at.Line + 1
	if lines > maxFunctionLines {
		s.addf("%s:%d: %s has %d lines, over %d", at.Filename, at.Line, f.Name.Name, lines, maxFunctionLines)
	}
	if !isTest {
		s.lengths = append(s.lengths, lines)
	}
}
