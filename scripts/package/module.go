package main

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/mod/modfile"
)

// reduceGoMod returns go.mod with the modules of packages only, at the versions
// that they have, so that an archive changes with what is in it and nothing
// else. Direct are the packages that ours import.
func reduceGoMod(text []byte, packages []pkg, direct map[string]bool) ([]byte, error) {
	file, err := modfile.Parse("go.mod", text, nil)
	if err != nil {
		return nil, fmt.Errorf("read go.mod: %w", err)
	}
	if len(file.Replace)+len(file.Exclude)+len(file.Tool) > 0 {
		return nil, errors.New("go.mod has replace, exclude or tool lines: what is deployed is made of released modules only")
	}
	indirect := map[string]bool{}
	for _, p := range packages {
		was, known := indirect[p.Module.Path]
		indirect[p.Module.Path] = !direct[p.ImportPath] && (was || !known)
	}
	var kept []*modfile.Require
	for _, r := range file.Require {
		if is, used := indirect[r.Mod.Path]; used {
			kept = append(kept, &modfile.Require{Mod: r.Mod, Indirect: is})
		}
	}
	if want := len(versions(packages)); len(kept) != want {
		return nil, fmt.Errorf("go.mod names %d of the %d modules that are needed: run go mod tidy", len(kept), want)
	}
	file.SetRequireSeparateIndirect(kept)
	file.Cleanup()
	return file.Format()
}

// reduceGoSum keeps the lines of the modules that there are: "path version h1:…"
// and "path version/go.mod h1:…".
func reduceGoSum(text []byte, versions map[string]string) []byte {
	var kept bytes.Buffer
	for line := range strings.Lines(string(text)) {
		fields := strings.Fields(line)
		if len(fields) == 3 && versions[fields[0]] != "" && strings.TrimSuffix(fields[1], "/go.mod") == versions[fields[0]] {
			kept.WriteString(line)
		}
	}
	return kept.Bytes()
}

// reduceModulesTxt keeps of vendor/modules.txt what names these packages and
// their modules: "# path version", then "## …", then packages, a line each.
func reduceModulesTxt(text []byte, packages []pkg) []byte {
	modules, names := versions(packages), map[string]bool{}
	for _, p := range packages {
		names[p.ImportPath] = true
	}
	var kept bytes.Buffer
	used := false
	for line := range strings.Lines(string(text)) {
		fields := strings.Fields(line)
		switch {
		case len(fields) == 0:
			continue
		case fields[0] == "#":
			used = len(fields) == 3 && modules[fields[1]] == fields[2]
		}
		if used && (strings.HasPrefix(line, "#") || names[fields[0]]) {
			kept.WriteString(line)
		}
	}
	return kept.Bytes()
}

// imported are the packages that the module's own packages import.
func imported(packages []pkg) map[string]bool {
	direct := map[string]bool{}
	for _, p := range slices.DeleteFunc(slices.Clone(packages), func(p pkg) bool { return !p.Module.Main }) {
		for _, path := range p.Imports {
			direct[path] = true
		}
	}
	return direct
}
