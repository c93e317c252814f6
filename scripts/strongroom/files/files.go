// Package files finds the files to upload and chooses the output name of each.
package files

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
	"github.com/strongroom-dev/strongroom/shared/outputname"
)

// Rejected is a file that is not an output.
type Rejected struct {
	File   string `json:"file" doc:"path on the runner"`
	Reason string `json:"reason" doc:"why it was left out"`
	Lost   bool   `json:"lost,omitempty" doc:"true if it has content of its own, so the run is incomplete without it"`
}

// String returns the path and the reason.
func (r Rejected) String() string { return r.File + ": " + r.Reason }

// File is a file that will become an output.
type File struct {
	Name        string // of the output: see package outputname
	ContentType string
	Path        string // absolute, without links
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
	return cmp.Or(contentTypes[strings.ToLower(filepath.Ext(name))], "application/octet-stream")
}

// Set collects files under unique names. The zero Set is empty and selects every file.
type Set struct {
	Rules Rules
	Keep  []string // names at the top of a directory that the rules never exclude

	Files    []File
	Rejected []Rejected // files that are not outputs, although the rules select them
	Excluded int        // number of files and directories that the rules exclude
	TooMany  bool       // some files are rejected because a run has at most api.MaxOutputs outputs

	names map[string]string // name of an output to what uses it
}

// Reserve reserves the name of an output that is not a file.
func (s *Set) Reserve(name string) { s.use(name, "the task's own output") }

// AddDir adds every file below dir, hidden ones too. An output has the name of the
// file's path in dir. A link to a file below dir is that file. All other links, and
// pipes, sockets and devices, are rejected. A directory that does not exist has no
// files.
func (s *Set) AddDir(dir string) error {
	root, err := rootOf(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("find files: %w", err)
	}
	err = filepath.WalkDir(root, func(file string, entry fs.DirEntry, err error) error {
		relative, relErr := filepath.Rel(root, file)
		if relErr != nil {
			return relErr
		}
		return s.visit(candidate{name: filepath.ToSlash(relative), path: file, root: root}, entry, err)
	})
	if err != nil {
		return fmt.Errorf("find files: %w", err)
	}
	return nil
}

// rootOf returns the absolute path of a directory, which is not a link itself.
func rootOf(dir string) (string, error) {
	root, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	if info, err := os.Lstat(root); err == nil && info.Mode()&fs.ModeSymlink == 0 {
		return root, nil
	}
	return filepath.EvalSymlinks(root)
}

// candidate is a path that may become an output.
type candidate struct {
	name string // of the file, as a path with slashes
	path string // absolute
	root string // directory that is added; empty: the path was given itself
}

func (s *Set) visit(c candidate, entry fs.DirEntry, err error) error {
	excluded := c.name != "." && s.excludes(c.name, entry.IsDir())
	switch {
	case excluded && entry.IsDir():
		s.Excluded++
		return fs.SkipDir
	case excluded:
		s.Excluded++
	case err != nil:
		s.reject(c.path, reason(err), true)
	case !entry.IsDir():
		s.add(c, entry.Type())
	}
	return nil
}

// excludes reports whether the rules exclude a path of the directory that is added.
func (s *Set) excludes(name string, isDir bool) bool {
	if isDir {
		return s.Rules.excludesDir(name)
	}
	return !slices.Contains(s.Keep, name) && !s.Rules.selects(name)
}

// AddFile adds one file under its own name. It follows a link. A file that does not
// exist is rejected.
func (s *Set) AddFile(file string) {
	name := filepath.Base(file)
	if s.excludes(name, false) {
		s.Excluded++
		return
	}
	target, err := filepath.EvalSymlinks(file)
	if err == nil {
		target, err = filepath.Abs(target)
	}
	if err != nil {
		s.reject(file, reason(err), true)
		return
	}
	info, err := os.Lstat(target)
	if err != nil {
		s.reject(file, reason(err), true)
		return
	}
	s.add(candidate{name: name, path: target}, info.Mode().Type())
}

// reason returns an error without the path that it repeats.
func reason(err error) string {
	var withPath *fs.PathError
	if errors.As(err, &withPath) {
		return withPath.Err.Error()
	}
	return err.Error()
}

func (s *Set) reject(file, why string, lost bool) {
	s.Rejected = append(s.Rejected, Rejected{File: file, Reason: why, Lost: lost})
}

func (s *Set) add(c candidate, mode fs.FileMode) {
	if mode&fs.ModeSymlink != 0 {
		target, err := c.follow()
		if err != nil {
			s.reject(c.path, err.Error(), false)
			return
		}
		c.path, mode = target, 0
	}
	if kind := kindOf(mode); kind != "" {
		s.reject(c.path, kind+": only files can be outputs", false)
		return
	}
	name, err := s.nameFor(c)
	switch {
	case err != nil:
		s.reject(c.path, err.Error(), true)
	case name != "":
		s.use(name, c.path)
		s.Files = append(s.Files, File{Name: name, ContentType: ContentType(c.name), Path: c.path})
	}
}

// follow returns the file that a link leads to.
func (c candidate) follow() (string, error) {
	target, err := filepath.EvalSymlinks(c.path)
	if err != nil {
		return "", errors.New("a link that leads nowhere")
	}
	root, err := filepath.EvalSymlinks(c.root)
	if err != nil {
		return "", errors.New(reason(err))
	}
	inside, err := filepath.Rel(root, target)
	if err != nil || !filepath.IsLocal(inside) {
		return "", errors.New("a link that leads out of the directory; it is not followed")
	}
	if info, err := os.Lstat(target); err != nil || !info.Mode().IsRegular() {
		return "", errors.New("a link to something that is not a file; it is not followed")
	}
	return filepath.Join(c.root, inside), nil
}

// kindOf returns what a path is, or "" if it is a file.
func kindOf(mode fs.FileMode) string {
	switch {
	case mode.IsRegular():
		return ""
	case mode&fs.ModeNamedPipe != 0:
		return "a named pipe"
	case mode&fs.ModeSocket != 0:
		return "a socket"
	case mode&fs.ModeDevice != 0:
		return "a device"
	}
	return "not a file"
}

// nameFor returns the output's name. It is "" if the file is in the set already. If
// another file has the name, the name begins with the file's directory.
func (s *Set) nameFor(c candidate) (string, error) {
	name, err := outputname.Encode(c.name)
	if err != nil {
		return "", err
	}
	other, used := s.names[name]
	if used && other == c.path {
		return "", nil
	}
	if used {
		directory := filepath.Base(cmp.Or(c.root, filepath.Dir(c.path)))
		if name, err = outputname.Encode(path.Join(directory, c.name)); err != nil || s.names[name] != "" {
			return "", fmt.Errorf("the output name %s is already used by %s", c.name, other)
		}
	}
	if len(s.names) >= api.MaxOutputs {
		s.TooMany = true
		return "", fmt.Errorf("a run has at most %d outputs", api.MaxOutputs)
	}
	return name, nil
}

func (s *Set) use(name, by string) {
	if s.names == nil {
		s.names = map[string]string{}
	}
	s.names[name] = by
}
