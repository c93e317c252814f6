// Package files finds the files to upload and chooses the output name of each.
package files

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"strings"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
	"github.com/strongroom-dev/strongroom/shared/grant"
)

// Rejected is a file that cannot be an output.
type Rejected struct {
	File   string `json:"file"` // path
	Reason string `json:"reason"`
}

// String returns the path and the reason.
func (r Rejected) String() string { return r.File + ": " + r.Reason }

// separator replaces the slash of a path in an output's name.
const separator = "__"

// File is a file that will become an output.
type File struct {
	Name        string // of the output
	ContentType string
	Path        string // absolute
}

var contentTypes = map[string]string{
	".log":   "text/plain; charset=utf-8",
	".txt":   "text/plain; charset=utf-8",
	".jsonl": "application/jsonl",
	".json":  "application/json",
	".html":  "text/html; charset=utf-8",
	".xml":   "application/xml",
	".png":   "image/png",
	".gz":    "application/gzip",
}

// ContentType returns the content type for the name's extension.
func ContentType(name string) string {
	if t := contentTypes[strings.ToLower(filepath.Ext(name))]; t != "" {
		return t
	}
	return "application/octet-stream"
}

// Set collects files under unique names. The zero Set is empty.
type Set struct {
	Files    []File
	Rejected []Rejected        // files that cannot be outputs
	TooMany  bool              // some of these have valid names, but a run has at most api.MaxOutputs outputs
	names    map[string]string // name to what uses it
}

// Reserve reserves a name for an output that is not a file.
func (s *Set) Reserve(name string) { s.use(name, "the task's own output") }

// AddDir adds every file below dir. In a name, __ replaces each slash of the
// path. A directory that does not exist has no files.
func (s *Set) AddDir(dir string) error {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return err
	}
	err = filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil && path == dir && os.IsNotExist(err):
			return nil
		case err != nil:
			s.Rejected = append(s.Rejected, Rejected{path, reason(err)})
			return nil
		case entry.IsDir():
			return nil
		}
		relative, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		s.add(strings.ReplaceAll(filepath.ToSlash(relative), "/", separator), path, entry.Type())
		return nil
	})
	if err != nil {
		return fmt.Errorf("find files: %w", err)
	}
	return nil
}

// AddFile adds one file under its own name. It follows a symbolic link.
func (s *Set) AddFile(path string) error {
	target, err := filepath.EvalSymlinks(path)
	if err != nil {
		return err
	}
	if target, err = filepath.Abs(target); err != nil {
		return err
	}
	info, err := os.Lstat(target)
	if err != nil {
		return err
	}
	s.add(filepath.Base(path), target, info.Mode().Type())
	return nil
}

// reason returns an error without the path that it repeats.
func reason(err error) string {
	var withPath *fs.PathError
	if errors.As(err, &withPath) {
		return withPath.Err.Error()
	}
	return err.Error()
}

func (s *Set) add(name, path string, mode fs.FileMode) {
	if err := s.check(name, path, mode); err != nil {
		s.Rejected = append(s.Rejected, Rejected{path, err.Error()})
		return
	}
	s.use(name, path)
	s.Files = append(s.Files, File{Name: name, ContentType: ContentType(name), Path: path})
}

func (s *Set) check(name, path string, mode fs.FileMode) error {
	if !mode.IsRegular() {
		return errors.New("only regular files can be outputs; symbolic links are not followed")
	}
	if err := grant.CheckOutput(name); err != nil {
		return fmt.Errorf("%q is not a valid output name: %w", name, err)
	}
	if len(s.names) >= api.MaxOutputs {
		s.TooMany = true
		return fmt.Errorf("a run has at most %d outputs", api.MaxOutputs)
	}
	if other, used := s.names[name]; used {
		return fmt.Errorf("the output name %s is already used by %s", name, other)
	}
	return nil
}

func (s *Set) use(name, by string) {
	if s.names == nil {
		s.names = map[string]string{}
	}
	s.names[name] = by
}
