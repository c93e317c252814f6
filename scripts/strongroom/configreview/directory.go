package configreview

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"

	"github.com/go-git/go-git/v6/plumbing/format/gitignore"

	"github.com/strongroom-dev/strongroom/shared/configtree"
)

// ignoreFiles are the names of the files with patterns. Later files take precedence.
var ignoreFiles = []string{gitignore.IgnoreFile, ".strongroomignore"}

// directory is what a directory has.
type directory struct {
	files   []configtree.File
	ignored int                // files and directories that a pattern excludes
	faults  []configtree.Fault // of what is no regular file
}

// readDirectory reads the files of a directory that no pattern excludes. It follows no
// links. It stops after one file more than a configuration may have.
func readDirectory(dir string) (d directory, err error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return directory{}, fmt.Errorf("open the configuration: %w", err)
	}
	defer root.Close()
	w := walker{root: root.FS()}
	err = fs.WalkDir(w.root, ".", w.visit)
	if errors.Is(err, errTooMany) {
		err = nil
	}
	if err != nil {
		return directory{}, fmt.Errorf("read the configuration: %w", err)
	}
	return w.directory, nil
}

// walker collects the files of a directory.
type walker struct {
	directory
	root     fs.FS
	patterns []gitignore.Pattern // of the directories so far; each applies below its own directory
	bytes    int
}

// errTooMany ends a walk whose tree is refused anyway.
var errTooMany = errors.New("too many files")

func (w *walker) visit(name string, entry fs.DirEntry, err error) error {
	if err != nil {
		return err
	}
	if name == ".git" { // git's own directory, or the file of a worktree
		if entry.IsDir() {
			return fs.SkipDir
		}
		return nil
	}
	if name != "." && gitignore.NewMatcher(w.patterns).Match(strings.Split(name, "/"), entry.IsDir()) {
		w.ignored++
		if entry.IsDir() {
			return fs.SkipDir
		}
		return nil
	}
	switch {
	case entry.IsDir():
		return w.readPatterns(name)
	case !entry.Type().IsRegular():
		w.faults = append(w.faults, configtree.Fault{Path: name, Message: "only regular files are allowed: no links, pipes and devices; remove it or list it in .strongroomignore"})
		return nil
	}
	return w.add(name)
}

func (w *walker) add(name string) error {
	data, err := readFile(w.root, name)
	if err != nil {
		return err
	}
	w.files = append(w.files, configtree.File{Path: name, Data: data})
	if w.bytes += len(data); len(w.files) > configtree.MaxFiles || w.bytes > configtree.MaxBytes {
		return errTooMany
	}
	return nil
}

// readFile reads at most one byte more than a file may have.
func readFile(root fs.FS, name string) ([]byte, error) {
	f, err := root.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, configtree.MaxFileBytes+1))
}

// readPatterns adds the patterns of a directory.
func (w *walker) readPatterns(dir string) error {
	var domain []string
	if dir != "." {
		domain = strings.Split(dir, "/")
	}
	for _, name := range ignoreFiles {
		data, err := readFile(w.root, path.Join(dir, name))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		for line := range strings.Lines(string(data)) {
			line = strings.TrimRight(line, "\r\n")
			if strings.TrimSpace(line) != "" && !strings.HasPrefix(line, "#") {
				w.patterns = append(w.patterns, gitignore.ParsePattern(line, domain))
			}
		}
	}
	return nil
}
