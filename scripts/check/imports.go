package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// graph maps each package to what it imports, without the standard library.
// Packages of this module are named as go names them from its root ("./shared/tenant").
type graph map[string][]string

func checkImports(ctx context.Context, t *tree) (string, error) {
	g, err := loadGraph(ctx, t)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%d rules, %d groups", len(rules), len(groups)), found(slices.Concat(g.misplaced(groups), g.violations(rules)))
}

// loadGraph asks the go command. Code that does not compile still has imports
// (-e); other checks report that it does not compile.
func loadGraph(ctx context.Context, t *tree) (graph, error) {
	listing, err := output(ctx, t.root, "go", "list", "-e", "-deps", "-json=ImportPath,Imports,Standard", "./...")
	if err != nil {
		return nil, err
	}
	return parseGraph(strings.NewReader(listing), t.module+"/")
}

// parseGraph reads the JSON of go list: one object after another.
func parseGraph(listing io.Reader, prefix string) (graph, error) {
	g, standard := graph{}, map[string]bool{}
	for decoder := json.NewDecoder(listing); ; {
		var p struct {
			ImportPath string
			Imports    []string
			Standard   bool
		}
		err := decoder.Decode(&p)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("parse the output of go list: %w", err)
		}
		standard[p.ImportPath] = p.Standard
		g[p.ImportPath] = p.Imports
	}
	return g.named(prefix, standard), nil
}

// named drops the standard library, and prefix from the module's own packages.
func (g graph) named(prefix string, standard map[string]bool) graph {
	short := graph{}
	for path, imports := range g {
		if standard[path] {
			continue
		}
		kept := slices.DeleteFunc(slices.Clone(imports), func(i string) bool { return standard[i] || i == "C" })
		for i := range kept {
			kept[i] = own(kept[i], prefix)
		}
		short[own(path, prefix)] = kept
	}
	return short
}

// own marks a package of this module by a leading dot and slash, as go does.
func own(path, prefix string) string {
	if rest, ok := strings.CutPrefix(path, prefix); ok {
		return "./" + rest
	}
	return path
}

// violations lists every import that breaks a rule, and every rule that applies
// to no package: it could not fail.
func (g graph) violations(rules []rule) []string {
	var wrong []string
	for _, r := range rules {
		for _, pattern := range r.from {
			packages := g.matching(pattern)
			if len(packages) == 0 {
				wrong = append(wrong, fmt.Sprintf("a rule is about %s, which does not exist", pattern))
			}
			for _, p := range packages {
				wrong = append(wrong, g.breaks(r, p)...)
			}
		}
	}
	return wrong
}

func (g graph) matching(pattern string) []string {
	paths := slices.Sorted(maps.Keys(g))
	return slices.DeleteFunc(paths, func(p string) bool { return !matches(p, pattern) })
}

// breaks walks from one package, breadth first, and lists each path to an
// import that r forbids.
func (g graph) breaks(r rule, start string) []string {
	var wrong []string
	seen := map[string]bool{start: true}
	for ways := [][]string{{start}}; len(ways) > 0; ways = ways[1:] {
		way := ways[0]
		for _, next := range g[way[len(way)-1]] {
			if seen[next] {
				continue
			}
			seen[next] = true
			longer := append(slices.Clone(way), next)
			if !r.allows(start, next) {
				wrong = append(wrong, fmt.Sprintf("%s: %s", strings.Join(longer, " -> "), r.why))
			} else if r.reach {
				ways = append(ways, longer)
			}
		}
	}
	return wrong
}

func (r rule) allows(from, to string) bool {
	match := func(pattern string) bool { return matches(to, pattern) }
	switch {
	case part(from) == part(to):
		return true
	case slices.ContainsFunc(r.never, match):
		return false
	default:
		return r.only == nil || slices.ContainsFunc(r.only, match)
	}
}

// part returns the piece of the tree that a package belongs to, such as
// functions/uploads.
func part(path string) string {
	elements := strings.SplitN(path, "/", 4)
	return strings.Join(elements[:min(3, len(elements))], "/")
}

// matches reports whether pattern names path.
func matches(path, pattern string) bool {
	inside, isOwn := strings.CutPrefix(path, "./")
	if pattern == outside {
		return !isOwn
	}
	if tree, ok := strings.CutSuffix(pattern, "/..."); ok {
		return inside == tree || strings.HasPrefix(inside, tree+"/")
	}
	return inside == pattern
}
