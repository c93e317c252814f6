package exportcopy

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/spool"
	"github.com/strongroom-dev/strongroom/shared/manifest"
)

// disk is the directory of a copy. Nothing outside of it can be reached, also not
// through a link in it.
type disk struct{ root *os.Root }

// place returns where the bytes of a file of an export are in the copy.
func place(f manifest.File) (name string, offset int64, err error) {
	name = f.Name
	if f.Part != nil {
		name, offset = f.Part.Path, f.Part.Offset
	}
	if f.Bundle != nil {
		name = f.Bundle.Path
	}
	if !safePath(name) || f.Size < 0 || offset < 0 || offset+f.Size < offset {
		return "", 0, fmt.Errorf("the manifest names %q, which cannot be a file of an export", name)
	}
	return name, offset, nil
}

// safePath reports whether every file system can store a file under a relative path,
// and no partial file has that path.
func safePath(name string) bool {
	for element := range strings.SplitSeq(name, "/") {
		if element == "" || element[0] == '.' || element[0] == '-' || len(element) > 240 || strings.ContainsFunc(element, isUnsafe) {
			return false
		}
	}
	return true
}

func isUnsafe(r rune) bool {
	return r != '.' && r != '_' && r != '-' && r != '@' && r != '~' && (r < '0' || r > '9') && (r|0x20 < 'a' || r|0x20 > 'z')
}

// size returns the size of a regular file, or -1 if none exists.
func (d disk) size(name string) (int64, error) {
	info, err := d.root.Lstat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return -1, nil
	case err != nil:
		return -1, err
	case !info.Mode().IsRegular():
		return -1, fmt.Errorf("%s: %w", name, ErrInTheWay)
	}
	return info.Size(), nil
}

// openPartial opens the partial file of a file for reading and writing, and creates it
// with its directories if it does not exist.
func (d disk) openPartial(name string) (*os.File, error) {
	if err := d.createDirs(path.Dir(name)); err != nil {
		return nil, err
	}
	if _, err := d.size(manifest.Partial(name)); err != nil { // a link, for example
		return nil, err
	}
	return d.root.OpenFile(manifest.Partial(name), os.O_RDWR|os.O_CREATE, 0o600)
}

// reopen makes a file that has another size the partial file again.
func (d disk) reopen(name string) error {
	size, err := d.size(name)
	if err != nil || size < 0 {
		return err
	}
	return d.root.Rename(name, manifest.Partial(name))
}

// createDirs creates a directory so that it survives a crash.
func (d disk) createDirs(dir string) error {
	if dir == "." {
		return nil
	}
	if info, err := d.root.Lstat(dir); err == nil && info.IsDir() {
		return nil
	}
	if err := d.createDirs(path.Dir(dir)); err != nil {
		return err
	}
	if err := d.root.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return d.sync(path.Dir(dir))
}

// sync waits until a file, or the names in a directory, are on the disk.
func (d disk) sync(name string) error {
	f, err := d.root.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	return f.Sync()
}

// complete renames a partial file. The bytes and the name are then on the disk.
func (d disk) complete(name string, size int64) error {
	f, err := d.openPartial(name)
	if err != nil {
		return err
	}
	if err := errors.Join(f.Truncate(size), f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := d.root.Rename(manifest.Partial(name), name); err != nil {
		return err
	}
	return d.sync(path.Dir(name))
}

// replace writes a small file.
func (d disk) replace(name string, data []byte) error {
	f, err := d.openPartial(name)
	if err != nil {
		return err
	}
	_, err = f.WriteAt(data, 0)
	if err := errors.Join(err, f.Close()); err != nil {
		return err
	}
	return d.complete(name, int64(len(data)))
}

// read reads a small file. It returns nil if none exists.
func (d disk) read(name string, limit int64) ([]byte, error) {
	f, err := d.root.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err == nil && int64(len(data)) > limit {
		err = fmt.Errorf("%s has more than %d bytes", name, limit)
	}
	return data, err
}

// explainFullDisk says what to do if a disk is full.
func explainFullDisk(err error) error {
	if spool.IsFull(err) {
		return fmt.Errorf("%w: free space and run the command again; what was fetched is kept", err)
	}
	return err
}
