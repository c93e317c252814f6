package catalog

import (
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path"
	"strings"
)

// Walk reads the .robot files below dir, ordered by name. It yields the suite or the
// error of each file, and continues after an error. Like Robot Framework, it skips names
// that start with a dot or an underscore. It does not follow links. The source of a task
// is the path within dir, with slashes.
func Walk(dir string) iter.Seq2[Suite, error] {
	return func(yield func(Suite, error) bool) {
		root, err := os.OpenRoot(dir)
		if err != nil {
			yield(Suite{}, fmt.Errorf("read catalog: %w", err))
			return
		}
		defer root.Close()
		_ = fs.WalkDir(root.FS(), ".", func(name string, entry fs.DirEntry, err error) error {
			return visit(root, name, entry, err, yield)
		})
	}
}

func visit(root *os.Root, name string, entry fs.DirEntry, err error, yield func(Suite, error) bool) error {
	hidden := name != "." && strings.ContainsAny(path.Base(name)[:1], "._")
	switch {
	case err != nil:
		if !yield(Suite{}, fmt.Errorf("read catalog: %w", err)) {
			return fs.SkipAll
		}
		return nil
	case hidden && entry.IsDir():
		return fs.SkipDir
	case hidden || !entry.Type().IsRegular() || !strings.EqualFold(path.Ext(name), ".robot"):
		return nil
	}
	if !yield(read(root, name)) {
		return fs.SkipAll
	}
	return nil
}

// read reads one file, and no more of it than the limit.
func read(root *os.Root, name string) (Suite, error) {
	file, err := root.Open(name)
	if err != nil {
		return Suite{}, fmt.Errorf("read catalog: %w", err)
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, MaxFileBytes+1))
	if err != nil {
		return Suite{}, fmt.Errorf("read catalog: %w", err)
	}
	return Parse(data, name)
}
