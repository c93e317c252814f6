// Package console bundles the front end of functions/console with esbuild. The same
// sources give the same bytes.
package console

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/evanw/esbuild/pkg/api"
)

// Package is a vendored package, as packages.json lists it.
type Package struct {
	Name      string            `json:"name"`
	Version   string            `json:"version"`
	License   string            `json:"license"`
	Integrity string            `json:"integrity"` // of the archive in the registry, SHA-512
	Why       string            `json:"why"`
	Files     map[string]string `json:"files"` // SHA-256 by path below packages
}

const (
	web    = "functions/console/web"
	static = "functions/console/static"
)

// Bundle returns the files of the console by their paths in the module at root.
func Bundle(root string) (map[string][]byte, error) {
	dir, err := filepath.Abs(filepath.Join(root, web))
	if err != nil {
		return nil, err
	}
	if err := checkPackages(dir); err != nil {
		return nil, err
	}
	preact := filepath.Join(dir, "packages", "preact")
	result := api.Build(api.BuildOptions{
		AbsWorkingDir: dir, EntryPoints: []string{"src/main.tsx", "src/app.css"}, Outdir: filepath.Join(root, static), EntryNames: "app",
		Splitting: true, ChunkNames: "[name]-[hash]", // the hash: a page from before a deployment never loads a part that belongs to another version
		Metafile: true,
		Bundle:   true, Format: api.FormatESModule, Target: api.ES2022, Charset: api.CharsetUTF8, LegalComments: api.LegalCommentsNone,
		MinifyWhitespace: true, MinifyIdentifiers: true, MinifySyntax: true,
		JSX: api.JSXAutomatic, JSXImportSource: "preact",
		Alias: map[string]string{
			"preact/hooks":       filepath.Join(preact, "hooks", "hooks.mjs"),
			"preact/jsx-runtime": filepath.Join(preact, "jsx-runtime", "jsxRuntime.mjs"),
			"preact":             filepath.Join(preact, "dist", "preact.mjs"),
			"uplot":              filepath.Join(dir, "packages", "uplot", "dist", "uPlot.esm.js"),
		},
		TsconfigRaw: `{"compilerOptions":{"verbatimModuleSyntax":true,"target":"ES2022"}}`,
	})
	if len(result.Errors) > 0 {
		return nil, errors.New(result.Errors[0].Text)
	}
	files := map[string][]byte{}
	for _, file := range result.OutputFiles {
		files[filepath.Join(static, filepath.Base(file.Path))] = file.Contents
	}
	page, err := pageWithPreloads(filepath.Join(dir, "src", "index.html"), result.Metafile)
	if err != nil {
		return nil, err
	}
	files[filepath.Join(static, "index.html")] = page
	return files, nil
}

// pageWithPreloads returns the page, which names the files that the script imports, so that a
// browser loads them at the same time.
func pageWithPreloads(file, metafile string) ([]byte, error) {
	page, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read the page: %w", err)
	}
	var meta struct {
		Outputs map[string]struct {
			Imports []struct{ Path, Kind string }
		}
	}
	if err := json.Unmarshal([]byte(metafile), &meta); err != nil {
		return nil, fmt.Errorf("read what the bundle imports: %w", err)
	}
	var preloads strings.Builder
	for name, output := range meta.Outputs {
		if path.Base(name) != "app.js" {
			continue
		}
		for _, i := range output.Imports {
			if i.Kind == "import-statement" {
				fmt.Fprintf(&preloads, "<link rel=\"modulepreload\" href=\"/console/assets/%s\">\n", path.Base(i.Path))
			}
		}
	}
	return bytes.Replace(page, []byte("<script "), []byte(preloads.String()+"<script "), 1), nil
}

// Write writes the files of Bundle to the module at root.
func Write(root string) error {
	files, err := Bundle(root)
	if err != nil {
		return err
	}
	stale, err := unknown(root, files)
	if err != nil {
		return err
	}
	for _, name := range stale {
		if err := os.Remove(filepath.Join(root, name)); err != nil {
			return fmt.Errorf("remove what the bundle no longer has: %w", err)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if err := os.WriteFile(filepath.Join(root, name), files[name], 0o600); err != nil {
			return fmt.Errorf("write the bundle: %w", err)
		}
	}
	return nil
}

// Differences returns a sentence for each file that differs from the module's.
func Differences(root string) ([]string, error) {
	files, err := Bundle(root)
	if err != nil {
		return nil, err
	}
	stale, err := unknown(root, files)
	if err != nil {
		return nil, err
	}
	var wrong []string
	for _, name := range stale {
		wrong = append(wrong, name+" is not in the bundle; run go run ./scripts/bundle")
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if committed, err := os.ReadFile(filepath.Join(root, name)); err != nil || string(committed) != string(files[name]) {
			wrong = append(wrong, name+" is not what its sources give; run go run ./scripts/bundle")
		}
	}
	return wrong, nil
}

// unknown returns the committed files that are not in the bundle.
func unknown(root string, files map[string][]byte) (names []string, err error) {
	entries, err := os.ReadDir(filepath.Join(root, static))
	if err != nil {
		return nil, fmt.Errorf("list the committed bundle: %w", err)
	}
	for _, entry := range entries {
		if name := filepath.Join(static, entry.Name()); files[name] == nil {
			names = append(names, name)
		}
	}
	return names, nil
}

// checkPackages compares the vendored files to their checksums.
func checkPackages(dir string) error {
	text, err := os.ReadFile(filepath.Join(dir, "packages.json"))
	if err != nil {
		return fmt.Errorf("read the list of packages: %w", err)
	}
	var packages []Package
	if err := json.Unmarshal(text, &packages); err != nil {
		return fmt.Errorf("read the list of packages: %w", err)
	}
	listed := map[string]bool{}
	for _, p := range packages {
		for name, want := range p.Files {
			content, err := os.ReadFile(filepath.Join(dir, "packages", name))
			if err != nil {
				return fmt.Errorf("read a vendored package: %w", err)
			}
			if sum := sha256.Sum256(content); hex.EncodeToString(sum[:]) != want {
				return fmt.Errorf("%s is not the file of %s %s", name, p.Name, p.Version)
			}
			listed[name] = true
		}
	}
	return checkListed(filepath.Join(dir, "packages"), listed)
}

// checkListed makes sure that no vendored file is without a checksum.
func checkListed(dir string, listed map[string]bool) error {
	return filepath.WalkDir(dir, func(file string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		name, err := filepath.Rel(dir, file)
		if err == nil && !listed[filepath.ToSlash(name)] {
			err = fmt.Errorf("%s is not in packages.json", name)
		}
		return err
	})
}
