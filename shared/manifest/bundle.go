package manifest

import (
	"errors"
	"fmt"
	"io"
	"io/fs"

	"github.com/strongroom-dev/strongroom/shared/lazyregexp"
)

// Bundle is the configuration of a workspace. The file is a git bundle of refs/heads/main.
type Bundle struct {
	Workspace string `json:"workspace"`
	Commit    string `json:"commit"` // of main: 40 hexadecimal digits
	Digest    string `json:"digest"` // of the files of main, as shared/configtree defines it: 64 hexadecimal digits

	// Path is where pull stores the file, relative to the manifest.
	Path string `json:"path"`
}

var (
	bundleCommit    = lazyregexp.New(`^[0-9a-f]{40}$`)
	bundleDigest    = lazyregexp.New(`^[0-9a-f]{64}$`)
	bundleWorkspace = lazyregexp.New(`^[a-z0-9-]+$`)
)

// validate returns an error unless a reader can safely use the path of b.
func (b Bundle) validate() error {
	switch {
	case !bundleWorkspace.MatchString(b.Workspace) || b.Path != Configs+b.Workspace+".bundle":
		return fmt.Errorf("the path %q is not that of a configuration", b.Path)
	case !bundleCommit.MatchString(b.Commit) || !bundleDigest.MatchString(b.Digest):
		return fmt.Errorf("the commit or the digest of %q is not valid", b.Path)
	}
	return nil
}

// WithBundles makes Verify also call check with each bundle whose bytes are those that the
// export names. An error of check says what is wrong with the bundle.
func WithBundles(check func(bundle io.Reader, of Bundle) error) Option {
	return func(v *verifier) { v.checkBundle = check }
}

// bundle verifies the bundle of a configuration: under its path, or, if it is only there,
// under its own name.
func (v *verifier) bundle(f File) {
	if v.bundles[f.Bundle.Path] {
		v.problem(f.Bundle.Path, "the export names it twice")
		return
	}
	v.bundles[f.Bundle.Path] = true
	own := f.Name
	f.Name = f.Bundle.Path
	if _, err := fs.Stat(v.directory, f.Name); errors.Is(err, fs.ErrNotExist) {
		if _, err := fs.Stat(v.directory, own); err == nil {
			f.Name = own
		}
	}
	if !v.file(f) || v.checkBundle == nil {
		return
	}
	opened, err := v.directory.Open(f.Name)
	if err != nil {
		v.problem(f.Name, "it cannot be opened: %v", err)
		return
	}
	defer opened.Close()
	if err := v.checkBundle(opened, *f.Bundle); err != nil {
		v.problem(f.Name, "%v", err)
		return
	}
	v.report.Bundles++
}
