package main

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"time"
)

// epoch is the time of every file in an archive: the first that zip knows.
var epoch = time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)

// zipped is an archive with what it measures.
type zipped struct {
	content         []byte
	unpacked, files int
}

// archive zips all files below dir, sorted by name, with one time and one mode,
// whatever they have on disk. Directories are implied.
func archive(dir string) (zipped, error) {
	tree := os.DirFS(dir)
	names, err := filesOf(tree)
	if err != nil {
		return zipped{}, fmt.Errorf("zip: %w", err)
	}
	z := zipped{files: len(names)}
	var content bytes.Buffer
	out := zip.NewWriter(&content)
	for _, name := range names {
		text, err := fs.ReadFile(tree, name)
		if err == nil {
			z.unpacked += len(text)
			err = add(out, name, text)
		}
		if err != nil {
			return zipped{}, fmt.Errorf("zip %s: %w", name, err)
		}
	}
	if err := out.Close(); err != nil {
		return zipped{}, fmt.Errorf("zip: %w", err)
	}
	z.content = content.Bytes()
	return z, nil
}

// filesOf are the names of all files of tree, sorted.
func filesOf(tree fs.FS) ([]string, error) {
	var names []string
	err := fs.WalkDir(tree, ".", func(name string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			names = append(names, name)
		}
		return err
	})
	slices.Sort(names)
	return names, err
}

func add(out *zip.Writer, name string, text []byte) error {
	header := &zip.FileHeader{Name: name, Method: zip.Deflate, Modified: epoch}
	header.SetMode(0o644)
	w, err := out.CreateHeader(header)
	if err != nil {
		return err
	}
	_, err = w.Write(text)
	return err
}
