package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/strongroom-dev/strongroom/infra"
)

const manifestName = "manifest.json"

// Manifest describes what was packed. Terraform reads it.
type Manifest struct {
	Version   string `json:"version,omitempty"` // of the release
	Module    string `json:"module"`            // path of the module that the functions are from
	GoVersion string `json:"goVersion"`         // that chose the files: go1.26.8
	Runtime   string `json:"runtime"`           // runtime id with that release: go126

	// BuildEnvironment is what build_config.environment_variables must hold:
	// the archives have only the files that such a build asks for.
	BuildEnvironment map[string]string  `json:"buildEnvironment"`
	Functions        map[string]Archive `json:"functions"` // by name
}

// Archive is one packed function.
type Archive struct {
	EntryPoint    string            `json:"entryPoint"` // FUNCTION_TARGET
	Zip           string            `json:"zip"`        // file next to the manifest: NAME-SHA256.zip
	SHA256        string            `json:"sha256"`     // of the zip, 64 digits
	Bytes         int               `json:"bytes"`      // of the zip
	UnpackedBytes int               `json:"unpackedBytes"`
	Files         int               `json:"files"`
	Modules       map[string]string `json:"modules"` // version by path, of each module whose code is in the archive
}

// packAll packs the chosen functions, several at once, and then writes the
// manifest. It replaces files whole, so it is safe to run twice at the same time.
func (p *packer) packAll(ctx context.Context, s settings, log io.Writer) (Manifest, error) {
	m := p.manifest()
	m.Version = s.version
	names, err := choose(p.suite, s.only)
	if err != nil {
		return m, err
	}
	if err := os.MkdirAll(s.out, 0o755); err != nil {
		return m, fmt.Errorf("make the output directory: %w", err)
	}
	var mu sync.Mutex
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(2) // the go command runs in parallel by itself
	for _, name := range names {
		group.Go(func() error {
			a, content, err := p.pack(ctx, name)
			if err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			mu.Lock()
			defer mu.Unlock()
			m.Functions[name] = a
			fmt.Fprintf(log, "package: %-16s %5d files, %d modules, %.1f MB: %s\n", name, a.Files, len(a.Modules), float64(a.Bytes)/1e6, a.Zip)
			return write(s.out, a.Zip, content)
		})
	}
	if err := group.Wait(); err != nil {
		return m, err
	}
	text, err := indented(m)
	if err != nil {
		return m, err
	}
	return m, write(s.out, manifestName, text)
}

// choose returns the named functions in order, or all if no names are given.
func choose(suite infra.Suite, only []string) ([]string, error) {
	all := slices.Sorted(maps.Keys(suite.Functions))
	for _, name := range only {
		if !slices.Contains(all, name) {
			return nil, fmt.Errorf("there is no function %q; the functions of infra/suite.json are: %s", name, strings.Join(all, ", "))
		}
	}
	if len(only) == 0 {
		return all, nil
	}
	return slices.DeleteFunc(all, func(name string) bool { return !slices.Contains(only, name) }), nil
}

// write replaces a file of dir at once: readers see the old one or the new one.
func write(dir, name string, content []byte) error {
	file, err := os.CreateTemp(dir, "."+name+"-*")
	if err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	defer os.Remove(file.Name()) // if it was not renamed
	_, err = file.Write(content)
	if closed := file.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = os.Chmod(file.Name(), 0o644)
	}
	if err == nil {
		err = os.Rename(file.Name(), filepath.Join(dir, name))
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	return nil
}
