// Package collect names files as outputs.
package collect

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
)

// separator stands in an output's name for a directory's slash.
const separator = "__"

// maxOutputs is the most that one report may name.
const maxOutputs = api.MaxOutputs

var validName = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9._-]{0,199}$`)

// File is a file that will be an output.
type File struct {
	Name        string // of the output
	ContentType string
	Path        string // absolute
}

// CheckName says what a name of an output must look like, if name does not.
func CheckName(name string) error {
	if validName.MatchString(name) {
		return nil
	}
	return fmt.Errorf("%q cannot be the name of an output: it takes 1 to 200 of A-Z a-z 0-9 . _ - and begins with a letter, a digit or _", name)
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

// ContentType goes by the name's extension.
func ContentType(name string) string {
	if t := contentTypes[strings.ToLower(filepath.Ext(name))]; t != "" {
		return t
	}
	return "application/octet-stream"
}

// Set gathers files under names that must differ. The zero Set is empty.
type Set struct {
	Files   []File
	Refused []error // one for each file that cannot be an output
	names   map[string]string
}

// Reserve keeps a name for an output that is no file.
func (s *Set) Reserve(name string) { s.take(name, "the task's own output") }

// AddDir adds every file below dir; a name has __ for each slash. A directory
// that does not exist has no files.
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
			s.Refused = append(s.Refused, err)
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
		return fmt.Errorf("look for files: %w", err)
	}
	return nil
}

// AddFile adds one file under its own name; a symbolic link is followed.
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

func (s *Set) add(name, path string, mode fs.FileMode) {
	if err := s.check(name, path, mode); err != nil {
		s.Refused = append(s.Refused, err)
		return
	}
	s.take(name, path)
	s.Files = append(s.Files, File{Name: name, ContentType: ContentType(name), Path: path})
}

func (s *Set) check(name, path string, mode fs.FileMode) error {
	if !mode.IsRegular() {
		return fmt.Errorf("%s: only regular files can be outputs, and symbolic links are not followed", path)
	}
	if err := CheckName(name); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if len(s.names) >= maxOutputs {
		return fmt.Errorf("%s: a run has at most %d outputs", path, maxOutputs)
	}
	if other, taken := s.names[name]; taken {
		return fmt.Errorf("%s: its name as an output, %s, is taken by %s", path, name, other)
	}
	return nil
}

func (s *Set) take(name, by string) {
	if s.names == nil {
		s.names = map[string]string{}
	}
	s.names[name] = by
}
