package exportcopy

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
	"github.com/strongroom-dev/strongroom/shared/manifest"
	"github.com/strongroom-dev/strongroom/shared/noteverify"
)

// trust reads the verifier keys. The first pull stores them in the copy.
func (p *pull) trust(ctx context.Context) error {
	saved, err := p.disk.read(manifest.KeysFile, noteverify.MaxFile)
	if err != nil {
		return err
	}
	text := p.Trusted
	if text == nil {
		text = saved
	}
	if text == nil {
		if text, err = p.FetchKeys(ctx); err != nil {
			return err
		}
	}
	if p.keys, err = manifest.ParseKeys(string(text)); err != nil || saved != nil {
		return err
	}
	return p.disk.replace(manifest.KeysFile, text)
}

// openManifest authenticates the copy's manifest, which it fetches first if the copy
// has none.
func (p *pull) openManifest(ctx context.Context) error {
	has, err := p.hasManifest()
	if err != nil {
		return err
	}
	if !has {
		if err := p.fetchManifest(ctx); err != nil {
			return err
		}
	}
	report, err := manifest.Open(p.disk.root.FS(), p.keys)
	if err != nil {
		return err
	}
	for _, problem := range report.Problems {
		return fmt.Errorf("the manifest cannot be trusted: %s", problem)
	}
	if report.Manifest.Export != p.Export {
		return fmt.Errorf("%w: it has %s", ErrOtherExport, report.Manifest.Export)
	}
	p.done.Manifest = report.Manifest
	return nil
}

// hasManifest reports whether the copy has a manifest and its signature.
func (p *pull) hasManifest() (bool, error) {
	root, err := p.disk.root.Open(".")
	if err != nil {
		return false, err
	}
	defer root.Close()
	names, err := root.Readdirnames(-1)
	found := 0
	for _, name := range names {
		if manifest.IsManifest(name) {
			found++
		}
	}
	return found >= 2, err
}

// fetchManifest fetches the manifest and its signature. What they must be is known
// only when they are there.
func (p *pull) fetchManifest(ctx context.Context) error {
	for found := 0; ; {
		page, err := p.pages.current(ctx)
		if err != nil {
			return err
		}
		for i, f := range page.files {
			if !manifest.IsManifest(f.Name) {
				continue
			}
			if found++; f.Size > manifest.MaxSize {
				return fmt.Errorf("%s has %d bytes, more than a manifest may have", f.Name, f.Size)
			}
			if err := p.fetchUnsigned(ctx, f, signedURL{page: page, index: i, name: f.Name}); err != nil {
				return err
			}
		}
		if found == 2 {
			return nil
		}
		if p.pages.advance(); p.pages.token == "" {
			return fmt.Errorf("%w: there is no manifest", ErrNotListed)
		}
	}
}

// fetchUnsigned fetches a file that is checked with what the platform says of it.
func (p *pull) fetchUnsigned(ctx context.Context, f api.ExportFile, url signedURL) error {
	b := newBatch(p)
	if err := b.add(manifest.File{Name: f.Name, Size: f.Size, CRC32C: f.CRC32C, SHA256: f.SHA256}); err != nil {
		return err
	}
	for _, e := range b.wanted {
		p.Expect(f.Size)
		return p.fetch(ctx, e, url)
	}
	return nil
}

// signed are the files that the manifest names itself: schemas and lists.
func (p *pull) signed(yield func(manifest.File, error) bool) {
	for _, files := range [][]manifest.File{p.done.Manifest.Lists, p.done.Manifest.Files} {
		for _, f := range files {
			if !yield(f, nil) {
				return
			}
		}
	}
}

// errStop ends the reading of a list.
var errStop = errors.New("stop")

// listed are the files that the lists name.
func (p *pull) listed(yield func(manifest.File, error) bool) {
	for _, l := range p.done.Manifest.Lists {
		err := p.readList(l.Name, func(f manifest.File) error {
			if !yield(f, nil) {
				return errStop
			}
			return nil
		})
		if errors.Is(err, errStop) || err != nil && !yield(manifest.File{}, fmt.Errorf("%s: %w", l.Name, err)) {
			return
		}
	}
}

func (p *pull) readList(name string, each func(manifest.File) error) error {
	file, err := p.disk.root.Open(name)
	if err != nil {
		return err
	}
	defer file.Close()
	unzipped, err := gzip.NewReader(file)
	if err != nil {
		return err
	}
	return manifest.ReadList(unzipped, each)
}

// files is a sequence of files of an export.
type files = iter.Seq2[manifest.File, error]
