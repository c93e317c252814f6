package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
)

// artifact is a file of a release.
type artifact struct {
	name    string
	digest  string            // SHA-256, in hexadecimal
	modules map[string]string // version by path, of each module whose code is in it
}

// source is what a release is built from.
type source struct {
	commit   string // the hash; empty: the tree is not a clone
	time     time.Time
	modified bool // the tree differs from the commit
}

// packRelease builds the functions and the programs, and then writes the files that
// describe them all: SHA256SUMS, sbom.spdx.json, provenance.json, and NOTES.md for a
// version in the changelog.
func packRelease(ctx context.Context, s settings, log io.Writer) error {
	p, err := newPacker(ctx)
	if err != nil {
		return err
	}
	notes, err := p.notes(s.version)
	if err != nil {
		return err
	}
	m, err := p.packAll(ctx, s, log)
	if err != nil {
		return err
	}
	if len(s.programs) == 0 {
		return nil
	}
	all, version, err := p.packPrograms(ctx, s, log)
	if err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(m.Functions)) {
		a := m.Functions[name]
		all = append(all, artifact{name: a.Zip, digest: a.SHA256, modules: a.Modules})
	}
	files, err := p.describe(ctx, s, cmp.Or(s.version, version), all)
	if err != nil {
		return err
	}
	if len(notes) > 0 {
		files["NOTES.md"] = notes
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if err := write(s.out, name, files[name]); err != nil {
			return err
		}
		fmt.Fprintf(log, "package: %s\n", name)
	}
	return nil
}

// packPrograms builds the chosen programs, two at a time.
func (p *packer) packPrograms(ctx context.Context, s settings, log io.Writer) (all []artifact, version string, err error) {
	var mu sync.Mutex
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(2) // the go command runs in parallel by itself
	for _, b := range s.programs {
		group.Go(func() error {
			built, content, err := p.packProgram(ctx, b)
			if err != nil {
				return fmt.Errorf("%s: %w", b, err)
			}
			if s.version != "" && built.version != s.version {
				return fmt.Errorf("%s has the version %s, not %s: put the tag %s on the commit, and build from a clean clone", b, built.version, s.version, s.version)
			}
			mu.Lock()
			defer mu.Unlock()
			all, version = append(all, built.artifact), built.version
			fmt.Fprintf(log, "package: %-16s %d modules, %.1f MB: %s\n", b.program, len(built.modules), float64(len(content))/1e6, built.name)
			return write(s.out, built.name, content)
		})
	}
	err = group.Wait()
	return all, version, err
}

// describe returns the files that describe artifacts, by name.
func (p *packer) describe(ctx context.Context, s settings, version string, all []artifact) (map[string][]byte, error) {
	slices.SortFunc(all, func(a, b artifact) int { return strings.Compare(a.name, b.name) })
	from := p.source(ctx)
	files := map[string][]byte{}
	var err error
	if files[sbomName], err = indented(newSBOM(p, version, from, all)); err != nil {
		return nil, err
	}
	manifest, err := os.ReadFile(filepath.Join(s.out, manifestName))
	if err != nil {
		return nil, fmt.Errorf("read the manifest: %w", err)
	}
	all = append(all, artifact{name: manifestName, digest: digest(manifest)}, artifact{name: sbomName, digest: digest(files[sbomName])})
	if files["provenance.json"], err = indented(newProvenance(p, s, version, from, all, os.Getenv)); err != nil {
		return nil, err
	}
	all = append(all, artifact{name: "provenance.json", digest: digest(files["provenance.json"])})
	files["SHA256SUMS"] = checksums(all)
	return files, nil
}

// checksums is the list that sha256sum --check reads.
func checksums(all []artifact) []byte {
	var text bytes.Buffer
	for _, a := range all {
		fmt.Fprintf(&text, "%s  %s\n", a.digest, a.name)
	}
	return text.Bytes()
}

// source reads the commit of the tree. A tree that is not a clone has none.
func (p *packer) source(ctx context.Context) source {
	text, err := runGit(ctx, p.dir, "log", "-1", "--format=%H %cI")
	if err != nil {
		return source{time: epoch}
	}
	commit, at, _ := strings.Cut(strings.TrimSpace(text), " ")
	changes, err := runGit(ctx, p.dir, "status", "--porcelain")
	from := source{commit: commit, time: epoch, modified: err != nil || changes != ""}
	if t, err := time.Parse(time.RFC3339, at); err == nil {
		from.time = t.UTC()
	}
	return from
}

func indented(document any) ([]byte, error) {
	text, err := json.MarshalIndent(document, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("encode a description of the release: %w", err)
	}
	return append(text, '\n'), nil
}
